"""What belongs to a branch: orders to pick, calls for help, transfers, trolleys."""

from typing import Any

from sqlalchemy import select

from app.domain.enums import AssistReason, IncidentKind, OrderStatus, Role, StockRequestType
from app.models import (
    AssistanceRequest,
    Device,
    StockLocation,
    StockRequest,
    StockTransfer,
    StockTransferLine,
    TrolleyAssist,
    TrolleyIncident,
)
from tests import factories
from tests.devices import make_talker
from tests.doors.nouns.shoppers import lines_of, start_walk
from tests.doors.world import STAFF, Rows, World, noun, of_all, of_branches
from tests.trolleys import DEMO_CARD


def order_at(world: World, branch: StockLocation, status: OrderStatus = OrderStatus.CREATED) -> int:
    buyer = world.strangers[Role.CUSTOMER]
    made = factories.make_order(world.session, buyer, world.goods[0], stock_location_id=branch.id, status=status)
    return made.id


@noun("order to pick")
def _orders(world: World) -> Rows:
    return of_branches(world, lambda branch: order_at(world, branch))


@noun("line to pick")
def _lines(world: World) -> Rows:
    orders = world.rows["order to pick"]
    mine = lines_of(world, orders.own[Role.EMPLOYEE])[0].id
    theirs = lines_of(world, orders.foreign[Role.EMPLOYEE]["another branch's"])[0].id
    strange = {"another order's": lines_of(world, order_at(world, world.home))[0].id, "another branch's": theirs}
    return Rows(dict.fromkeys(orders.own, mine), dict.fromkeys(orders.own, strange))


@noun("packed order")
def _packed(world: World) -> Rows:
    return of_branches(world, lambda branch: order_at(world, branch, OrderStatus.READY))


@noun("order on its way")
def _on_their_way(world: World) -> Rows:
    return of_branches(world, lambda branch: order_at(world, branch, OrderStatus.OUT_FOR_DELIVERY))


@noun("batch")
def _batches(world: World) -> Rows:
    def make(branch: StockLocation) -> int:
        buyer, product = world.strangers[Role.CUSTOMER], world.goods[0]
        order = factories.make_order(world.session, buyer, product, stock_location_id=branch.id)
        picker = (world.people if branch is world.home else world.strangers)[Role.EMPLOYEE]
        return factories.make_batch(world.session, picker, order).id

    return of_branches(world, make)


@noun("transfer")
def _transfers(world: World) -> Rows:
    def make(branch: StockLocation) -> int:
        way = {"from_location_id": branch.id, "to_location_id": world.store.id}
        made = world.add(StockTransfer(requested_by=world.people[Role.ADMIN].id, **way))
        world.add(StockTransferLine(transfer_id=made.id, product_id=world.goods[0].id, requested_quantity=1))
        return int(made.id)

    return of_branches(world, make)


@noun("arriving transfer")
def _arriving(world: World) -> Rows:
    def make(branch: StockLocation) -> int:
        admin = world.people[Role.ADMIN]
        lines = [{"product_id": world.goods[0].id, "quantity": 1}]
        way = {"from_branch_id": world.store.id, "to_branch_id": branch.id, "lines": lines}
        made = world.call(admin, "POST", "/ops/transfers", way)
        world.call(admin, "POST", f"/ops/transfers/{made['id']}/send", {"lines": lines})
        return int(made["id"])

    return of_branches(world, make)


@noun("call for help")
def _calls(world: World) -> Rows:
    def make(branch: StockLocation) -> int:
        buyer = world.strangers[Role.CUSTOMER]
        return int(
            world.add(AssistanceRequest(user_id=buyer.id, stock_location_id=branch.id, message="Where is milk?")).id
        )

    return of_branches(world, make)


@noun("trolley")
def _trolleys(world: World) -> Rows:
    def make(branch: StockLocation) -> int:
        trolley = factories.make_trolley(world.session, branch)
        factories.make_device(world.session, trolley)
        return trolley.id

    return of_branches(world, make)


@noun("trolley of any branch")
def _any_trolley(world: World) -> Rows:
    """A shopper may ask about whichever trolley stands before them."""
    return of_all(world.own("trolley", Role.EMPLOYEE))


@noun("assist")
def _assists(world: World) -> Rows:
    def make(branch: StockLocation) -> int:
        trolley = factories.make_trolley(world.session, branch)
        values: dict[str, Any] = {"trolley_id": trolley.id, "reason": AssistReason.HELP}
        return int(world.add(TrolleyAssist(stock_location_id=branch.id, **values)).id)

    return of_branches(world, make)


@noun("incident")
def _incidents(world: World) -> Rows:
    def make(branch: StockLocation) -> int:
        return int(world.add(TrolleyIncident(kind=IncidentKind.TAMPER, stock_location_id=branch.id)).id)

    return of_branches(world, make)


@noun("till code")
def _till_codes(world: World) -> Rows:
    """The code a shopper's phone shows to a till, once the basket is reviewed."""

    def make(branch: StockLocation) -> str:
        buyer = factories.make_consumer(world.session)
        cart_id = start_walk(world, buyer, branch)
        world.call(buyer, "POST", f"/carts/{cart_id}/review")
        return str(world.call(buyer, "GET", f"/carts/{cart_id}/handoff")["code"])

    return of_branches(world, make, missing="0" * 20)


@noun("exit token")
def _exit_tokens(world: World) -> Rows:
    """What a shopper who has paid shows at the way out."""

    def make(branch: StockLocation) -> str:
        buyer = factories.make_consumer(world.session)
        cart_id = start_walk(world, buyer, branch)
        form = {"cart_id": cart_id, "payment_token_id": DEMO_CARD}
        world.call(buyer, "POST", "/checkout/confirm", form, key=f"walk-{cart_id}")
        return str(world.call(buyer, "GET", f"/carts/{cart_id}/exit-token")["exit_token"])

    return of_branches(world, make, missing="7K3M9QTV2B4C6D8E")


@noun("pair code")
def _pair_codes(world: World) -> Rows:
    """What the display of a free trolley shows to whoever stands before it."""
    talker = make_talker(world.session, world.app.test_client(), factories.make_trolley(world.session, world.home))
    return of_all(talker.post("/pair", {}).json["c"], missing="ZZZZZZ")


@noun("request for stock")
def _stock_requests(world: World) -> Rows:
    asked = {"request_type": StockRequestType.ADD_QUANTITY, "quantity": 5, "requested_quantity": 5}
    place = {"stock_location_id": world.home.id, "product_id": world.goods[0].id}
    made = world.add(StockRequest(actor_user_id=world.people[Role.EMPLOYEE].id, **place, **asked))
    return of_all(made.id)


@noun("branch at work")
def _workplaces(world: World) -> Rows:
    return of_branches(world, lambda branch: branch.id)


@noun("driver")
def _drivers(world: World) -> Rows:
    """An EMPLOYEE of the branch of the order; to bring it, one of another branch is nobody, for whoever asks."""
    mine, theirs = (some[Role.EMPLOYEE].id for some in (world.people, world.strangers))
    strange = {"of another branch": theirs, "no driver": world.people[Role.CUSTOMER].id}
    return Rows(dict.fromkeys(STAFF, mine), dict.fromkeys(STAFF, strange))


@noun("receiving branch")
def _receiving(world: World) -> Rows:
    """Goods may be sent to any branch, and to no vendor's shop."""
    return of_all(world.store.id, **{"a vendor's shop": world.shop.id})


@noun("device's trolley")
def _own_trolley(world: World) -> Rows:
    """The one the knocking device is mounted on."""
    return of_all(device_of(world).trolley_id, **{"another device's": world.own("trolley", Role.EMPLOYEE)})


def device_of(world: World) -> Device:
    return world.session.scalars(select(Device).where(Device.device_id == world.talker.device_id)).one()


@noun("any branch")
def _places_of_work(world: World) -> Rows:
    return of_all(world.home.id)
