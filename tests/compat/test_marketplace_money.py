"""Sections 13 to 15 of the marketplace's contract as older clients see them: wallets, the assistant, the office."""

import pytest
from sqlalchemy.orm import Session

from app.domain.enums import Role
from tests.compat.conftest import Old, SignIn, Street
from tests.factories import make_shop_order, make_user, make_vendor

TRANSACTION = {"id", "user_phone", "amount", "type", "reference", "status", "created_at"}
BANK = {"bank_name": "HDFC", "account_number": "50100123456789", "ifsc_code": "HDFC0001234"}


def test_a_consumers_wallet(street: Street) -> None:
    wallet = street.consumer

    assert wallet.get("/consumer/wallet") == {"balance": 0}
    assert wallet.post("/consumer/wallet/load", {"amount": 100}) == {"balance": 100}
    assert wallet.post("/consumer/wallet/debit", {"amount": "19.20"}) == {"balance": 80.8}
    assert wallet.post("/consumer/wallet/refund", {"amount": 0.2, "reference": "sorry"}) == {"balance": 81}
    history = wallet.get("/consumer/wallet/history")["transactions"]
    assert [each["type"] for each in history] == ["refund", "debit", "recharge"]
    assert [each["amount"] for each in history] == [0.2, 19.2, 100]
    assert all(each.keys() == TRANSACTION | {"source"} for each in history)
    assert {each["status"] for each in history} == {"success"}


def test_a_vendors_wallet_and_its_withdrawal(street: Street) -> None:
    wallet = street.vendor
    assert wallet.post("/vendor/wallet/credit", {"amount": 50}) == {"balance": 50}
    assert wallet.post("/vendor/wallet/debit", {"amount": 10}) == {"balance": 40}
    withdraw = "/vendor/wallet/withdraw"
    assert wallet.refused("POST", withdraw, json={"amount": 5}) == (400, "No payout bank setup found")
    wallet.post("/vendor/payout/setup", BANK)

    drawn = wallet.post(withdraw, {"amount": 15})

    assert drawn.keys() == {"message", "bank_account", "balance"}
    assert (drawn["message"], drawn["balance"]) == ("Withdrawal initiated", 25)
    assert drawn["bank_account"].endswith("6789")
    assert wallet.get("/vendor/wallet") == {"balance": 25}
    history = wallet.get("/vendor/wallet/history")["transactions"]
    assert [each["type"] for each in history] == ["withdrawal", "debit", "credit"]
    assert all(each.keys() == TRANSACTION for each in history)
    assert wallet.refused("POST", withdraw, json={"amount": 100}) == (400, "Insufficient balance")


@pytest.mark.parametrize("amount", ["-5", "0", '"NaN"', "NaN", '"abc"', "1.005", "null", "1e400", "true"])
@pytest.mark.parametrize(
    ("side", "path", "message"),
    [
        ("consumer", "load", "Invalid amount"),
        ("consumer", "debit", "Invalid amount"),
        ("consumer", "refund", "Invalid amount"),
        ("vendor", "credit", "Invalid credit amount"),
        ("vendor", "withdraw", "Invalid withdrawal amount"),
    ],
)
def test_amounts_that_are_none(street: Street, side: str, path: str, message: str, amount: str) -> None:
    who = getattr(street, side)
    body = f'{{"amount": {amount}}}'

    refusal = who.refused("POST", f"/{side}/wallet/{path}", data=body, content_type="application/json")

    assert refusal == (400, message)


def test_debits_stay_within_the_balance(street: Street) -> None:
    for side in ("consumer", "vendor"):
        refusal = getattr(street, side).refused("POST", f"/{side}/wallet/debit", json={"amount": 1})

        assert refusal == (400, "Insufficient balance")


def test_the_assistant_answers_flat(street: Street) -> None:
    answer = street.consumer.post("/agent/query", {"query": "rice"})

    assert answer.keys() == {"answer", "suggestions"}
    assert street.consumer.refused("POST", "/agent/query", json={}) == (400, "Query is required")
    assert street.consumer.refused("POST", "/agent/query") == (400, "Query is required")


def test_the_office_reads_phones_shops_and_orders(session: Session, street: Street, admin: Old) -> None:
    order = make_shop_order(session, street.consumer.user, street.shop, street.item)
    people = [street.vendor.user, street.consumer.user, admin.user]

    assert admin.get("/admin/users") == {"users": [user.phone for user in people if user]}
    assert admin.get("/admin/shops") == {"shops": [{"id": street.shop.id, "name": "Rose Shop"}]}
    assert admin.get("/admin/orders") == {"orders": [{"id": order.id, "status": "pending"}]}


def test_the_offices_lists_have_fifty_rows(session: Session, street: Street, admin: Old) -> None:
    for _ in range(55):
        make_vendor(session)

    assert len(admin.get("/admin/users")["users"]) == 50


def test_the_office_is_for_admins(session: Session, street: Street, signed_in: SignIn) -> None:
    assert street.consumer.refused("GET", "/admin/users") == (403, "Forbidden")
    manager = signed_in(make_user(session, role=Role.MANAGER))
    assert manager.refused("GET", "/admin/shops") == (403, "Forbidden")
