"""Stock by hand: edits and bulk files."""

from flask import Blueprint, Response

from app.middleware.answers import answer
from app.middleware.guards import current_caller
from app.openapi import Upload, endpoint
from app.schemas.inventory import BulkReport, InventoryEdit, InventoryRow, NewInventory
from app.services.branches import BranchNotFound
from app.services.stock import bulk, editing
from app.services.stock.holding import ReservedByOrders
from app.services.stock.places import StockNotFound, StockProductNotFound

inventory = Blueprint("managed_inventory", __name__)


@inventory.post("/inventory")
@endpoint(
    body=NewInventory,
    answers={201: InventoryRow},
    errors=(BranchNotFound, StockProductNotFound, editing.DuplicateInventory),
)
def create_inventory(body: NewInventory) -> Response:
    """Begin to keep a product at a branch."""
    return answer(editing.create(body, current_caller()), status=201)


@inventory.patch("/inventory/<int:inventory_id>")
@inventory.patch("/inventory/item-<int:inventory_id>")
@endpoint(body=InventoryEdit, answers={200: InventoryRow}, errors=(StockNotFound, ReservedByOrders))
def edit_inventory(body: InventoryEdit, inventory_id: int) -> Response:
    """Set the numbers of a stock row.

    At both addresses. `reserved_quantity` cannot go below what open orders hold; `details.held` says how much that is.
    """
    return answer(editing.edit(body, current_caller(), inventory_id=inventory_id))


@inventory.post("/inventory/bulk")
@endpoint(
    upload=Upload(
        field="file",
        description="CSV in UTF-8, divided by commas or semicolons, at most 5 MB and 50,000 rows. The first row names "
        "the columns product_id, branch_id, available_quantity and, if wanted, reserved_quantity and reorder_point; "
        "an empty cell keeps what the shop has.",
        max_bytes=bulk.LARGEST_FILE,
    ),
    answers={202: BulkReport},
    errors=(bulk.InvalidCsv,),
)
def upload_inventory(upload: bytes) -> Response:
    """Set the stock of many products from a CSV file.

    Answers with a report on every row; a row that cannot be taken loses no other. Rows are numbered as in the file, its
    header being row 1. Of two rows for one product and branch the later is refused. Sending a file again is harmless.
    """
    return answer(bulk.upload(upload, current_caller()), status=202)
