"""A consumer's wallet: balance, history, and what changes it."""

from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.domain.enums import AccountKind, JournalReason
from app.models import Account, AuditEvent, Journal
from tests.books import give
from tests.conftest import Statements
from tests.factories import make_consumer, make_shop, make_shop_order, make_vendor, sign_in
from tests.shopping import assert_sound

WALLET = "/api/v1/consumer/wallet"
IMPOSSIBLE = [
    0,
    -1,
    "-0.01",
    0.001,
    "10.005",
    1e13,
    "1" * 40,
    "NaN",
    "Infinity",
    "-Infinity",
    "abc",
    True,
    None,
    [],
    {},
]


class Owner:
    """A consumer with a wallet and a client."""

    def __init__(self, session: Session, client: FlaskClient) -> None:
        self.user, self.client = make_consumer(session), client
        self.headers = sign_in(session, self.user)

    def get(self, path: str = "") -> Any:
        answer = self.client.get(f"{WALLET}{path}", headers=self.headers)
        assert answer.status_code == 200, answer.json
        return answer.json["data"]

    def post(self, path: str, **body: Any) -> TestResponse:
        return self.client.post(f"{WALLET}{path}", json=body, headers=self.headers)


@pytest.fixture
def owner(session: Session, client: FlaskClient) -> Owner:
    return Owner(session, client)


def test_a_wallet_nobody_used_holds_nothing_and_reading_it_opens_none(session: Session, owner: Owner) -> None:
    assert owner.get() == {"balance": 0}
    assert owner.get("/history") == []
    assert session.execute(select(func.count()).select_from(Account)).scalar_one() == 0


def test_a_debit_takes_what_is_there_and_no_more(session: Session, owner: Owner) -> None:
    give(session, AccountKind.WALLET, owner.user.id, "30.00")

    taken, refused = owner.post("/debit", amount=20.5), owner.post("/debit", amount=9.51)

    assert (taken.status_code, taken.json) == (200, {"data": {"balance": 9.5}})
    assert refused.status_code == 402
    assert refused.json["error"]["code"] == "INSUFFICIENT_FUNDS"
    assert refused.json["error"]["message"] == "Insufficient balance"
    assert refused.json["error"]["details"] == {"available": 9.5}
    assert owner.get() == {"balance": 9.5}
    assert_sound()


def test_a_first_debit_of_a_wallet_nobody_used_is_short_of_money(owner: Owner) -> None:
    assert owner.post("/debit", amount=1).status_code == 402


def test_a_refund_to_oneself_is_for_tries(session: Session, owner: Owner) -> None:
    answer = owner.post("/refund", amount="12.30")

    assert (answer.status_code, answer.json) == (200, {"data": {"balance": 12.3}})
    trail = session.execute(select(AuditEvent.action, AuditEvent.new_value).order_by(AuditEvent.id.desc()).limit(1))
    assert trail.one() == ("CREDIT", {"amount": "12.30", "reference": "manual-refund"})
    assert_sound()


def test_a_wallet_has_an_end(owner: Owner) -> None:
    codes = [owner.post("/refund", amount=9999999999.99).status_code for _ in range(2)]

    assert codes == [200, 409]
    assert owner.get() == {"balance": 9999999999.99}


def test_where_it_is_closed_nobody_refunds_themselves(
    session: Session, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = owner.client.application.extensions["settings"].model_copy(update={"allow_self_wallet_credit": False})
    monkeypatch.setitem(owner.client.application.extensions, "settings", closed)

    answer = owner.post("/refund", amount=5)

    assert (answer.status_code, answer.json["error"]["message"]) == (403, "Forbidden")
    assert session.execute(select(func.count()).select_from(Journal)).scalar_one() == 0


@pytest.mark.parametrize("path", ["/debit", "/refund", "/load"])
@pytest.mark.parametrize("amount", IMPOSSIBLE, ids=repr)
def test_no_impossible_amount_moves_anything(session: Session, owner: Owner, path: str, amount: Any) -> None:
    give(session, AccountKind.WALLET, owner.user.id, "30.00")

    answer = owner.post(path, amount=amount)

    error = answer.json["error"]
    assert (answer.status_code, error["code"]) == (400, "VALIDATION_ERROR")
    assert [fault["msg"] for fault in error["details"]["errors"]] == ["Invalid amount"]
    assert owner.get() == {"balance": 30}


@pytest.mark.parametrize("body", ['{"amount": NaN}', '{"amount": Infinity}', '{"amount": -1e999}', "[]", "1", "{}"])
def test_a_body_that_is_no_amount_is_refused(owner: Owner, body: str) -> None:
    headers = {**owner.headers, "Content-Type": "application/json"}

    answer = owner.client.post(f"{WALLET}/debit", data=body, headers=headers)

    assert (answer.status_code, answer.json["error"]["code"]) == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize("reference", ["", " ", "x" * 101, "a\x00b", 5, None])
def test_a_reference_is_a_short_text(owner: Owner, reference: Any) -> None:
    assert owner.post("/refund", amount=1, reference=reference).status_code == 400


def test_other_fields_are_not_read(owner: Owner) -> None:
    assert owner.post("/refund", amount=1, balance=10**6, user_id=1).json == {"data": {"balance": 1}}


def test_the_history_tells_what_changed_the_wallet_newest_first(session: Session, owner: Owner) -> None:
    order = make_shop_order(session, owner.user, make_shop(session))
    paid = {"reason": JournalReason.ORDER_CONFIRM, "order_id": order.id, "description": f"Order #{order.id}"}
    give(session, AccountKind.WALLET, owner.user.id, "50.00", reason=JournalReason.TOP_UP, description="manual-load")
    give(session, AccountKind.WALLET, owner.user.id, "-10.00", **paid)  # type: ignore[arg-type]

    newest, oldest = owner.get("/history")

    assert {name: newest[name] for name in newest if name not in ("id", "created_at")} == {
        "user_phone": owner.user.phone,
        "amount": 10,
        "type": "debit",
        "reference": f"Order #{order.id}",
        "source": "order_confirm",
        "status": "success",
        "delta": -10,
        "balance_after": 40,
        "order_id": order.id,
    }
    assert (oldest["type"], oldest["amount"], oldest["source"]) == ("recharge", 50, "api")
    assert newest["id"] > oldest["id"]
    assert newest["created_at"].endswith(("Z", "+00:00"))


def test_the_history_shows_fifty_and_its_cursor_leads_through_all(session: Session, owner: Owner) -> None:
    for _ in range(52):
        give(session, AccountKind.WALLET, owner.user.id, "1.00")

    first = owner.client.get(f"{WALLET}/history", headers=owner.headers).json
    cursor = first["meta"]["next_cursor"]
    second = owner.client.get(f"{WALLET}/history?cursor={cursor}", headers=owner.headers).json

    seen = [row["balance_after"] for row in first["data"] + second["data"]]
    assert (len(first["data"]), len(second["data"])) == (50, 2)
    assert seen == list(range(52, 0, -1))
    assert second["meta"]["next_cursor"] is None


def test_a_history_is_nobody_elses_and_not_that_of_a_shop_with_the_same_number(session: Session, owner: Owner) -> None:
    stranger = make_consumer(session)
    give(session, AccountKind.WALLET, stranger.id, "5.00")
    give(session, AccountKind.VENDOR_AVAILABLE, owner.user.id, "5.00")

    assert owner.get("/history") == []
    assert owner.get() == {"balance": 0}


def test_a_longer_history_takes_no_more_statements(session: Session, owner: Owner, statements: Statements) -> None:
    counts = []
    for _ in range(2):
        for _ in range(10):
            give(session, AccountKind.WALLET, owner.user.id, "1.00")
        statements.clear()
        owner.get("/history")
        counts.append(len(statements))

    assert counts[0] == counts[1] <= 3


def test_the_history_reads_the_index_of_the_wallets_entries(session: Session, owner: Owner) -> None:
    index = text("SELECT indexdef FROM pg_indexes WHERE indexname = 'ix_entries_account_id_id'")

    assert "(account_id, id)" in session.execute(index).scalar_one()


def test_a_made_up_cursor_is_refused(owner: Owner) -> None:
    answer = owner.client.get(f"{WALLET}/history?cursor=abc", headers=owner.headers)

    assert answer.status_code == 400


def test_no_vendor_enters(session: Session, client: FlaskClient) -> None:
    assert client.get(WALLET, headers=sign_in(session, make_vendor(session))).status_code == 403


def test_money_keeps_its_cents(session: Session, owner: Owner) -> None:
    for _ in range(3):
        owner.post("/refund", amount=0.1)

    assert owner.get() == {"balance": 0.3}
    assert session.execute(select(Account.balance).where(Account.kind == "wallet")).scalar_one() == Decimal("0.30")
