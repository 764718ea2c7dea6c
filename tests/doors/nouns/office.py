"""What managers and admins look after: nothing is anybody's own there, but some of it is gone."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

from sqlalchemy import select

from app.domain.enums import DeliveryState, OperationKind, OperationState, PayoutState, Role
from app.models import (
    Device,
    Firmware,
    Inventory,
    Payment,
    PaymentOperation,
    Payout,
    Recipe,
    VendorDocument,
    VendorProfile,
    WebhookEndpoint,
)
from app.services.secrets_at_rest import encrypt
from tests import factories
from tests.doors.nouns.shoppers import delete
from tests.doors.nouns.staff import order_at
from tests.doors.world import NOBODY_THERE, Rows, World, noun, of_all
from tests.receiving import make_delivery, make_webhook

HOOK = "https://hooks.example.com/aisle"


@noun("branch")
def _branches(world: World) -> Rows:
    """Closed ones are looked after as well; a vendor's shop is none."""
    return of_all(world.home.id, **{"a vendor's shop": world.shop.id})


@noun("category")
def _categories(world: World) -> Rows:
    return of_all(factories.make_category(world.session).id)


@noun("coupon")
def _coupons(world: World) -> Rows:
    return of_all(factories.make_coupon(world.session).id)


@noun("slot")
def _slots(world: World) -> Rows:
    return of_all(factories.make_slot(world.session, world.home, day_of_week=3).id)


@noun("device")
def _devices(world: World) -> Rows:
    trolley = factories.make_trolley(world.session, world.home)
    return of_all(factories.make_device(world.session, trolley).device_id, missing="ffffffff")


@noun("firmware")
def _firmware(world: World) -> Rows:
    image = {"sha256": "0" * 64, "signature": "A" * 88, "content": b"image"}
    made = world.add(Firmware(hardware="esp32s3", version="1.5.0", **image))
    device = world.session.scalars(select(Device).where(Device.device_id == world.talker.device_id)).one()
    device.hardware = "esp32s3"
    world.session.commit()
    return of_all(made.id)


@noun("food type")
def _food_types(world: World) -> Rows:
    return of_all(factories.make_food_type(world.session).id)


@noun("inventory")
def _inventory(world: World) -> Rows:
    """The stock of shops is their vendors' alone."""

    def row(location_id: int) -> int:
        statement = select(Inventory.id).where(Inventory.stock_location_id == location_id).limit(1)
        return world.session.scalars(statement).one()

    return of_all(row(world.home.id), **{"of a vendor's shop": row(world.shop.id)})


@noun("event")
def _events(world: World) -> Rows:
    failed = factories.make_event(world.session, "order.confirmed", order_id=5)
    failed.failed, failed.last_error = True, "unreachable"
    world.session.commit()
    return of_all(failed.id)


@noun("paid order")
def _paid(world: World) -> Rows:
    return of_all(order_at(world, world.home))


@noun("payment operation")
def _operations(world: World) -> Rows:
    order_id = world.own("paid order", None)
    payment = world.session.scalars(select(Payment).where(Payment.order_id == order_id)).one()
    call = {"kind": OperationKind.CAPTURE, "state": OperationState.MANUAL, "amount": payment.requested_amount}
    due = datetime.now(UTC) + timedelta(days=1)
    return of_all(world.add(PaymentOperation(payment_id=payment.id, idempotency_key=uuid4(), next_at=due, **call)).id)


@noun("payout")
def _payouts(world: World) -> Rows:
    bank = {"bank_name": "Bank", "account_number": encrypt("000123456789"), "last4": "6789", "ifsc_code": "SBIN0001234"}
    asked = {"shop_id": world.shop.id, "amount": Decimal(1), "currency": "ILS", "request_hash": "x"}
    values = {"requested_by": world.people[Role.VENDOR].id, "state": PayoutState.REQUESTED, "idempotency_key": "doors"}
    return of_all(world.add(Payout(**asked, **bank, **values)).id)


@noun("managed product")
def _products(world: World) -> Rows:
    """Those off sale are looked after as well; a vendor's items are their vendor's."""
    return of_all(world.goods[0].id, **{"a vendor's item": world.items[0].id})


@noun("product on sale")
def _on_sale(world: World) -> Rows:
    made = factories.make_product(world.session, stock={world.home: 5})
    return of_all(factories.put_on_sale(world.session, made, "8.00").id, **{"a vendor's item": world.items[0].id})


@noun("recipe")
def _recipes(world: World) -> Rows:
    mine, gone = (factories.make_recipe(world.session, world.goods[0]).id for _ in range(2))
    delete(world, Recipe, gone)
    return of_all(mine, deleted=gone)


@noun("customer")
def _customers(world: World) -> Rows:
    """A shopper whom the office looks at: not one of those who knock."""
    return of_all(factories.make_consumer(world.session).id)


@noun("vendor")
def _vendors(world: World) -> Rows:
    vendor = factories.make_vendor(world.session)
    business = {"business_type": "grocery", "business_name": "Asha Stores", "address": "4 Baner Road, Pune"}
    world.add(VendorProfile(user_id=vendor.id, **business))
    return of_all(vendor.id, **{"no vendor": world.people[Role.CUSTOMER].id})


@noun("wallet")
def _wallets(world: World) -> Rows:
    return of_all(world.people[Role.CUSTOMER].id, **{"no consumer": world.people[Role.EMPLOYEE].id})


@noun("document")
def _documents(world: World) -> Rows:
    paper = {"document_type": "pan", "file_url": "https://papers.example.com/pan.pdf"}
    return of_all(world.add(VendorDocument(user_id=world.own("vendor", None), **paper)).id)


@noun("webhook")
def _webhooks(world: World) -> Rows:
    mine, gone = (make_webhook(world.session, HOOK).id for _ in range(2))
    delete(world, WebhookEndpoint, gone)
    return of_all(mine, deleted=gone)


@noun("webhook message")
def _deliveries(world: World) -> Rows:
    mine, other = world.session.get_one(WebhookEndpoint, world.own("webhook", None)), make_webhook(world.session, HOOK)
    made, theirs = (
        make_delivery(world.session, endpoint, number, state=DeliveryState.FAILED).id
        for number, endpoint in enumerate((mine, other))
    )
    return of_all(made, **{"another webhook's": theirs})


@noun("report")
def _reports(world: World) -> Rows:
    return of_all("revenue", missing="nothing-of-the-kind")


@noun("nothing")
def _nothing(world: World) -> Rows:
    """For what cannot be there: an id that no row has."""
    return of_all(NOBODY_THERE)
