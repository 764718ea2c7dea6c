"""Stock as the staff of a branch see, count and move it."""

from flask import Blueprint, Response

from app.middleware.answers import answer, listed
from app.middleware.guards import current_caller
from app.openapi import endpoint
from app.schemas.envelope import Listed
from app.schemas.inventory import InventoryPage, InventoryQuery
from app.schemas.stock import LowStock, LowStockQuery, MovementPage, MovementQuery, NewRecount, RecountAnswer
from app.schemas.transfers import NewTransfer, ReceiveTransfer, SendTransfer, Transfer, TransferQuery
from app.services.branches import BranchNotFound
from app.services.stock import inventory_screen, low_stock, movements, recounts, transfer_reading, transfers
from app.services.stock.places import StockNotFound, StockProductNotFound
from app.services.stock.transfer_reading import TransferNotFound
from app.services.stock.transfer_stock import StockShort

inventory = Blueprint("inventory_shown", __name__)
stock = Blueprint("stock", __name__)


@inventory.get("/inventory")
@endpoint(query=InventoryQuery, answers={200: InventoryPage})
def list_inventory(query: InventoryQuery) -> Response:
    """List the stock of your branches.

    `limit` goes up to 10,000; `cursor` reaches what is beyond. `total` is null above 10,000.
    """
    return answer(inventory_screen.page(query, current_caller()))


@stock.get("/low-stock")
@endpoint(query=LowStockQuery, answers={200: Listed[LowStock]})
def list_low_stock(query: LowStockQuery) -> Response:
    """List active products at or below their reorder point, the furthest below first."""
    return listed(*low_stock.page(query, current_caller()))


@stock.get("/stock-movements")
@endpoint(query=MovementQuery, answers={200: MovementPage}, errors=(movements.NameOneShelf,))
def list_stock_movements(query: MovementQuery) -> Response:
    """List what changed the stock and why, newest first."""
    return answer(movements.page(query, current_caller()))


@stock.post("/recounts")
@endpoint(body=NewRecount, answers={201: RecountAnswer}, errors=(StockNotFound,))
def recount_stock(body: NewRecount) -> Response:
    """Set the stock of a product to what was counted on the shelf.

    Count every piece on the shelf, also those that orders hold and nobody has picked, and those set aside by hand.
    Orders come first: what is short is taken from the available pieces, then from those set aside.
    """
    return answer(recounts.recount(body, current_caller()), status=201)


@stock.post("/transfers")
@endpoint(body=NewTransfer, answers={201: Transfer}, errors=(BranchNotFound, StockProductNotFound))
def request_transfer(body: NewTransfer) -> Response:
    """Ask for goods of one branch to be sent to another; you work at one of the two."""
    return answer(transfers.request(body, current_caller()), status=201)


@stock.get("/transfers")
@endpoint(query=TransferQuery, answers={200: Listed[Transfer]})
def list_transfers(query: TransferQuery) -> Response:
    """List the transfers from and to your branches, newest first."""
    return listed(*transfer_reading.page(query, current_caller()))


@stock.get("/transfers/<int:transfer_id>")
@endpoint(answers={200: Transfer}, errors=(TransferNotFound,))
def transfer(transfer_id: int) -> Response:
    """Show a transfer with what was asked for, sent and received."""
    return answer(transfer_reading.detail(current_caller(), transfer_id=transfer_id))


@stock.post("/transfers/<int:transfer_id>/send")
@endpoint(
    body=SendTransfer,
    body_optional=True,
    answers={200: Transfer},
    errors=(TransferNotFound, transfers.TransferWentOn, transfers.NotInTransfer, transfers.NothingSent, StockShort),
)
def send_transfer(body: SendTransfer, transfer_id: int) -> Response:
    """Send the goods, as staff of the source: they leave its stock.

    Without lines everything that was asked for is sent.
    """
    return answer(transfers.send(body, current_caller(), transfer_id=transfer_id))


@stock.post("/transfers/<int:transfer_id>/receive")
@endpoint(
    body=ReceiveTransfer,
    answers={200: Transfer},
    errors=(
        TransferNotFound,
        transfers.TransferWentOn,
        transfers.NotInTransfer,
        transfers.LinesNotCounted,
        transfers.DifferenceNeedsReason,
    ),
)
def receive_transfer(body: ReceiveTransfer, transfer_id: int) -> Response:
    """Receive the goods, as staff of the destination: what arrived enters its stock.

    A difference between sent and received pieces is kept with its reason.
    """
    return answer(transfers.receive(body, current_caller(), transfer_id=transfer_id))


@stock.post("/transfers/<int:transfer_id>/cancel")
@endpoint(answers={200: Transfer}, errors=(TransferNotFound, transfers.TransferWentOn))
def cancel_transfer(transfer_id: int) -> Response:
    """Give up a transfer that was not sent yet."""
    return answer(transfers.cancel(current_caller(), transfer_id=transfer_id))
