"""A vendor's papers, each by the address of its file. A better one is uploaded beside the one that was rejected."""

from typing import Any

from sqlalchemy import BigInteger, Select, bindparam, select

from app.domain.caller import Caller
from app.models import VendorDocument
from app.schemas.envelope import PageMeta
from app.schemas.pagination import Page
from app.schemas.vendors import Document, NewDocument
from app.services import audit, locks
from app.services.pages import newest_first
from app.services.vendors import profiles
from app.transaction import transaction

OF_VENDOR: Select[*tuple[Any, ...]] = select(
    *(VendorDocument.__table__.c[name] for name in Document.model_fields)
).where(VendorDocument.user_id == bindparam("user_id", type_=BigInteger))


def upload(form: NewDocument, caller: Caller) -> int:
    """Hand in a paper for review, and with it a business that was rejected. The document's id."""
    with transaction() as session:
        locks.user(session, user_id=caller.user_id)
        document = VendorDocument(user_id=caller.user_id, **form.model_dump())
        session.add(document)
        session.flush()
        new = form.model_dump()
        audit.record(session, entity_type="vendor_document", action="CREATE", entity_id=document.id, by=caller, new=new)
        profiles.ask_again(session, caller)
        return document.id


def mine(query: Page, caller: Caller) -> tuple[list[Document], PageMeta]:
    """A page of the caller's papers, newest first (one statement). Raises ValidationFailed for a strange cursor."""
    rows, meta = newest_first(OF_VENDOR, VendorDocument.id, query, {"user_id": caller.user_id})
    return [Document.model_validate(row) for row in rows], meta
