"""A vendor's items."""

from flask import Blueprint, Response, stream_with_context

from app.middleware import limits
from app.middleware.answers import answer, listed
from app.middleware.guards import current_caller
from app.openapi import File, Upload, endpoint
from app.schemas.envelope import Listed, Message
from app.schemas.shop_items import (
    ItemAdded,
    ItemChange,
    ItemToggled,
    NewItem,
    StockForm,
    StockSet,
    UploadAccepted,
    UploadReport,
    VendorItem,
    VendorItemQuery,
)
from app.services.shop_items import editing, files, reading, stocking, uploading
from app.services.shop_items.finding import ItemNotFound
from app.services.shops.own import ShopNotFound

items = Blueprint("vendor_items", __name__)

ITEM_FILE = Upload(
    field="file",
    description="CSV, .xls or .xlsx with at most 5 MB and 10,000 rows. The first row names the columns: title, price "
    "and any other field of an item.",
    max_bytes=files.LARGEST_FILE,
    missing="No file uploaded",
    named=True,
)


def _csv(content: object, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(content, mimetype="text/csv", headers=headers)  # type: ignore[arg-type]


@items.post("/add")
@endpoint(body=NewItem, answers={200: ItemAdded}, errors=(ShopNotFound, editing.SkuTaken))
def add_item(body: NewItem) -> Response:
    """Add an item to your shop, on offer at once."""
    return answer(editing.add(body, current_caller()))


@items.post("/<int:item_id>/toggle")
@endpoint(answers={200: ItemToggled}, errors=(ShopNotFound, ItemNotFound))
def toggle_item(item_id: int) -> Response:
    """Stop offering an item, or offer it again."""
    return answer(editing.toggle(current_caller(), item_id=item_id))


@items.post("/update/<int:item_id>")
@endpoint(body=ItemChange, answers={200: Message}, errors=(ShopNotFound, ItemNotFound, editing.SkuTaken))
def update_item(body: ItemChange, item_id: int) -> Response:
    """Change an item; what is left out stays.

    Send `is_available` by way of toggle: here it is ignored, as are `id` and `is_active`. `quantity_in_stock` sets the
    pieces that can be sold; those of open orders stay theirs.
    """
    editing.change(body, current_caller(), item_id=item_id)
    return answer(Message(message="Item updated"))


@items.get("/my")
@endpoint(query=VendorItemQuery, answers={200: Listed[VendorItem]}, errors=(ShopNotFound,))
def list_items(query: VendorItemQuery) -> Response:
    """List the items of your shop, newest first; without a limit the first 200."""
    return listed(*reading.page(query, current_caller()))


@items.get("/<int:item_id>")
@endpoint(answers={200: VendorItem}, errors=(ItemNotFound,))
def show_item(item_id: int) -> Response:
    """Show an item of your shop."""
    return answer(reading.one(current_caller(), item_id=item_id))


@items.post("/<int:item_id>/stock")
@endpoint(
    body=StockForm,
    answers={200: StockSet},
    errors=(ShopNotFound, ItemNotFound, stocking.TooFewPieces, stocking.TooManyPieces),
)
def set_item_stock(body: StockForm, item_id: int) -> Response:
    """Set the pieces of an item that can be sold, or change them by so many.

    With `delta` nothing is lost that is sold at the same moment.
    """
    return answer(stocking.set_stock(body, current_caller(), item_id=item_id))


@items.delete("/<int:item_id>")
@endpoint(answers={200: Message}, errors=(ShopNotFound, ItemNotFound))
def remove_item(item_id: int) -> Response:
    """Take an item out of your shop for good. Orders that have it keep it, and its SKU is free again."""
    editing.remove(current_caller(), item_id=item_id)
    return answer(Message(message="Item removed"))


@items.post("/bulk-upload")
@limits.files
@endpoint(
    upload=ITEM_FILE,
    answers={202: UploadAccepted},
    errors=(ShopNotFound, files.UnsupportedFileType, files.FileReadError, files.ColumnsMissing),
)
def upload_items(upload: bytes, file_name: str) -> Response:
    """Add the items of a file to your shop.

    Answers at once; the items are made right afterwards. Ask for the report by `task_id`, or wait for the news
    `items.uploaded`. A row that cannot be taken loses no other. A row whose `sku` your shop has already changes that
    item: empty cells and absent columns leave it as it is, `quantity_in_stock` sets its stock.
    """
    return answer(uploading.accept(file_name, upload, current_caller()), status=202)


@items.get("/bulk-upload/<task_id>")
@endpoint(answers={200: UploadReport}, errors=(ShopNotFound, uploading.UploadNotFound))
def show_upload(task_id: str) -> Response:
    """Show how far a file is, and the rows that could not be taken.

    Rows are numbered as in the file, its header being row 1.
    """
    return answer(uploading.report(current_caller(), task_id=task_id))


@items.get("/template.csv")
@endpoint(answers={200: File("text/csv", "The columns of a file of items.")})
def download_template() -> Response:
    """Download an empty file for an upload: its first row."""
    return _csv(reading.template(), "items-template.csv")


@items.get("/export")
@limits.files
@endpoint(answers={200: File("text/csv", "All items of the shop, oldest first.")}, errors=(ShopNotFound,))
def export_items() -> Response:
    """Download all items of your shop as CSV, which can be uploaded again.

    Texts that a spreadsheet would run as a formula have an apostrophe before them; an upload takes it off again.
    """
    return _csv(stream_with_context(reading.export(current_caller())), "items.csv")
