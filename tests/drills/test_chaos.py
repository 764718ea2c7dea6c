"""All books agree after servers died among checkouts, and the same run catches a checkout that is wrong on purpose."""

import random
import subprocess
import sys
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from app.config import PROJECT
from scripts.chaos import checks, kills
from scripts.chaos.accounts import Accounts, Order
from scripts.chaos.checks import Findings, compare
from scripts.chaos.mischief import Dice
from scripts.chaos.provider_books import Books, Refused
from scripts.chaos.record import Bought, Record
from scripts.chaos.stage import Stage

PLACE, PRODUCT, REFERENCE = 1, 7, "PAY-1"
STAGE = Stage(
    branch=PLACE,
    warehouse=2,
    shop=3,
    products=[],
    hot=[],
    items=[],
    hot_items=[],
    slots=[],
    scanned=[],
    stock={(PLACE, PRODUCT): 10},
)


def chaos(*options: str) -> "subprocess.CompletedProcess[str]":
    """A run as somebody at a terminal starts it."""
    command = [sys.executable, "-m", "scripts.chaos", *options]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)


@pytest.mark.alone
@pytest.mark.timeout(600)
def test_all_books_agree_after_servers_died_among_checkouts() -> None:
    done = chaos("--checkouts", "150", "--kills", "6", "--seed", "7")

    assert done.returncode == 0, done.stdout + done.stderr
    for kind in ("gunicorn worker", "sweeper", "database backend", "database session", "postmaster"):
        assert f"killed: {kind} " in done.stdout


@pytest.mark.alone
@pytest.mark.timeout(600)
def test_a_payment_inside_the_transaction_is_caught() -> None:
    wrong = ("--wrong", "payment-inside", "--latency", "0.3")

    done = chaos(*wrong, "--checkouts", "60", "--kills", "6", "--seed", "7")

    assert done.returncode == 1, done.stdout + done.stderr
    assert checks.ORPHAN in done.stderr
    assert "(seed 7)" in done.stderr


def order(**changes: Any) -> Order:
    """One that is paid and kept as its buyer was told."""
    values: dict[str, Any] = {
        "id": 5,
        "number": "ORD-5",
        "cart_id": 4,
        "user_id": 3,
        "total": Decimal("20.00"),
        "status": "CREATED",
        "paid_by": "CARD",
        "place": PLACE,
        "reference": REFERENCE,
        "authorized": Decimal("20.00"),
        "captured": Decimal("0.00"),
        "refunded": Decimal("0.00"),
    }
    return Order(**{**values, **changes})


def accounts(*orders: Order, left: int = 8, lines: Mapping[int, int] | None = None) -> Accounts:
    return Accounts(
        orders={one.id: one for one in orders},
        by_reference={one.reference: one for one in orders if one.reference},
        lines={one.id: lines or {PRODUCT: 2} for one in orders},
        order_of_key={"key": 5},
        top_ups={},
        stock={(PLACE, PRODUCT): left},
    )


def record(**changes: Any) -> Record:
    """Of one client, who was told of one order."""
    made = Record(wanted=1)
    values: dict[str, Any] = {
        "key": "key",
        "cart_id": 4,
        "order_id": 5,
        "order_number": "ORD-5",
        "total": Decimal("20.00"),
        "place": PLACE,
        "paid_by": "CARD",
        "lines": {PRODUCT: 2},
    }
    made.acknowledge(Bought(**{**values, **changes}))
    return made


def hold(**changes: Any) -> dict[str, Any]:
    """A payment as the provider's books have it."""
    values = {"status": "requires_capture", "amount": 2000, "amount_received": 0, "refunded": 0}
    return {**values, "metadata": {"reference": REFERENCE}, "moves": [["held", 2000]], **changes}


def found(told: Record, kept: Accounts, *intents: dict[str, Any]) -> Findings:
    return compare(told, kept, intents, STAGE)


def test_books_that_agree_have_no_findings() -> None:
    assert not found(record(), accounts(order()), hold()).counts


@pytest.mark.parametrize(
    ("told", "kept", "intents", "kind"),
    [
        (record(), accounts(left=10), [hold()], checks.LOST),
        (record(), accounts(order(status="CANCELED"), left=10), [], checks.LOST),
        (record(), accounts(order(), order(id=6, reference="PAY-2")), [hold()], checks.DOUBLE_ORDERS),
        (record(), accounts(order(), order(id=6, cart_id=9, reference="PAY-2")), [hold()], checks.UNKNOWN),
        (record(), accounts(order()), [hold(), hold()], checks.DOUBLE),
        (record(), accounts(order()), [hold(), hold(metadata={"reference": "PAY-9"})], checks.ORPHAN),
        (record(), accounts(order()), [], checks.UNSETTLED),
        (record(), accounts(order()), [hold(status="canceled")], checks.UNSETTLED),
        (record(), accounts(order()), [hold(amount=2100)], checks.AMOUNT),
        (record(), accounts(order(total=Decimal("21.00"))), [hold()], checks.AMOUNT),
        (record(), accounts(order()), [hold(status="succeeded", amount_received=2000)], checks.AMOUNT),
        (record(), accounts(order(), lines={PRODUCT: 3}), [hold()], checks.AMOUNT),
        (record(), accounts(order(), left=7), [hold()], checks.STOCK),
        (record(lines={PRODUCT: 11}), accounts(order(), left=0), [hold()], checks.OVERSOLD),
    ],
)
def test_what_does_not_agree_is_found(told: Record, kept: Accounts, intents: list[dict[str, Any]], kind: str) -> None:
    assert found(told, kept, *intents).counts[kind]


def test_a_hold_left_for_a_cancelled_order_is_unsettled() -> None:
    told = record()
    told.cancelled.add(5)

    findings = found(told, accounts(order(status="CANCELED"), left=10), hold())

    assert findings.counts == {checks.UNSETTLED: 1}


def test_a_wallet_that_holds_more_than_was_paid_in_is_found() -> None:
    told = record(paid_by="WALLET", buyer="neighbour")
    told.loads["key"] = ("neighbour", Decimal(100))
    told.balances["neighbour"] = Decimal("80.01")

    findings = found(told, accounts(order(reference=None, paid_by="WALLET")))

    assert findings.counts == {checks.AMOUNT: 1}


@pytest.fixture
def books(tmp_path: Path) -> Books:
    return Books(tmp_path / "journal", lambda *_: None)


FORM = {"amount": "2000", "currency": "ils", "metadata[reference]": REFERENCE}


def test_the_provider_answers_a_key_again_as_it_did_first(books: Books) -> None:
    books.begin("key", "request")
    answer = books.authorize(FORM, decline=False)
    books.end("key", "request", answer)

    assert books.begin("key", "request") == answer


@pytest.mark.parametrize(("sent", "code"), [("request", "key_in_use"), ("another", "idempotency_error")])
def test_the_provider_refuses_a_key_at_work_and_one_used_for_something_else(books: Books, sent: str, code: str) -> None:
    books.begin("key", "request")

    with pytest.raises(Refused, match=code):
        books.begin("key", sent)

    assert bool(books.misused_keys) == (code == "idempotency_error")


def test_the_provider_takes_what_it_holds_once(books: Books) -> None:
    _, intent = books.authorize(FORM, decline=False)
    books.capture(intent["id"], {"amount_to_capture": "1500"})

    with pytest.raises(Refused, match="unexpected_state"):
        books.capture(intent["id"], {"amount_to_capture": "1500"})

    assert books.all()[0]["moves"] == [("held", 2000), ("taken", 1500)]


def test_the_list_of_payments_goes_on_where_the_page_before_ended(books: Books) -> None:
    made = [books.authorize(FORM, decline=False)[1]["id"] for _ in range(5)]

    first = books.listed({"limit": "3"})[1]
    second = books.listed({"limit": "3", "starting_after": first["data"][-1]["id"]})[1]

    assert [intent["id"] for page in (first, second) for intent in page["data"]] == made[::-1]
    assert (first["has_more"], second["has_more"]) == (True, False)


def test_a_seed_draws_the_same_mischief_and_the_same_kills() -> None:
    pairs = []
    for _ in range(2):
        dice = Dice(3)
        dice.on = True
        mischief = [dice.of_request(is_write=True, may_decline=True) for _ in range(300)]
        pairs.append((mischief, kills.deck(40, random.Random(3))))

    assert pairs[0] == pairs[1]
    assert len(set(pairs[0][0])) > 4
    assert set(pairs[0][1]) == set(kills.deck(6, random.Random(1)))
