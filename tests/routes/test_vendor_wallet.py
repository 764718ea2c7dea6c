"""A vendor's money: balance, history, statement and withdrawals."""

import csv
import io
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient
from pypdf import PdfReader
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.config import settings
from app.domain.enums import AccountKind, JournalReason
from app.models import Account, AuditEvent, Journal, LiveEvent, Payout
from app.services import ledger
from app.services.secrets_at_rest import decrypt
from app.services.wallets import statement
from tests.books import ACCOUNT_NUMBER, give, make_bank
from tests.conftest import Statements
from tests.factories import make_consumer, make_shop, make_vendor, sign_in
from tests.shopping import assert_sound

WALLET = "/api/v1/vendor/wallet"
IMPOSSIBLE = [0, -5, 0.001, "NaN", "Infinity", 1e13, "abc", True, None]


class Owner:
    """A vendor with a shop, 100.00 available, and a bank."""

    def __init__(self, session: Session, client: FlaskClient) -> None:
        self.user, self.client = make_vendor(session), client
        self.shop = make_shop(session, self.user, name="Corner shop")
        self.headers = sign_in(session, self.user)
        give(session, AccountKind.VENDOR_AVAILABLE, self.shop.id, "100.00")
        make_bank(session, self.user)

    def get(self, path: str = "") -> Any:
        answer = self.client.get(f"{WALLET}{path}", headers=self.headers)
        assert answer.status_code == 200, answer.json
        return answer.json["data"]

    def post(self, path: str, *, key: str | None = None, **body: Any) -> TestResponse:
        headers = {**self.headers, **({"Idempotency-Key": key} if key else {})}
        return self.client.post(f"{WALLET}{path}", json=body, headers=headers)

    def statement(self, query: str = "") -> list[list[str]]:
        answer = self.client.get(f"{WALLET}/statement?{query}", headers=self.headers)
        assert answer.status_code == 200, answer.json
        assert answer.mimetype == "text/csv"
        return list(csv.reader(io.StringIO(answer.text)))


@pytest.fixture
def owner(session: Session, client: FlaskClient) -> Owner:
    return Owner(session, client)


class TestBalance:
    def test_it_is_what_is_pending_and_what_is_available(self, session: Session, owner: Owner) -> None:
        give(session, AccountKind.VENDOR_PENDING, owner.shop.id, "20.50")

        assert owner.get() == {"balance": 120.5, "pending": 20.5, "available": 100}

    def test_of_a_vendor_without_a_shop_it_is_nothing(self, session: Session, client: FlaskClient) -> None:
        headers = sign_in(session, make_vendor(session))

        balance, history = (client.get(f"{WALLET}{path}", headers=headers).json for path in ("", "/history"))

        assert balance == {"data": {"balance": 0, "pending": 0, "available": 0}}
        assert history["data"] == []

    def test_what_a_return_overdrew_is_shown(self, session: Session, owner: Owner) -> None:

        owed = [
            ledger.Move(AccountKind.VENDOR_AVAILABLE, Decimal(-130), owner.shop.id),
            ledger.Move(AccountKind.ADJUSTMENTS, Decimal(130)),
        ]
        ledger.post(session, reference="owed", description="Return", moves=owed, may_overdraw=True)
        session.commit()

        assert owner.get() == {"balance": -30, "pending": 0, "available": -30}
        assert owner.get("/history")[0]["balance_after"] == -30
        assert owner.statement()[-1][-1] == "-30.00"

    def test_no_consumer_enters(self, session: Session, client: FlaskClient) -> None:
        assert client.get(WALLET, headers=sign_in(session, make_consumer(session))).status_code == 403


class TestByHand:
    def test_credit_and_debit_change_what_is_available(self, owner: Owner) -> None:
        credited, debited = owner.post("/credit", amount=5), owner.post("/debit", amount="25.50")

        assert credited.json["data"] == {"balance": 105, "pending": 0, "available": 105}
        assert debited.json["data"] == {"balance": 79.5, "pending": 0, "available": 79.5}
        assert [row["reference"] for row in owner.get("/history")[:2]] == ["manual-debit", "manual-credit"]
        assert_sound()

    def test_what_is_pending_cannot_be_debited(self, session: Session, owner: Owner) -> None:
        give(session, AccountKind.VENDOR_PENDING, owner.shop.id, "50.00")

        refused = owner.post("/debit", amount=100.01)

        assert (refused.status_code, refused.json["error"]["message"]) == (402, "Insufficient balance")

    def test_where_it_is_closed_nobody_credits_themselves(self, owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
        extensions = owner.client.application.extensions
        closed = extensions["settings"].model_copy(update={"allow_self_wallet_credit": False})
        monkeypatch.setitem(extensions, "settings", closed)

        answer = owner.post("/credit", amount=5)

        assert (answer.status_code, answer.json["error"]["message"]) == (403, "Forbidden")
        assert owner.get()["balance"] == 100

    @pytest.mark.parametrize(
        ("path", "message"),
        [
            ("/credit", "Invalid credit amount"),
            ("/debit", "Invalid amount"),
            ("/withdraw", "Invalid withdrawal amount"),
        ],
    )
    @pytest.mark.parametrize("amount", IMPOSSIBLE, ids=repr)
    def test_no_impossible_amount_moves_anything(self, owner: Owner, path: str, message: str, amount: Any) -> None:
        answer = owner.post(path, amount=amount)

        assert answer.status_code == 400
        assert [fault["msg"] for fault in answer.json["error"]["details"]["errors"]] == [message]
        assert owner.get()["balance"] == 100

    @pytest.mark.parametrize("path", ["/credit", "/debit", "/withdraw"])
    def test_a_vendor_without_a_shop_has_nothing_to_move(
        self, session: Session, client: FlaskClient, path: str
    ) -> None:
        headers = sign_in(session, make_vendor(session))

        answer = client.post(f"{WALLET}{path}", json={"amount": 1}, headers=headers)

        assert (answer.status_code, answer.json["error"]["message"]) == (404, "Shop not found")


class TestHistory:
    def test_it_covers_both_accounts_but_not_what_only_moves_between_them(self, session: Session, owner: Owner) -> None:
        give(session, AccountKind.VENDOR_PENDING, owner.shop.id, "9.00", reason=JournalReason.DELIVERED)
        give(session, AccountKind.VENDOR_PENDING, owner.shop.id, "-9.00", reason=JournalReason.MATURED)
        give(session, AccountKind.VENDOR_AVAILABLE, owner.shop.id, "9.00", reason=JournalReason.MATURED)

        rows = owner.get("/history")

        assert [(row["type"], row["account"], row["delta"]) for row in rows] == [
            ("credit", "pending", 9),
            ("credit", "available", 100),
        ]
        assert rows[0]["user_phone"] == owner.user.phone
        assert (rows[0]["balance_after"], rows[1]["balance_after"]) == (9, 100)

    def test_its_cursor_leads_through_both_accounts_in_one_order(self, session: Session, owner: Owner) -> None:
        for number in range(4):
            kind = (AccountKind.VENDOR_PENDING, AccountKind.VENDOR_AVAILABLE)[number % 2]
            give(session, kind, owner.shop.id, f"{number + 1}.00")

        first = owner.client.get(f"{WALLET}/history?limit=3", headers=owner.headers).json
        query = f"limit=3&cursor={first['meta']['next_cursor']}"
        second = owner.client.get(f"{WALLET}/history?{query}", headers=owner.headers).json

        assert [row["delta"] for row in first["data"] + second["data"]] == [4, 3, 2, 1, 100]
        assert second["meta"]["has_next"] is False

    def test_it_takes_no_more_statements_when_it_grows(
        self, session: Session, owner: Owner, statements: Statements
    ) -> None:
        counts = []
        for _ in range(2):
            for _ in range(5):
                give(session, AccountKind.VENDOR_PENDING, owner.shop.id, "1.00")
            statements.clear()
            owner.get("/history")
            counts.append(len(statements))

        assert counts[0] == counts[1] <= 3


class TestWithdrawal:
    def test_it_leaves_what_is_available_and_waits_for_the_office(self, session: Session, owner: Owner) -> None:
        answer = owner.post("/withdraw", amount=60)

        payout = session.execute(select(Payout)).scalar_one()
        assert (answer.status_code, answer.json["data"]) == (
            200,
            {
                "message": "Withdrawal initiated",
                "payout_id": payout.id,
                "status": "requested",
                "bank_account": "****6789",
                "balance": 40,
                "pending": 0,
                "available": 40,
            },
        )
        assert (payout.requested_by, payout.approved_by, payout.ifsc_code) == (owner.user.id, None, "HDFC0000001")
        assert decrypt(payout.account_number) == ACCOUNT_NUMBER
        newest = owner.get("/history")[0]
        assert (newest["type"], newest["reference"], newest["delta"]) == ("withdrawal", "Withdraw to ****6789", -60)
        assert_sound()

    def test_nothing_answered_or_written_down_shows_the_account_number(self, session: Session, owner: Owner) -> None:
        answers = [owner.post("/withdraw", amount=10).text]
        answers += [str(owner.get(path)) for path in ("/history", "/payouts")]
        answers += [owner.client.get(f"{WALLET}/statement", headers=owner.headers).text]

        kept = session.execute(text("SELECT string_agg(row::text, '') FROM audit_events AS row")).scalar_one()
        kept += session.execute(text("SELECT string_agg(row::text, '') FROM payouts AS row")).scalar_one()
        told = session.execute(text("SELECT string_agg(row::text, '') FROM live_events AS row")).scalar_one()
        assert ACCOUNT_NUMBER not in "".join([*answers, kept, told])

    def test_it_is_audited_and_told(self, session: Session, owner: Owner) -> None:
        made = owner.post("/withdraw", amount=10).json["data"]

        trail = select(AuditEvent.action, AuditEvent.actor_user_id, AuditEvent.new_value)
        found = session.execute(trail.where(AuditEvent.entity_type == "payout")).one()
        news = session.execute(select(LiveEvent.user_id, LiveEvent.topic, LiveEvent.payload)).one()
        assert found[:2] == ("CREATE", owner.user.id)
        assert found[2] == {"state": "requested", "amount": "10.00", "shop_id": owner.shop.id}
        told = {"payout_id": made["payout_id"], "status": "requested", "amount": 10.0}
        assert news == (owner.user.id, "payout.changed", told)

    def test_more_than_is_available_is_refused_and_nothing_written(self, session: Session, owner: Owner) -> None:
        give(session, AccountKind.VENDOR_PENDING, owner.shop.id, "50.00")

        answer = owner.post("/withdraw", amount=100.01)

        assert (answer.status_code, answer.json["error"]["message"]) == (402, "Insufficient balance")
        assert session.execute(select(func.count()).select_from(Payout)).scalar_one() == 0

    def test_it_needs_a_bank(self, session: Session, client: FlaskClient) -> None:
        vendor = make_vendor(session)
        shop = make_shop(session, vendor)
        give(session, AccountKind.VENDOR_AVAILABLE, shop.id, "10.00")

        answer = client.post(f"{WALLET}/withdraw", json={"amount": 1}, headers=sign_in(session, vendor))

        assert (answer.status_code, answer.json["error"]["message"]) == (409, "No payout bank setup found")

    def test_without_a_key_each_request_counts(self, owner: Owner) -> None:
        for _ in range(2):
            owner.post("/withdraw", amount=10)

        assert owner.get()["available"] == 80

    def test_the_same_key_draws_once_and_says_so(self, owner: Owner) -> None:
        first, second = (owner.post("/withdraw", key="k-1", amount=amount) for amount in (10, "10.00"))

        assert "Idempotent-Replayed" not in first.headers
        assert second.headers["Idempotent-Replayed"] == "true"
        assert first.json == second.json
        assert owner.get()["available"] == 90

    def test_the_same_key_for_another_amount_is_refused(self, owner: Owner) -> None:
        owner.post("/withdraw", key="k-1", amount=10)

        answer = owner.post("/withdraw", key="k-1", amount=11)

        assert (answer.status_code, answer.json["error"]["code"]) == (409, "IDEMPOTENCY_KEY_REUSE_MISMATCH")
        assert owner.get()["available"] == 90

    def test_a_key_is_of_one_shop(self, session: Session, client: FlaskClient, owner: Owner) -> None:
        other = Owner(session, client)

        answers = [each.post("/withdraw", key="k-1", amount=10) for each in (owner, other)]

        assert answers[0].json["data"]["payout_id"] != answers[1].json["data"]["payout_id"]
        assert other.get()["available"] == 90

    def test_a_refused_withdrawal_leaves_its_key_free(self, session: Session, owner: Owner) -> None:
        assert owner.post("/withdraw", key="k-1", amount=110).status_code == 402
        give(session, AccountKind.VENDOR_AVAILABLE, owner.shop.id, "20.00")

        assert owner.post("/withdraw", key="k-1", amount=110).status_code == 200

    @pytest.mark.parametrize("key", ["x" * 129, "with space", "ümlaut"])
    def test_a_key_is_visible_ascii(self, owner: Owner, key: str) -> None:
        answer = owner.post("/withdraw", key=key, amount=10)

        assert (answer.status_code, answer.json["error"]["code"]) == (400, "INVALID_IDEMPOTENCY_KEY")

    def test_payouts_are_listed_newest_first_and_nobody_elses(
        self, session: Session, client: FlaskClient, owner: Owner
    ) -> None:
        Owner(session, client).post("/withdraw", amount=1)
        made = [owner.post("/withdraw", amount=amount).json["data"]["payout_id"] for amount in (10, 20)]

        rows = owner.get("/payouts")

        assert [row["id"] for row in rows] == made[::-1]
        assert (rows[0]["amount"], rows[0]["status"], rows[0]["bank_account"]) == (20, "requested", "****6789")

    def test_a_longer_list_of_payouts_takes_no_more_statements(self, owner: Owner, statements: Statements) -> None:
        counts = []
        for _ in range(2):
            for _ in range(3):
                owner.post("/withdraw", amount=1)
            statements.clear()
            owner.get("/payouts")
            counts.append(len(statements))

        assert counts[0] == counts[1] <= 3


class TestStatement:
    def test_its_moves_lead_from_the_opening_to_the_closing_balance(self, session: Session, owner: Owner) -> None:
        give(session, AccountKind.VENDOR_PENDING, owner.shop.id, "12.34", description="Order #1 delivered")
        owner.post("/withdraw", amount="20.01")
        backdate(session, "A present", days=40)

        heads, opening, *moves, closing = owner.statement(f"from={day(-30)}&to={day(0)}")

        assert heads == ["date", "reference", "type", "order_id", "amount", "balance"]
        assert opening[1:] == ["Opening balance", "", "", "", "100.00"]
        assert [move[1:] for move in moves] == [
            ["Order #1 delivered", "credit", "", "12.34", "112.34"],
            ["Withdraw to ****6789", "withdrawal", "", "-20.01", "92.33"],
        ]
        assert closing[-1] == "92.33"

    @pytest.mark.parametrize("days", [0, 1, 5, 40])
    def test_it_adds_up_over_any_period(self, session: Session, owner: Owner, days: int) -> None:
        for number, amount in enumerate(["30.00", "-12.50", "7.77", "-0.01"]):
            kind = (AccountKind.VENDOR_PENDING, AccountKind.VENDOR_AVAILABLE)[number % 2]
            give(session, kind, owner.shop.id, amount, description=f"Move {number}")
            backdate(session, f"Move {number}", days=number * 2)

        _, opening, *moves, closing = owner.statement(f"from={day(-days)}")

        moved = sum((Decimal(move[4]) for move in moves), Decimal(0))
        assert Decimal(opening[-1]) + moved == Decimal(closing[-1]) == Decimal("125.26")
        assert [Decimal(move[5]) for move in moves] == [
            Decimal(opening[-1]) + sum(Decimal(move[4]) for move in moves[: number + 1]) for number in range(len(moves))
        ]

    def test_what_matures_is_not_on_it(self, session: Session, owner: Owner) -> None:
        give(session, AccountKind.VENDOR_PENDING, owner.shop.id, "9.00", reason=JournalReason.DELIVERED)
        give(session, AccountKind.VENDOR_PENDING, owner.shop.id, "-9.00", reason=JournalReason.MATURED)
        give(session, AccountKind.VENDOR_AVAILABLE, owner.shop.id, "9.00", reason=JournalReason.MATURED)

        _, _, *moves, closing = owner.statement()

        assert [move[4] for move in moves] == ["100.00", "9.00"]
        assert closing[-1] == "109.00"

    def test_a_reference_that_a_spreadsheet_would_run_is_made_harmless(self, owner: Owner) -> None:
        owner.post("/debit", amount=1, reference='=HYPERLINK("http://evil")')

        assert owner.statement()[-2][1] == '\'=HYPERLINK("http://evil")'

    def test_it_comes_as_pdf_too(self, owner: Owner) -> None:
        owner.post("/withdraw", amount="20.01")

        answer = owner.client.get(f"{WALLET}/statement?format=pdf", headers=owner.headers)

        shown = "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.data)).pages)
        assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
        assert answer.headers["Content-Disposition"].startswith('attachment; filename="statement-20')
        for part in ("Corner shop", "Opening balance", "A present", "Withdraw to ****6789", "-20.01", "79.99"):
            assert part in shown

    @pytest.mark.parametrize(
        "query", ["from=2026-02-01&to=2026-01-01", "from=2020-01-01&to=2026-01-01", "from=x", "format=xml", "since=1"]
    )
    def test_an_impossible_period_or_format_is_refused(self, owner: Owner, query: str) -> None:
        assert owner.client.get(f"{WALLET}/statement?{query}", headers=owner.headers).status_code == 400

    def test_one_that_would_be_too_long_is_refused(
        self, session: Session, owner: Owner, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(statement, "MOST_MOVES", 0)

        answer = owner.client.get(f"{WALLET}/statement", headers=owner.headers)

        assert (answer.status_code, answer.json["error"]["code"]) == (400, "STATEMENT_TOO_LONG")

    def test_a_longer_one_takes_no_more_statements(
        self, session: Session, owner: Owner, statements: Statements
    ) -> None:
        counts = []
        for _ in range(2):
            for _ in range(5):
                give(session, AccountKind.VENDOR_PENDING, owner.shop.id, "1.00")
            statements.clear()
            owner.statement()
            counts.append(len(statements))

        assert counts[0] == counts[1]

    def test_it_needs_a_shop(self, session: Session, client: FlaskClient) -> None:
        answer = client.get(f"{WALLET}/statement", headers=sign_in(session, make_vendor(session)))

        assert answer.status_code == 404


def day(ahead: int) -> str:
    """A day from today on, as the shop's calendar has it."""
    return f"{datetime.now(settings().zone).date() + timedelta(days=ahead)}"


def backdate(session: Session, description: str, *, days: int) -> None:
    """Let a journal be older: the books are append-only, so the trigger that says so is put aside for this."""
    session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    session.execute(text("ALTER TABLE journals DISABLE TRIGGER USER"))
    old = func.now() - timedelta(days=days)
    session.execute(Journal.__table__.update().where(Journal.description == description).values(created_at=old))
    session.execute(text("ALTER TABLE journals ENABLE TRIGGER USER"))
    session.execute(text("SET CONSTRAINTS ALL DEFERRED"))
    session.commit()


def test_reading_opens_no_account(session: Session, client: FlaskClient) -> None:
    vendor = make_vendor(session)
    make_shop(session, vendor)
    headers = sign_in(session, vendor)

    for path in ("", "/history", "/payouts", "/statement"):
        assert client.get(f"{WALLET}{path}", headers=headers).status_code == 200

    assert session.execute(select(func.count()).select_from(Account)).scalar_one() == 0
