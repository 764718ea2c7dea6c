"""What is kept of a person: to take along, or to be forgotten."""

from flask import Blueprint, Response

from app.middleware import limits
from app.middleware.answers import answer, never_stored
from app.middleware.guards import current_caller
from app.middleware.streaming import download
from app.openapi import File, endpoint
from app.schemas.privacy import AskForErasure, ErasedAccount
from app.services.credentials import InvalidCredentials
from app.services.privacy import erasing, export, obligations
from app.services.second_factor import InvalidSecondFactor, SecondFactorRequired

privacy = Blueprint("privacy", __name__)

privacy.after_request(never_stored)


@privacy.get("/export")
@limits.export_by_user
@endpoint(answers={200: File("application/json", "One document, as an attachment; docs/privacy.md names its parts.")})
def export_own_data() -> Response:
    """Take along everything that is kept of oneself.

    One JSON document, sent while it is read. It is whole if its last field is `"is_complete": true`.
    """
    caller = current_caller()
    return download(export.pieces(caller), "application/json", export.file_name(caller))


@privacy.post("/erasure")
@endpoint(
    body=AskForErasure,
    answers={200: ErasedAccount},
    errors=(
        *obligations.REFUSALS,
        erasing.ErasedByAdminsOnly,
        erasing.ProofNeeded,
        erasing.WrongErasureCode,
        InvalidCredentials,
        SecondFactorRequired,
        InvalidSecondFactor,
    ),
)
def erase_own_account(body: AskForErasure) -> Response:
    """Be forgotten, for good and at once.

    Orders stay with their goods and amounts, without name, address and words; everything else goes, and every session
    ends. Refused while something is open: orders, returns, payments, money in the wallet, a trolley. The same e-mail
    address and phone number may be used for a new account, which sees nothing of the old one.
    """
    return answer(erasing.erase_own(body, current_caller()))
