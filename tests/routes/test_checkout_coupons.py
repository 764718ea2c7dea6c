"""Coupons, free orders and wishes for substitutes in preview and confirm, over HTTP."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.domain.enums import DiscountKind, SoldBy
from app.models import (
    AuditEvent,
    Coupon,
    CouponUse,
    IdempotencyKey,
    Inventory,
    Order,
    OrderDiscount,
    OrderItem,
    OutboxEvent,
    Payment,
    PaymentOperation,
)
from tests import factories
from tests.conftest import Statements
from tests.factories import make_coupon, make_product
from tests.shopping import Shop, Shopper, assert_sound, make_shopper, one, open_shop

DECLINED_CARD = "4000000000000002"
NOW = datetime.now(UTC)
DAY = timedelta(days=1)
FREE_DELIVERY: dict[str, Any] = {"kind": DiscountKind.FREE_DELIVERY, "value": Decimal(0)}
EVERYTHING: dict[str, Any] = {"value": Decimal(100)}


@pytest.fixture
def shop(session: Session) -> Shop:
    return open_shop(session, products=3)


@pytest.fixture
def shopper(client: FlaskClient, session: Session, shop: Shop) -> Shopper:
    """A customer with one piece each of the shop's three products at 10.00 in the cart."""
    made = make_shopper(session, client)
    for product in shop.products:
        made.add(product)
    return made


def preview(shopper: Shopper, **body: Any) -> TestResponse:
    return shopper.post("/checkout/preview", json={"cart_id": shopper.cart_id(), **body})


def pick_up(shop: Shop) -> dict[str, Any]:
    return {"fulfillment_type": "PICKUP", "branch_id": shop.warehouse.id, "delivery_slot_id": None}


def used(session: Session) -> int:
    count: int = one(session, Coupon).used_count
    return count


class TestPreview:
    def test_a_coupon_is_a_line_of_its_own(self, shopper: Shopper, session: Session) -> None:
        make_coupon(session, code="TEN", description="10 % off")

        data = preview(shopper, coupon_code=" ten ").json["data"]

        assert data["discounts"] == [{"kind": "PERCENT", "code": "TEN", "description": "10 % off", "amount": 3.0}]
        assert (data["cart_total"], data["delivery_fee"], data["discount_total"]) == (30.0, 30.0, 3.0)
        assert (data["total"], data["authorization_amount"]) == (57.0, 57.0)
        assert data["tax_total"] == 8.69  # of three lines at 9.00 and the fee, each rounded
        assert used(session) == 0

    def test_without_a_coupon_there_is_no_discount(self, shopper: Shopper) -> None:
        data = preview(shopper).json["data"]

        assert (data["discounts"], data["discount_total"]) == ([], 0)

    def test_free_delivery_takes_off_the_fee_and_nothing_else(self, shopper: Shopper, session: Session) -> None:
        make_coupon(session, code="FREE", **FREE_DELIVERY)

        data = preview(shopper, coupon_code="FREE").json["data"]

        assert (data["delivery_fee"], data["discount_total"], data["total"]) == (30.0, 30.0, 30.0)

    def test_deposits_are_not_discounted(self, client: FlaskClient, session: Session, shop: Shop) -> None:
        make_coupon(session, code="ALL", **EVERYTHING)
        shopper = make_shopper(session, client)
        shopper.add(make_product(session, stock={shop.warehouse: 9}, deposit=Decimal("0.30")))

        data = preview(shopper, coupon_code="ALL", **{k: v for k, v in pick_up(shop).items() if v}).json["data"]

        assert (data["discount_total"], data["deposit_total"], data["total"]) == (10.0, 0.3, 0.3)

    @pytest.mark.parametrize(
        ("columns", "details"),
        [
            ({"starts_at": NOW + DAY}, {"reason": "not_started"}),
            ({"starts_at": NOW - 2 * DAY, "ends_at": NOW - DAY}, {"reason": "expired"}),
            ({"minimum_total": Decimal("30.01")}, {"reason": "minimum_not_met", "minimum": 30.01}),
            ({"usage_limit": 2, "used_count": 2}, {"reason": "used_up"}),
        ],
        ids=lambda each: each.get("reason", ""),
    )
    def test_a_coupon_that_does_not_apply_says_why_at_preview_and_confirm(
        self, shopper: Shopper, session: Session, shop: Shop, columns: dict[str, Any], details: dict[str, Any]
    ) -> None:
        make_coupon(session, code="NOT-NOW", **columns)

        answers = [preview(shopper, coupon_code="NOT-NOW"), shopper.confirm(shop, coupon_code="NOT-NOW")]

        for answer in answers:
            assert (answer.status_code, answer.json["error"]["code"]) == (409, "COUPON_NOT_APPLICABLE")
            assert answer.json["error"]["details"] == details
        assert session.execute(select(Order)).first() is None

    def test_free_delivery_is_for_deliveries_only(self, shopper: Shopper, session: Session, shop: Shop) -> None:
        make_coupon(session, code="FREE", **FREE_DELIVERY)

        answer = preview(shopper, coupon_code="FREE", fulfillment_type="PICKUP", branch_id=shop.warehouse.id)

        assert answer.json["error"]["details"] == {"reason": "delivery_only"}

    @pytest.mark.parametrize("code", ["SWITCHED-OFF", "NOWHERE", "TEN%", "ß"])
    def test_a_coupon_unknown_or_switched_off_is_not_found(
        self, shopper: Shopper, session: Session, shop: Shop, code: str
    ) -> None:
        make_coupon(session, code="SWITCHED-OFF", is_active=False)

        answers = [preview(shopper, coupon_code=code), shopper.confirm(shop, coupon_code=code)]

        assert [(each.status_code, each.json["error"]["code"]) for each in answers] == [(404, "COUPON_NOT_FOUND")] * 2

    @pytest.mark.parametrize("code", ["", "  ", "X" * 33, 7, "A\x00"])
    def test_a_code_that_cannot_be_one_is_refused(self, shopper: Shopper, code: Any) -> None:
        answer = preview(shopper, coupon_code=code)

        assert (answer.status_code, answer.json["error"]["code"]) == (400, "VALIDATION_ERROR")


class TestConfirm:
    def test_the_discount_is_written_with_the_order_and_spread_over_its_lines(
        self, shopper: Shopper, session: Session, shop: Shop
    ) -> None:
        coupon = make_coupon(
            session, code="FIVE", description="5 off", kind=DiscountKind.AMOUNT, value=Decimal("5.00"), usage_limit=1
        )
        total = preview(shopper, coupon_code="FIVE").json["data"]["total"]

        answer = shopper.confirm(shop, coupon_code="five", expected_total=total)

        assert (answer.status_code, answer.json["data"]["total_paid"], total) == (201, 55.0, 55.0)
        order = one(session, Order)
        assert (order.items_total, order.discount_total) == (Decimal("30.00"), Decimal("5.00"))
        assert order.total_amount == one(session, Payment).authorized_amount == Decimal("55.00")
        written = one(session, OrderDiscount)
        assert (written.order_id, written.coupon_id, written.code) == (order.id, coupon.id, "FIVE")
        assert (written.description, written.kind, written.value) == ("5 off", "AMOUNT", Decimal("5.00"))
        assert (written.amount, written.released_at) == (Decimal("5.00"), None)
        lines = session.execute(select(OrderItem).order_by(OrderItem.product_id)).scalars().all()
        assert [line.discount_amount for line in lines] == [Decimal("1.67"), Decimal("1.67"), Decimal("1.66")]
        assert [line.tax_amount for line in lines] == [Decimal("1.27")] * 3
        assert order.tax_total == Decimal("3.81") + Decimal("4.58")
        assert used(session) == 1
        use = one(session, CouponUse)
        assert (use.user_id, use.used_count) == (shopper.user.id, 1)
        assert_sound()

    def test_the_order_shows_its_discount(self, shopper: Shopper, session: Session, shop: Shop) -> None:
        make_coupon(session, code="TEN")
        order_id = shopper.confirm(shop, coupon_code="TEN").json["data"]["order_id"]

        data = shopper.get(f"/orders/{order_id}").json["data"]

        assert (data["discount_total"], data["total_amount"]) == (3.0, 57.0)
        [line] = data["discounts"]
        assert (line["code"], line["amount"]) == ("TEN", 3.0)

    def test_a_second_order_within_the_limit_of_a_customer_is_counted(
        self, shopper: Shopper, session: Session, shop: Shop
    ) -> None:
        make_coupon(session, code="TWICE", per_user_limit=2)
        answers = []
        for _ in range(3):
            shopper.add(shop.products[0])
            answers.append(shopper.confirm(shop, coupon_code="TWICE"))

        assert [answer.status_code for answer in answers] == [201, 201, 409]
        assert answers[2].json["error"]["details"] == {"reason": "used_up_by_you"}
        assert (used(session), one(session, CouponUse).used_count) == (2, 2)
        assert_sound()

    def test_the_limit_of_one_customer_is_not_that_of_another(
        self, shopper: Shopper, client: FlaskClient, session: Session, shop: Shop
    ) -> None:
        make_coupon(session, code="ONCE", per_user_limit=1)
        other = make_shopper(session, client)
        other.add(shop.products[0])

        answers = [each.confirm(shop, coupon_code="ONCE") for each in (shopper, other)]

        assert [answer.status_code for answer in answers] == [201, 201]
        assert used(session) == 2

    def test_a_coupon_without_effect_is_not_used_up(self, shopper: Shopper, session: Session, shop: Shop) -> None:
        make_coupon(session, code="FREE", **FREE_DELIVERY)
        shopper.add(shop.products[0], 30)

        data = preview(shopper, coupon_code="FREE").json["data"]
        answer = shopper.confirm(shop, coupon_code="FREE")

        assert (data["delivery_fee"], [each["amount"] for each in data["discounts"]]) == (0, [0])
        assert answer.status_code == 201
        assert used(session) == 0
        assert session.execute(select(OrderDiscount)).first() is None

    def test_the_code_belongs_to_the_request_of_a_key(self, shopper: Shopper, session: Session, shop: Shop) -> None:
        make_coupon(session, code="TEN")
        cart_id = shopper.cart_id()

        codes = [None, "TEN", " ten"]
        first, other, _ = (shopper.confirm(shop, key="k", cart_id=cart_id, coupon_code=code) for code in codes)

        assert (first.status_code, other.status_code) == (201, 409)
        assert other.json["error"]["code"] == "IDEMPOTENCY_KEY_REUSE_MISMATCH"

    def test_a_code_spelled_otherwise_is_the_same_request(self, shopper: Shopper, session: Session, shop: Shop) -> None:
        make_coupon(session, code="TEN")
        cart_id = shopper.cart_id()

        answers = [shopper.confirm(shop, key="k", cart_id=cart_id, coupon_code=code) for code in ("TEN", " ten")]

        assert [answer.status_code for answer in answers] == [201, 200]
        assert answers[0].json == answers[1].json
        assert used(session) == 1

    def test_a_refused_slot_leaves_the_coupon_alone(
        self, shopper: Shopper, client: FlaskClient, session: Session
    ) -> None:
        make_coupon(session, code="TEN")
        shop = open_shop(session, capacity=0)

        answer = shopper.confirm(shop, coupon_code="TEN", delivery_slot_id=shop.slot.id)

        assert answer.status_code in (400, 409)
        assert used(session) == 0

    def test_a_coupon_adds_no_statement(
        self, shopper: Shopper, client: FlaskClient, session: Session, shop: Shop, statements: Statements
    ) -> None:
        make_coupon(session, code="TEN")
        other = make_shopper(session, client)
        other.add(shop.products[0])
        counts = []

        for each, body in ((shopper, {}), (other, {"coupon_code": "TEN"})):
            cart_id = each.cart_id()
            statements.clear()
            assert each.confirm(shop, cart_id=cart_id, **body).status_code == 201
            counts.append(len(statements))

        assert counts[0] == counts[1]


class TestGivenBack:
    def test_cancelling_gives_the_use_back(self, shopper: Shopper, session: Session, shop: Shop) -> None:
        make_coupon(session, code="ONCE", usage_limit=1, per_user_limit=1)
        order_id = shopper.confirm(shop, coupon_code="ONCE").json["data"]["order_id"]

        answer = shopper.post(f"/orders/{order_id}/cancel")

        assert answer.status_code == 200
        assert (used(session), one(session, CouponUse).used_count) == (0, 0)
        assert one(session, OrderDiscount).released_at is not None
        assert_sound()
        shopper.add(shop.products[0])
        assert shopper.confirm(shop, coupon_code="ONCE").status_code == 201
        assert (used(session), one(session, CouponUse).used_count) == (1, 1)
        assert_sound()

    def test_a_declined_payment_gives_the_use_back(self, shopper: Shopper, session: Session, shop: Shop) -> None:
        make_coupon(session, code="ONCE", usage_limit=1, per_user_limit=1)
        card = shopper.post("/me/payment-tokens", json={"card_number": DECLINED_CARD}).json["data"]["payment_token_id"]

        answer = shopper.confirm(shop, coupon_code="ONCE", payment_token_id=card)

        assert answer.status_code == 402
        assert (used(session), one(session, CouponUse).used_count) == (0, 0)
        assert_sound()
        assert shopper.confirm(shop, coupon_code="ONCE").status_code == 201


class TestFree:
    @pytest.fixture(autouse=True)
    def coupon(self, session: Session) -> Coupon:
        return make_coupon(session, code="ALL", **EVERYTHING)

    def test_an_order_that_costs_nothing_is_confirmed_at_once_without_a_payment(
        self, shopper: Shopper, session: Session, shop: Shop
    ) -> None:
        answer = shopper.confirm(shop, coupon_code="ALL", **pick_up(shop))

        assert answer.status_code == 201
        assert "Idempotent-Replayed" not in answer.headers
        order = one(session, Order)
        assert answer.json["data"] == {
            "order_id": order.id,
            "order_number": order.order_number,
            "total_paid": 0,
            "payment_reference": None,
        }
        assert (order.status, order.total_amount, order.pay_deadline) == ("CREATED", 0, None)
        assert session.execute(select(Payment)).first() is None
        assert session.execute(select(PaymentOperation)).first() is None
        topics = session.execute(select(OutboxEvent.topic).order_by(OutboxEvent.id)).scalars().all()
        assert topics == ["order.placed", "order.confirmed"]
        assert [event.payload["order_number"] for event in session.execute(select(OutboxEvent)).scalars()] == [
            order.order_number
        ] * 2
        assert {stock.reserved_quantity for stock in session.execute(select(Inventory)).scalars()} == {1}
        assert used(session) == 1
        assert_sound()

    def test_its_answer_is_kept_and_replayed(self, shopper: Shopper, session: Session, shop: Shop) -> None:
        cart_id = shopper.cart_id()

        first, again = (
            shopper.confirm(shop, key="k", cart_id=cart_id, coupon_code="ALL", **pick_up(shop)) for _ in range(2)
        )

        assert (first.status_code, again.status_code) == (201, 200)
        assert again.headers["Idempotent-Replayed"] == "true"
        assert again.json == first.json
        key = one(session, IdempotencyKey)
        assert (key.state, key.status, key.body) == ("done", 201, first.json)

    @pytest.mark.parametrize("forgotten", [False, True], ids=["first key kept", "first key forgotten"])
    def test_another_key_for_its_cart_gets_the_same_answer(
        self, shopper: Shopper, session: Session, shop: Shop, forgotten: bool
    ) -> None:
        cart_id = shopper.cart_id()
        first = shopper.confirm(shop, key="one", cart_id=cart_id, coupon_code="ALL", **pick_up(shop))
        if forgotten:
            session.execute(delete(IdempotencyKey))
            session.commit()

        second = shopper.confirm(shop, key="two", cart_id=cart_id)

        assert second.status_code == 200
        assert second.json == first.json
        assert len(session.execute(select(Order)).all()) == 1

    def test_it_can_be_shown_and_cancelled(self, shopper: Shopper, session: Session, shop: Shop) -> None:
        order_id = shopper.confirm(shop, coupon_code="ALL", **pick_up(shop)).json["data"]["order_id"]

        shown = shopper.get(f"/orders/{order_id}").json["data"]
        cancelled = shopper.post(f"/orders/{order_id}/cancel")

        assert (shown["payment"], shown["total_amount"]) == (None, 0)
        assert (cancelled.status_code, cancelled.json["data"]["status"]) == (200, "CANCELED")
        assert used(session) == 0
        assert {stock.reserved_quantity for stock in session.execute(select(Inventory)).scalars()} == {0}
        assert_sound()

    def test_with_a_delivery_fee_something_is_left_to_pay(self, shopper: Shopper, session: Session, shop: Shop) -> None:
        answer = shopper.confirm(shop, coupon_code="ALL")

        assert (answer.status_code, answer.json["data"]["total_paid"]) == (201, 30.0)
        assert one(session, Payment).authorized_amount == Decimal("30.00")

    def test_weighed_goods_are_held_for_all_the_same(self, client: FlaskClient, session: Session, shop: Shop) -> None:
        shopper = make_shopper(session, client)
        shopper.add(
            make_product(session, stock={shop.warehouse: 9}, sold_by=SoldBy.WEIGHT, estimated_weight_grams=1000)
        )

        answer = shopper.confirm(shop, coupon_code="ALL", **pick_up(shop))

        assert (answer.status_code, answer.json["data"]["total_paid"]) == (201, 0)
        assert one(session, Payment).authorized_amount == Decimal("1.00")


class TestWishes:
    def lines(self, session: Session) -> list[tuple[str, int | None]]:
        found = session.execute(select(OrderItem).order_by(OrderItem.product_id)).scalars()
        return [(line.substitution_preference, line.preferred_product_id) for line in found]

    def test_without_wishes_the_best_match_is_taken(self, shopper: Shopper, session: Session, shop: Shop) -> None:
        shopper.confirm(shop)

        assert self.lines(session) == [("BEST_MATCH", None)] * 3

    def test_each_line_has_its_own_wish_and_the_others_the_default(
        self, shopper: Shopper, session: Session, shop: Shop
    ) -> None:
        first, second, _ = shop.products
        other = make_product(session)
        wishes = [
            {"product_id": first.id, "preference": "THIS_PRODUCT", "preferred_product_id": other.id},
            {"product_id": second.id, "preference": "BEST_MATCH"},
        ]

        answer = shopper.confirm(shop, substitutions=wishes, default_substitution="REFUND")

        assert answer.status_code == 201
        assert self.lines(session) == [("THIS_PRODUCT", other.id), ("BEST_MATCH", None), ("REFUND", None)]

    def test_a_product_of_the_cart_may_replace_another(self, shopper: Shopper, session: Session, shop: Shop) -> None:
        first, second, _ = shop.products
        wish = {"product_id": first.id, "preference": "THIS_PRODUCT", "preferred_product_id": second.id}

        assert shopper.confirm(shop, substitutions=[wish]).status_code == 201

    @pytest.mark.parametrize("hidden", ["unknown", "inactive", "of a hidden category"])
    def test_a_wanted_product_that_is_not_sold_is_not_found(
        self, shopper: Shopper, session: Session, shop: Shop, hidden: str
    ) -> None:
        category = factories.make_category(session, is_active=hidden != "of a hidden category")
        other = make_product(session, is_active=hidden != "inactive", category_id=category.id)
        wanted = 999_999 if hidden == "unknown" else other.id
        wish = {"product_id": shop.products[0].id, "preference": "THIS_PRODUCT", "preferred_product_id": wanted}

        answer = shopper.confirm(shop, substitutions=[wish])

        assert (answer.status_code, answer.json["error"]["code"]) == (404, "PRODUCT_NOT_FOUND")
        assert answer.json["error"]["details"] == {"product_ids": [wanted]}

    def test_a_wish_for_a_product_that_is_not_in_the_cart_is_refused(
        self, shopper: Shopper, session: Session, shop: Shop
    ) -> None:
        stray = make_product(session)

        answer = shopper.confirm(shop, substitutions=[{"product_id": stray.id, "preference": "REFUND"}])

        assert (answer.status_code, answer.json["error"]["code"]) == (400, "BAD_REQUEST")
        assert answer.json["error"]["details"] == {"product_ids": [stray.id]}

    @pytest.mark.parametrize(
        "body",
        [
            {"default_substitution": "THIS_PRODUCT"},
            {"substitutions": [{"product_id": 1, "preference": "THIS_PRODUCT"}]},
            {"substitutions": [{"product_id": 1, "preference": "REFUND", "preferred_product_id": 2}]},
            {"substitutions": [{"product_id": 1, "preference": "THIS_PRODUCT", "preferred_product_id": 1}]},
            {"substitutions": [{"product_id": 1, "preference": "REFUND"}] * 2},
            {"substitutions": [{"product_id": n, "preference": "REFUND"} for n in range(1, 202)]},
            {"substitutions": [{"product_id": 1, "preference": "WHATEVER"}]},
        ],
        ids=["default", "unnamed", "named in vain", "itself", "twice", "too many", "unknown word"],
    )
    def test_wishes_that_make_no_sense_are_refused(self, shopper: Shopper, shop: Shop, body: dict[str, Any]) -> None:
        answer = shopper.confirm(shop, **body)

        assert (answer.status_code, answer.json["error"]["code"]) == (400, "VALIDATION_ERROR")


def test_the_audit_of_an_order_names_its_total_after_the_discount(
    shopper: Shopper, session: Session, shop: Shop
) -> None:
    make_coupon(session, code="TEN")

    shopper.confirm(shop, coupon_code="TEN")

    created = select(AuditEvent).where(AuditEvent.entity_type == "order", AuditEvent.action == "CREATE")
    assert session.execute(created).scalar_one().new_value["total_amount"] == "57.00"
