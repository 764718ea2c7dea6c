"""The receipt as a reader of PDF files sees it."""

import io
import time
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from pypdf import PdfReader
from sqlalchemy.orm import Session

from app.domain.enums import FulfillmentType, OrderStatus, SoldBy
from app.domain.text_order import drawing_order
from app.models import Order, Payment, Product, User
from app.services.orders import reading
from app.services.receipts import fonts, making
from app.services.receipts.paper import wrap
from tests.factories import (
    caller_of,
    make_discount,
    make_location,
    make_order,
    make_product,
    make_substitution,
    make_user,
    sign_in,
)
from tests.packed_orders import lines_of, packed_order


def receipt_of(session: Session, *products: Product, **columns: Any) -> bytes:
    user = make_user(session, full_name="Noa Bar", phone="+972501234567")
    order = make_order(session, user, *products, **columns)
    return making.receipt(order_id=order.id, caller=caller_of(session, user)).pdf


def text_of(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


def test_a_receipt_is_sent_as_a_pdf_named_after_its_order(app: Any, session: Session) -> None:
    user = make_user(session)
    order = make_order(session, user)

    answer = app.test_client().get(f"/api/v1/orders/{order.id}/receipt", headers=sign_in(session, user))

    assert answer.status_code == 200
    assert answer.mimetype == "application/pdf"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="receipt-{order.order_number}.pdf"'
    assert order.order_number in text_of(answer.data)


def test_a_receipt_names_shop_customer_address_and_payment(session: Session) -> None:
    text = text_of(receipt_of(session, created_at=datetime(2026, 12, 6, 23, 30, tzinfo=UTC)))

    assert "Aisle" in text
    assert "Date: 2026-12-07 01:30" in text
    assert "Customer: Noa Bar" in text
    assert "Phone: +972501234567" in text
    assert "Delivery to: 5 Herzl Street, Haifa" in text
    assert "MOCKPAY-1-" in text
    assert "card ending in 4242" in text


def test_a_pickup_names_the_place_instead_of_an_address(session: Session) -> None:
    branch = make_location(session, name="North", address="1 Port Road")

    text = text_of(
        receipt_of(session, fulfillment_type=FulfillmentType.PICKUP, stock_location_id=branch.id, address=None)
    )

    assert "Pickup at: North, 1 Port Road" in text
    assert "Delivery to" not in text


def test_lines_deposits_fee_total_and_taxes_stand_on_the_receipt(session: Session) -> None:
    cola = make_product(session, name="Cola", price=Decimal("8.90"), deposit=Decimal("0.30"))
    bread = make_product(session, name="Bread", price=Decimal("7.00"), tax_rate=Decimal("0"))
    fee = {"delivery_fee": Decimal("30.00"), "delivery_tax_rate": Decimal("18.00")}

    rows = text_of(receipt_of(session, cola, bread, quantity=2, **fee)).split("\n")

    joined = " ".join(rows).replace("  ", " ")
    for expected in (
        "Cola 2 8.90 17.80",
        "Bread 2 7.00 14.00",
        "Deposit: Cola 2 0.30 0.60",
        "Items 31.80",
        "Deposits 0.60",
        "Delivery fee 30.00",
        "Total ILS 62.40",
        "0% 14.00 0.00",
        "18% 47.80 7.30",
    ):
        assert expected in joined


def test_a_weighed_line_tells_weight_and_price_per_kilogram(session: Session) -> None:
    apples = make_product(
        session, name="Apples", price=Decimal("12.00"), sold_by=SoldBy.WEIGHT, estimated_weight_grams=250
    )

    text = text_of(receipt_of(session, apples, quantity=3))

    assert "Estimated weight 750 g, ILS 12.00 per kg" in text


@pytest.mark.parametrize("name", ["आटा चक्की", "हिन्दी", "Crème brûlée", "Кефир", "Γιαούρτι ₪ ₹ €"])
def test_a_name_in_another_script_is_drawn_in_its_letters(session: Session, name: str) -> None:
    text = text_of(receipt_of(session, make_product(session, name=name)))

    assert drawing_order(name) in text
    assert "?" not in text


def test_a_hebrew_name_is_drawn_from_right_to_left(session: Session) -> None:
    text = text_of(receipt_of(session, make_product(session, name="תפוחים ירוקים")))

    assert "תפוחים ירוקים" in text  # the reader turns what is drawn from right to left back into reading order


def test_a_name_the_fonts_lack_comes_with_its_sku(session: Session) -> None:
    text = text_of(receipt_of(session, make_product(session, name="豆腐 🥛", sku="TOFU-1")))

    assert "?? ?" in text
    assert "SKU TOFU-1" in text


def test_a_question_mark_in_a_name_asks_for_no_sku(session: Session) -> None:
    text = text_of(receipt_of(session, make_product(session, name="Ready?", sku="READY-1")))

    assert "SKU" not in text


def test_no_character_makes_the_receipt_fail(session: Session) -> None:
    every_tenth = "".join(chr(code) for code in range(0x20, 0x1FFFF, 10) if not 0xD800 <= code < 0xE000)
    order = _order_named(session, "x")
    for start in range(0, len(every_tenth), 200):
        order.items[0].name = every_tenth[start : start + 200]
        assert making.draw(order).startswith(b"%PDF")


def test_two_hundred_lines_run_over_pages_with_the_head_on_each(session: Session) -> None:
    products = [make_product(session, name=f"Product number {place:03}") for place in range(200)]

    pdf = receipt_of(session, *products)

    pages = [page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages]
    text = "\n".join(pages)
    assert len(pages) > 3
    assert all(f"Product number {place:03}" in text for place in range(200))
    assert all("Quantity" in page for page in pages[:-1])
    assert f"Page {len(pages)}" in pages[-1]


def test_a_long_name_is_wrapped_inside_its_column() -> None:
    name = "Extra virgin olive oil " * 8 + "W" * 60

    lines = wrap(name, 200, fonts.REGULAR, 9.5)

    assert all(fonts.width(line, fonts.REGULAR, 9.5) <= 200 for line in lines)
    assert "".join(lines).replace(" ", "") == name.replace(" ", "")


def test_the_same_order_gives_the_same_bytes(session: Session) -> None:
    order = _order_named(session, "Milk")
    first = making.draw(order)
    time.sleep(1.1)  # a date in the file would change by now

    second = making.draw(order)

    assert first == second


@pytest.mark.parametrize(
    ("order", "payment", "note"),
    [
        ({}, {}, "Held on the card: ILS 10.00."),
        ({}, {"captured_amount": 10}, "Paid: ILS 10.00"),
        ({}, {"captured_amount": 10, "refunded_amount": 4}, "Refunded: ILS 4.00"),
        ({"paid": False}, {}, "Not paid: this is not a proof of payment."),
        ({"status": OrderStatus.PENDING_PAYMENT, "pay_deadline": datetime(2026, 12, 6, tzinfo=UTC)}, {}, "Not paid"),
        (
            {"status": OrderStatus.CANCELED, "canceled_at": datetime(2026, 12, 6, 9, 0, tzinfo=UTC)},
            {},
            "This order was cancelled on 2026-12-06 11:00.",
        ),
    ],
)
def test_the_receipt_says_how_the_money_stands(
    session: Session, order: dict[str, Any], payment: dict[str, Any], note: str
) -> None:
    user = make_user(session)
    made = make_order(session, user, **order)
    _change_payment(session, made, **payment)

    text = text_of(making.receipt(order_id=made.id, caller=caller_of(session, user)).pdf)

    assert note in text


def _change_payment(session: Session, order: Order, **columns: Any) -> None:
    if columns:
        session.query(Payment).filter_by(order_id=order.id).update(columns)
        session.commit()


def _order_named(session: Session, name: str) -> Any:
    user = make_user(session)
    order = make_order(session, user, make_product(session, name=name))
    return reading.detail(order_id=order.id, caller=caller_of(session, user))


def joined(session: Session, user: User, order: Order) -> str:
    """The text of a receipt on one line."""
    pdf = making.receipt(order_id=order.id, caller=caller_of(session, user)).pdf
    return " ".join(text_of(pdf).split())


def test_the_receipt_of_a_packed_order_shows_what_is_charged(session: Session) -> None:
    user = make_user(session)

    text = joined(session, user, packed_order(session, user))

    for expected in (
        "Cola 2 8.90 17.80 3 ordered, 1 not available and not charged",
        "Oat 2 6.00 10.00 instead of Milk At no more than the price of what it replaces",
        "Bread 0 7.00 0.00 Not available: 3 ordered, not charged",
        "Deposit: Cola 2 0.30 0.60",
        "Deposit: Oat 2 0.25 0.50",
        "Items 27.80 Deposits 1.10 Delivery fee 30.00 Discount TEN -2.78 Discount FREE -30.00",
        "Reduction: above the agreed amount -0.80 Total ILS 25.32",
        "0% 8.71 0.00 18% 15.51 2.37",
        "Being charged to the card: ILS 25.32.",
    ):
        assert expected in text


def test_a_weighed_line_of_a_packed_order_tells_what_it_weighed(session: Session) -> None:
    user = make_user(session)
    apples = make_product(
        session, name="Apples", price=Decimal("12.00"), sold_by=SoldBy.WEIGHT, estimated_weight_grams=250
    )
    order = make_order(session, user, apples, quantity=3, status=OrderStatus.READY)
    [line] = lines_of(session, order)
    line.picked_weight_grams, line.final_total = 740, Decimal("8.88")
    session.commit()

    text = joined(session, user, order)

    assert "Apples 3 3.00 8.88 Weight 740 g, ILS 12.00 per kg" in text


def test_before_it_is_packed_each_discount_has_its_line(session: Session) -> None:
    user = make_user(session)
    order = make_order(session, user, quantity=2, discount_total=Decimal("3.00"))
    make_discount(session, order, code="ONE", amount=Decimal("1.00"))
    make_discount(session, order, code="TWO", amount=Decimal("2.00"))

    text = joined(session, user, order)

    assert "Items 20.00 Discount ONE -1.00 Discount TWO -2.00 Total ILS 17.00" in text


def test_once_captured_a_packed_order_is_paid(session: Session) -> None:
    user = make_user(session)
    order = packed_order(session, user)
    _change_payment(session, order, captured_amount=Decimal("25.32"))

    text = joined(session, user, order)

    assert "Paid: ILS 25.32" in text
    assert "Being charged" not in text


def test_a_substitute_the_fonts_lack_comes_with_its_sku(session: Session) -> None:
    user = make_user(session)
    order = make_order(session, user, status=OrderStatus.READY)
    [line] = lines_of(session, order)
    make_substitution(session, line, make_product(session, name="豆腐", sku="TOFU-2"))

    assert "SKU TOFU-2" in joined(session, user, order)
