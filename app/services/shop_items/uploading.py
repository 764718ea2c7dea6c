"""Whole files of items: checked when they come, written afterwards in parts that each commit with their progress.

A crash loses at most the part at work, and doing a file twice writes nothing twice. A row whose SKU the shop has
already changes that item; the cells it leaves empty stay as they are.
"""

from collections.abc import Sequence
from functools import partial
from secrets import token_hex
from typing import Any

from sqlalchemy import Integer, bindparam, func, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.domain.enums import Role, UploadState
from app.errors import NotFound
from app.models import ItemUpload
from app.models.base import AnyRow
from app.schemas.shop_items import NewItem, UploadAccepted, UploadReport, mrp_below_price
from app.services import locks, outbox
from app.services.live.telling import tell
from app.services.shop_items import files, stocking, writing
from app.services.shops.own import own_shop
from app.transaction import reading, retried, transaction

TOPIC = "items.uploaded"


class UploadNotFound(NotFound):
    code = "UPLOAD_NOT_FOUND"
    message = "The shop has no upload with this task_id."


_REPORT = select(
    ItemUpload.task_id,
    ItemUpload.file_name,
    ItemUpload.state,
    ItemUpload.total,
    ItemUpload.created,
    (ItemUpload.total - ItemUpload.created - ItemUpload.failed - func.jsonb_array_length(ItemUpload.rows))
    .cast(Integer)
    .label("updated"),
    ItemUpload.failed,
    ItemUpload.errors,
).where(ItemUpload.task_id == bindparam("task_id"), ItemUpload.shop_id == bindparam("shop_id"))

_PROGRESS = text("""
    UPDATE item_uploads
    SET rows = jsonb_path_query_array(rows, '$[500 to last]'),
        created = created + :created, failed = failed + :failed, errors = errors || :errors, updated_at = now(),
        state = CASE WHEN jsonb_array_length(rows) > 500 THEN 'running' ELSE 'done' END
    WHERE id = :id
    RETURNING state, total, created, failed
""").bindparams(bindparam("errors", type_=JSONB))


def accept(file_name: str, content: bytes, caller: Caller) -> UploadAccepted:
    """Check a file and keep it; its items are made right afterwards, outside the request.

    Raises ShopNotFound, UnsupportedFileType, FileReadError or ColumnsMissing.
    """
    with reading() as connection:
        shop_id = own_shop(connection, caller)
    file = files.read(file_name, content)
    task_id = token_hex(16)
    upload = ItemUpload(
        task_id=task_id,
        shop_id=shop_id,
        user_id=caller.user_id,
        file_name=_shown_name(file_name),
        total=len(file.good) + len(file.bad),
        failed=len(file.bad),
        rows=file.good,
        errors=file.bad,
    )
    with transaction() as session:
        session.add(upload)
        outbox.publish(session, topic=TOPIC, aggregate=f"shop:{shop_id}", payload={"task_id": task_id})
    return UploadAccepted(task_id=task_id)


def report(caller: Caller, *, task_id: str) -> UploadReport:
    """How far an upload of the caller's shop is. Raises ShopNotFound or UploadNotFound."""
    with reading() as connection:
        values = {"task_id": task_id, "shop_id": own_shop(connection, caller)}
        row = connection.execute(_REPORT, values).one_or_none()
    if row is None:
        raise UploadNotFound
    by_row = sorted(row.errors, key=lambda fault: fault["row"])
    return UploadReport.model_validate({**row._mapping, "errors": by_row})


def finish(task_id: str) -> None:
    """Write what is left of an upload, and tell the vendor. May run any number of times, also at once."""
    while retried(partial(_write_part, task_id)):
        pass


def _write_part(task_id: str) -> bool:
    """Write the next 500 rows and note it, in one transaction; False when nothing is left."""
    with transaction() as session:
        upload = locks.item_upload(session, task_id=task_id)
        if upload is None or upload.state == UploadState.DONE:
            return False
        created, errors = _write_rows(session, upload) if upload.part else (0, [])
        noted = {"id": upload.id, "created": created, "failed": len(errors), "errors": errors}
        now = session.execute(_PROGRESS, noted).one()
        if now.state == UploadState.DONE:
            counts = {"total": now.total, "created": now.created, "failed": now.failed}
            news = {"task_id": task_id, **counts, "updated": now.total - now.created - now.failed}
            tell(session, user_ids=[upload.user_id], topic=TOPIC, payload=news)
        return bool(now.state != UploadState.DONE)


def _write_rows(session: Session, upload: AnyRow) -> tuple[int, list[dict[str, Any]]]:
    """How many items were made, and the rows that could not be taken after all."""
    given = [(row["row"], _given(row["item"])) for row in upload.part]
    locks.shop_range(session, shop_id=upload.shop_id)
    skus = [item["sku"] for _, item in given if "sku" in item]
    known = {item.sku: item for item in locks.shop_items_by_sku(session, shop_id=upload.shop_id, skus=skus)}
    by = Caller(user_id=upload.user_id, role=Role.VENDOR, session_id=0)
    context = {"source": "bulk", "upload": upload.task_id}
    edits = [(row, known[item["sku"]], item) for row, item in given if item.get("sku") in known]
    good, errors = _priced(edits)
    stock = {item.id: new["quantity_in_stock"] for item, new in good if "quantity_in_stock" in new}
    stocking.write(session, stock, shop_id=upload.shop_id, by=by, context=context)
    writing.change(session, good, by=by, context=context)
    fresh = [item for _, item in given if item.get("sku") not in known]
    if fresh:
        writing.make(session, fresh, shop_id=upload.shop_id, by=by, context=context)
    return len(fresh), errors


def _given(item: dict[str, Any]) -> writing.Values:
    return NewItem.model_validate(item).model_dump(exclude_unset=True)


def _priced(
    edits: Sequence[tuple[int, AnyRow, writing.Values]],
) -> tuple[list[tuple[AnyRow, writing.Values]], list[dict[str, Any]]]:
    """The edits that leave the printed price at or above the price, and the others as errors."""
    good, errors = [], []
    for row, item, new in edits:
        merged = writing.facts(item) | new
        if mrp_below_price(merged["price"], merged["mrp"]):
            errors.append({"row": row, "message": "mrp must not be below price; the item's present one is"})
        else:
            good.append((item, new))
    return good, errors


def _shown_name(file_name: str) -> str:
    return "".join(char for char in file_name if char.isprintable())[-100:]
