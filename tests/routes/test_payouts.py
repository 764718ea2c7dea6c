"""The office's side of vendors' money: payouts from request to bank, and consumers' wallets."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.domain.enums import AccountKind, Role
from app.models import AuditEvent, Journal, LiveEvent, Payout, PayoutBank
from tests.books import ACCOUNT_NUMBER, give, make_bank
from tests.conftest import Statements
from tests.factories import make_consumer, make_shop, make_user, make_vendor, sign_in
from tests.shopping import assert_sound

ADMIN = "/api/v1/admin"
SENT = {"bank_reference": "NEFT-42"}
FAILED = {"reason": "The account is closed."}


class Office:
    """Two admins, and a vendor with 100.00 of which 60.00 is on its way out."""

    def __init__(self, session: Session, client: FlaskClient) -> None:
        self.client = client
        self.vendor = make_vendor(session)
        self.shop = make_shop(session, self.vendor, name="Corner shop")
        self.vendors_headers = sign_in(session, self.vendor)
        self.admins = [make_user(session, role=Role.ADMIN) for _ in range(2)]
        self.headers = [sign_in(session, admin) for admin in self.admins]
        give(session, AccountKind.VENDOR_AVAILABLE, self.shop.id, "100.00")
        make_bank(session, self.vendor)
        self.payout_id = self.withdraw(60)

    def withdraw(self, amount: float) -> int:
        answer = self.client.post(
            "/api/v1/vendor/wallet/withdraw", json={"amount": amount}, headers=self.vendors_headers
        )
        return int(answer.json["data"]["payout_id"])

    def get(self, path: str) -> TestResponse:
        return self.client.get(f"{ADMIN}{path}", headers=self.headers[0])

    def post(self, path: str, body: Any = None, *, admin: int = 0, key: str | None = None) -> TestResponse:
        headers = {**self.headers[admin], **({"Idempotency-Key": key} if key else {})}
        return self.client.post(f"{ADMIN}{path}", json=body, headers=headers)

    def step(self, name: str, body: Any = None, *, payout_id: int | None = None, admin: int = 0) -> TestResponse:
        return self.post(f"/payouts/{payout_id or self.payout_id}/{name}", body, admin=admin)

    def ask(self, amount: float = 10, *, key: str | None = "k-1", admin: int = 0, **body: Any) -> TestResponse:
        return self.post("/payouts", {"shop_id": self.shop.id, "amount": amount, **body}, key=key, admin=admin)

    def balance(self) -> dict[str, float]:
        answer = self.client.get("/api/v1/vendor/wallet", headers=self.vendors_headers)
        return dict(answer.json["data"])


STEPS: dict[str, Any] = {"approve": None, "sent": SENT, "paid": None, "fail": FAILED}
WAYS: dict[str, list[str]] = {
    "requested": [],
    "approved": ["approve"],
    "sent": ["approve", "sent"],
    "paid": ["approve", "sent", "paid"],
    "failed": ["approve", "sent", "fail"],
}
ALLOWED = {
    "approve": {"requested": "approved"},
    "sent": {"approved": "sent"},
    "paid": {"sent": "paid"},
    "fail": {"requested": "failed", "approved": "failed", "sent": "failed"},
}


@pytest.fixture
def office(session: Session, client: FlaskClient) -> Office:
    return Office(session, client)


def bring_to(office: Office, state: str) -> None:
    for name in WAYS[state]:
        assert office.step(name, STEPS[name]).status_code == 200


class TestSteps:
    @pytest.mark.parametrize("state", WAYS)
    @pytest.mark.parametrize("step", STEPS)
    def test_only_what_the_way_of_a_payout_allows_is_done(self, office: Office, state: str, step: str) -> None:
        bring_to(office, state)

        answer = office.step(step, STEPS[step])

        reached = ALLOWED[step].get(state)
        repeated = state in ALLOWED[step].values()
        if reached or repeated:
            assert (answer.status_code, answer.json["data"]["status"]) == (200, reached or state)
        else:
            error = answer.json["error"]
            assert (answer.status_code, error["code"]) == (409, "INVALID_STATUS")
            assert error["details"] == {"state": state, "allowed_from": sorted(ALLOWED[step])}
        assert_sound()

    @pytest.mark.parametrize("step", STEPS)
    def test_a_repeat_changes_and_writes_nothing(self, session: Session, office: Office, step: str) -> None:
        bring_to(office, {"approve": "requested", "sent": "approved"}.get(step, "sent"))
        first = office.step(step, STEPS[step])
        written = self.rows(session)

        second = office.step(step, STEPS[step], admin=1)

        assert (second.status_code, second.json) == (200, first.json)
        assert self.rows(session) == written

    def rows(self, session: Session) -> list[int]:
        tables = (AuditEvent, Journal, LiveEvent)
        return [session.execute(select(func.count()).select_from(table)).scalar_one() for table in tables]

    def test_another_transfer_or_reason_is_no_repeat(self, office: Office) -> None:
        bring_to(office, "sent")
        other = office.step("sent", {"bank_reference": "NEFT-43"})
        office.step("fail", FAILED)

        assert other.status_code == 409
        assert office.step("fail", {"reason": "Another one"}).status_code == 409

    def test_paid_money_is_gone_for_good(self, office: Office) -> None:
        bring_to(office, "paid")

        shown = office.get(f"/payouts/{office.payout_id}").json["data"]
        assert shown["ended_at"] is not None
        assert (shown["bank_reference"], shown["approved_by"]) == ("NEFT-42", office.admins[0].id)
        assert office.balance()["available"] == 40

    @pytest.mark.parametrize("state", ["requested", "approved", "sent"])
    def test_failed_money_is_given_back_once(self, session: Session, office: Office, state: str) -> None:
        bring_to(office, state)

        for _ in range(3):
            answer = office.step("fail", FAILED)

        assert answer.json["data"]["failure_reason"] == FAILED["reason"]
        assert office.balance()["available"] == 100
        back = select(func.count()).where(Journal.reference == f"payout-failed:{office.payout_id}")
        assert session.execute(back).scalar_one() == 1
        assert_sound()

    def test_every_step_is_audited_and_told_to_the_vendor(self, session: Session, office: Office) -> None:
        bring_to(office, "paid")

        trail = select(AuditEvent.action, AuditEvent.actor_user_id).where(AuditEvent.entity_type == "payout")
        found = session.execute(trail.order_by(AuditEvent.id)).all()
        told = session.execute(select(LiveEvent.payload["status"].astext).order_by(LiveEvent.id)).scalars().all()
        admin = office.admins[0].id
        assert found == [("CREATE", office.vendor.id), ("APPROVE", admin), ("SEND", admin), ("PAY", admin)]
        assert told == ["requested", "approved", "sent", "paid"]

    @pytest.mark.parametrize("step", STEPS)
    def test_a_payout_that_is_none_is_not_found(self, office: Office, step: str) -> None:
        answer = office.step(step, STEPS[step], payout_id=10**9)

        assert (answer.status_code, answer.json["error"]["code"]) == (404, "PAYOUT_NOT_FOUND")

    @pytest.mark.parametrize(
        ("step", "body"),
        [
            ("sent", {"bank_reference": " "}),
            ("sent", {}),
            ("sent", {"bank_reference": "x" * 101}),
            ("fail", {"reason": "no"}),
            ("fail", {"reason": "a\x00b..."}),
            ("fail", {}),
        ],
    )
    def test_what_is_told_must_say_something(self, office: Office, step: str, body: dict[str, str]) -> None:
        assert office.step(step, body).status_code == 400


class TestOnBehalf:
    def test_another_admin_has_to_approve(self, session: Session, office: Office) -> None:
        made = office.ask(10)

        refused = office.step("approve", payout_id=made.json["data"]["id"])
        approved = office.step("approve", payout_id=made.json["data"]["id"], admin=1)

        assert (made.status_code, made.json["data"]["requested_by"]) == (201, office.admins[0].id)
        assert (refused.status_code, refused.json["error"]["code"]) == (403, "PAYOUT_NEEDS_ANOTHER_ADMIN")
        assert (approved.status_code, approved.json["data"]["approved_by"]) == (200, office.admins[1].id)
        assert office.balance()["available"] == 30

    def test_it_needs_a_key_and_is_done_once_for_each(self, office: Office) -> None:
        without = office.ask(key=None)
        first, again, other = office.ask(), office.ask(), office.ask(11)

        assert (without.status_code, without.json["error"]["code"]) == (400, "MISSING_IDEMPOTENCY_KEY")
        assert (first.status_code, again.status_code, other.status_code) == (201, 200, 409)
        assert again.headers["Idempotent-Replayed"] == "true"
        assert again.json == first.json
        assert office.balance()["available"] == 30

    def test_keys_of_two_admins_are_two(self, office: Office) -> None:
        long = "k" * 127
        answers = [office.ask(key=f"{long}{end}", admin=admin) for end, admin in (("a", 0), ("b", 0), ("a", 1))]

        assert [answer.status_code for answer in answers] == [201] * 3

    def test_the_vendors_money_bounds_it(self, office: Office) -> None:
        assert office.ask(40.01).status_code == 402

    def test_a_shop_that_is_none_is_not_found(self, office: Office) -> None:
        assert office.ask(shop_id=10**9).json["error"]["code"] == "SHOP_NOT_FOUND"

    def test_a_shop_without_a_bank_is_refused(self, session: Session, office: Office) -> None:
        shop = make_shop(session)

        assert office.ask(shop_id=shop.id).json["error"]["code"] == "NO_PAYOUT_BANK"

    @pytest.mark.parametrize("amount", [0, -1, 0.001, "NaN", True, None])
    def test_no_impossible_amount_is_taken(self, office: Office, amount: Any) -> None:
        assert office.ask(amount).status_code == 400


class TestReading:
    def test_they_are_listed_newest_first_by_state_and_shop(
        self, session: Session, client: FlaskClient, office: Office
    ) -> None:
        other = Office(session, client)
        office.step("approve")

        def ids(query: str) -> list[int]:
            return [row["id"] for row in office.get(f"/payouts{query}").json["data"]]

        assert ids("") == [other.payout_id, office.payout_id]
        assert ids("?state=approved") == [office.payout_id]
        assert ids(f"?shop_id={other.shop.id}") == [other.payout_id]
        assert ids(f"?shopId={other.shop.id}&state=approved") == []
        assert ids("?limit=1&offset=1") == [office.payout_id]
        assert office.get("/payouts?state=lost").status_code == 400

    def test_the_list_has_a_total_and_leads_on_by_cursor(self, office: Office) -> None:
        office.withdraw(1)

        first = office.get("/payouts?limit=1").json
        second = office.get(f"/payouts?limit=1&cursor={first['meta']['next_cursor']}").json

        assert (first["meta"]["total"], second["data"][0]["id"]) == (2, office.payout_id)
        assert first["data"][0]["shop_name"] == "Corner shop"

    def test_a_longer_list_takes_no_more_statements(self, office: Office, statements: Statements) -> None:
        counts = []
        for _ in range(2):
            for _ in range(3):
                office.withdraw(1)
            statements.clear()
            office.get("/payouts")
            counts.append(len(statements))

        assert counts[0] == counts[1] <= 3

    def test_the_account_number_is_on_the_detail_alone_and_who_looked_is_written_down(
        self, session: Session, office: Office
    ) -> None:
        listed, shown = office.get("/payouts"), office.get(f"/payouts/{office.payout_id}")

        assert ACCOUNT_NUMBER not in listed.text
        assert shown.headers["Cache-Control"] == "no-store"
        assert shown.json["data"]["account_number"] == ACCOUNT_NUMBER
        assert shown.json["data"]["bank_account"] == "****6789"
        looks = select(AuditEvent.entity_id, AuditEvent.actor_user_id)
        assert session.execute(looks.where(AuditEvent.action == "VIEW_ACCOUNT_NUMBER")).all() == [
            (office.payout_id, office.admins[0].id)
        ]

    def test_the_bank_is_that_of_the_request(self, session: Session, office: Office) -> None:

        session.get_one(PayoutBank, office.vendor.id).ifsc_code = "ICIC0000002"
        session.commit()

        assert office.get(f"/payouts/{office.payout_id}").json["data"]["ifsc_code"] == "HDFC0000001"

    def test_an_unknown_payout_is_not_found_and_no_look_is_written_down(self, session: Session, office: Office) -> None:
        assert office.get("/payouts/999999").status_code == 404
        looks = select(func.count()).where(AuditEvent.action == "VIEW_ACCOUNT_NUMBER")
        assert session.execute(looks).scalar_one() == 0

    @pytest.mark.parametrize("role", [Role.MANAGER, Role.EMPLOYEE, Role.VENDOR, Role.CUSTOMER])
    def test_only_admins_enter(self, session: Session, client: FlaskClient, role: Role) -> None:
        headers = sign_in(session, make_user(session, role=role))

        assert client.get(f"{ADMIN}/payouts", headers=headers).status_code == 403


class TestConsumersWallets:
    def credit(self, office: Office, user_id: int, *, key: str | None = "k-1", **body: Any) -> TestResponse:
        form = {"amount": 25, "reason": "Sorry for the wait", **body}
        return office.post(f"/wallets/{user_id}/credit", form, key=key)

    def test_a_wallet_is_shown_with_its_history(self, session: Session, office: Office) -> None:
        consumer = make_consumer(session, full_name="Asha Rao")
        for _ in range(3):
            give(session, AccountKind.WALLET, consumer.id, "5.00")

        shown = office.get(f"/wallets/{consumer.id}?limit=2").json["data"]

        assert (shown["user_id"], shown["full_name"], shown["phone"]) == (consumer.id, "Asha Rao", consumer.phone)
        assert (shown["balance"], shown["currency"]) == (15, "ILS")
        assert [row["balance_after"] for row in shown["transactions"]] == [15, 10]
        rest = office.get(f"/wallets/{consumer.id}?limit=2&cursor={shown['next_cursor']}").json["data"]
        assert [row["balance_after"] for row in rest["transactions"]] == [5]
        assert rest["next_cursor"] is None

    def test_goodwill_is_credited_once_for_each_key(self, session: Session, office: Office) -> None:
        consumer = make_consumer(session)

        first, again = (self.credit(office, consumer.id) for _ in range(2))

        assert (first.status_code, first.json) == (200, {"data": {"balance": 25}})
        assert "Idempotent-Replayed" not in first.headers
        assert (again.json, again.headers["Idempotent-Replayed"]) == (first.json, "true")
        (row,) = office.get(f"/wallets/{consumer.id}").json["data"]["transactions"]
        assert (row["type"], row["source"], row["reference"]) == ("refund", "admin_refund", "Sorry for the wait")
        trail = select(AuditEvent.entity_id, AuditEvent.actor_user_id).where(AuditEvent.action == "GOODWILL")
        assert session.execute(trail).all() == [(consumer.id, office.admins[0].id)]
        assert_sound()

    @pytest.mark.parametrize("other", [{"amount": 26}, {"reason": "Another reason"}])
    def test_a_key_is_of_one_credit(self, session: Session, office: Office, other: dict[str, Any]) -> None:
        consumer = make_consumer(session)
        self.credit(office, consumer.id)

        refused = self.credit(office, consumer.id, **other)
        elsewhere = self.credit(office, make_consumer(session).id)

        assert {answer.json["error"]["code"] for answer in (refused, elsewhere)} == {"IDEMPOTENCY_KEY_REUSE_MISMATCH"}

    @pytest.mark.parametrize(
        "body",
        [
            {"amount": 0},
            {"amount": -1},
            {"amount": "NaN"},
            {"amount": 50000.01},
            {"reason": "no"},
            {"reason": None},
            {"balance": 1},
        ],
    )
    def test_a_senseless_credit_is_refused(self, session: Session, office: Office, body: dict[str, Any]) -> None:
        assert self.credit(office, make_consumer(session).id, **body).status_code == 400

    def test_a_credit_needs_a_key(self, session: Session, office: Office) -> None:
        answer = self.credit(office, make_consumer(session).id, key=None)

        assert answer.json["error"]["code"] == "MISSING_IDEMPOTENCY_KEY"

    def test_only_consumers_have_a_wallet(self, office: Office) -> None:
        for user_id in (office.vendor.id, office.admins[1].id, 10**9):
            assert office.get(f"/wallets/{user_id}").json["error"]["code"] == "CONSUMER_NOT_FOUND"
            assert self.credit(office, user_id).status_code == 404


def test_a_payout_cannot_be_written_as_approved_by_whoever_asked(session: Session, office: Office) -> None:
    forged = update(Payout).values(approved_by=Payout.requested_by)

    with pytest.raises(IntegrityError, match="approved_by_another"), session.begin_nested():
        session.execute(forged)
