"""Being forgotten: nothing of a person is left, and whoever is owed something is asked first."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.domain import totp
from app.domain.enums import AccountKind, OrderStatus, ReturnStatus, Role
from app.models import (
    AuditEvent,
    Base,
    LocationSample,
    Order,
    OrderItem,
    OrderRating,
    OrderReturn,
    PaymentToken,
    PickBatch,
    Review,
    ShopHoliday,
    TopUp,
    User,
)
from app.services import relay
from app.services.payments.sweeper import sweep
from app.services.privacy import erasing
from app.services.privacy.parts import NOT_EXPORTED, PARTS
from tests import books, factories
from tests.factories import PASSWORD
from tests.lives import MAIL, NAME, STREET, TRACES, Life, live_a_life, places_of
from tests.market import fill_wallet
from tests.phones import PHONE as CONSUMERS_PHONE
from tests.phones import bearer, code_sent_to, sign_in_by_phone
from tests.shopping import assert_sound, make_shopper, open_shop

ERASURE = "/api/v1/me/erasure"
BLANK = """new_value || '{"received_by": "[erased]"}'"""


@pytest.fixture
def life(session: Session, client: FlaskClient) -> Life:
    return live_a_life(session, client)


STAYING = (
    "assistance_requests.user_id",
    "carts.user_id",
    "cart_sessions.user_id",
    "order_issues.user_id",
    "order_messages.sender_user_id",
    "order_ratings.user_id",
    "order_returns.requested_by",
    "orders.user_id",
    "payment_tokens.user_id",
    "reviews.user_id",
    "top_ups.user_id",
)
"""Rows that go on pointing at nobody; docs/privacy.md says what is left in them."""


def rows_of(session: Session, user: User) -> dict[str, int]:
    """How many rows of each column that points at users point at this one; active carts are counted, others not."""
    found: dict[str, int] = {}
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            if any(key.column.table.name == "users" for key in column.foreign_keys):
                number = session.scalar(select(func.count()).select_from(table).where(column == user.id))
                if number:
                    found[f"{table.name}.{column.name}"] = number
    return found


def erase(life: Life) -> Any:
    return life.post("/me/erasure", {"password": PASSWORD})


class TestNothingIsLeft:
    def test_no_column_of_the_database_holds_anything_of_an_erased_person(self, session: Session, life: Life) -> None:
        before = places_of(session, *TRACES)

        answer = erase(life)

        assert answer.status_code == 200, answer.json
        assert len(before) >= 28, "the test must find what it looks for"
        assert {"audit_events.new_value", "outbox.payload", "orders.address", "order_messages.body"} <= set(before)
        assert places_of(session, *TRACES) == {}

    def test_no_row_points_at_the_person_but_where_the_books_need_it(self, session: Session, life: Life) -> None:
        before = rows_of(session, life.user)

        erase(life)

        assert set(STAYING) <= set(before)
        assert len(before) - len(STAYING) == 17, "the person must have left something in every table that is emptied"
        but_open_ones = {place: before[place] - 1 for place in ("assistance_requests.user_id", "carts.user_id")}
        assert rows_of(session, life.user) == {place: before[place] for place in STAYING} | but_open_ones

    def test_what_stays_of_a_means_of_payment_can_pay_nothing(self, session: Session, life: Life) -> None:
        erase(life)

        kept = select(PaymentToken.provider_token, PaymentToken.last4, PaymentToken.is_active, PaymentToken.is_default)
        of_person = kept.where(PaymentToken.user_id == life.user.id)
        assert session.execute(of_person).all() == [("[erased]", "0000", False, False)]

    def test_events_still_under_way_leave_nothing_behind_either(self, session: Session, life: Life) -> None:
        order_id = session.scalar(select(func.min(Order.id)).where(Order.user_id == life.user.id))
        waiting = {"order_id": order_id, "user_id": life.user.id}
        factories.make_event(session, "order.delivered", **waiting)

        erase(life)
        relay.relay_due()
        relayed = session.execute(text("SELECT count(*) FROM notifications WHERE user_id = :id"), {"id": life.user.id})
        count = relayed.scalar_one()
        erasing.scrub_left_overs()

        assert count == 1
        assert places_of(session, *TRACES) == {}
        left = session.execute(text("SELECT count(*) FROM notifications WHERE user_id = :id"), {"id": life.user.id})
        assert left.scalar_one() == 0

    def test_the_row_of_the_user_is_nobodys(self, session: Session, life: Life) -> None:
        erase(life)

        user = session.get_one(User, life.user.id, populate_existing=True)
        assert (user.full_name, user.email, user.phone, user.password_hash) == ("Erased user", None, None, None)
        assert not user.is_active
        assert user.erased_at is not None

    def test_orders_stay_with_lines_and_amounts(self, session: Session, life: Life) -> None:
        def books_of() -> list[Any]:
            lines = select(Order.order_number, Order.total_amount, OrderItem.name, OrderItem.line_total)
            of_user = lines.join(OrderItem, OrderItem.order_id == Order.id).where(Order.user_id == life.user.id)
            return list(session.execute(of_user.order_by(OrderItem.id)).all())

        before = books_of()
        erase(life)

        assert len(before) == 2
        assert books_of() == before

    def test_stars_stay_without_words(self, session: Session, life: Life) -> None:
        erase(life)

        review = session.execute(select(Review.rating, Review.title, Review.body)).one()
        assert tuple(review) == (4, None, None)
        assert tuple(session.execute(select(OrderRating.rating, OrderRating.review)).one()) == (5, "")

    def test_where_the_trolley_was_is_no_longer_tied_to_the_walk(self, session: Session, life: Life) -> None:
        erase(life)

        assert session.execute(select(LocationSample.session_id, LocationSample.x_cm)).all() == [(None, 1)]

    def test_what_others_have_is_left_alone(self, session: Session, client: FlaskClient, life: Life) -> None:
        other = make_shopper(session, client)
        other.user.full_name = "Somebody Else"
        factories.make_order(session, other.user, address="1 Other Street", notes="Ring twice")
        other.post(
            "/me/addresses",
            json={"address_line": "1 Other Street", "city": "Akko", "postal_code": "1", "country": "IL"},
        )
        before = places_of(session, "Somebody Else", "Other Street", "Ring twice")

        erase(life)

        assert before
        assert places_of(session, "Somebody Else", "Other Street", "Ring twice") == before
        assert other.get("/me").json["data"]["full_name"] == "Somebody Else"


class TestTheTrail:
    def test_it_says_who_was_erased_by_whom_and_nothing_of_the_person(self, session: Session, life: Life) -> None:
        answer = life.post("/me/erasure", {"password": PASSWORD, "reason": "leaving"})

        event = session.execute(select(AuditEvent).where(AuditEvent.action == "ERASE")).scalar_one()
        assert (event.entity_id, event.actor_user_id) == (life.user.id, life.user.id)
        assert event.context is not None
        assert (event.context["by"], event.context["reason"]) == ("self", "leaving")
        assert event.context["blanked_events"] > 3
        assert answer.json["data"]["user_id"] == life.user.id

    def test_what_was_done_when_and_by_whom_stays(self, session: Session, life: Life) -> None:
        what = select(AuditEvent.id, AuditEvent.action, AuditEvent.entity_type, AuditEvent.entity_id)
        what = what.add_columns(AuditEvent.actor_user_id, AuditEvent.created_at).where(AuditEvent.action != "ERASE")
        before = session.execute(what.order_by(AuditEvent.id)).all()

        erase(life)

        assert session.execute(what.order_by(AuditEvent.id)).all() == before
        delivered = select(AuditEvent.new_value).where(AuditEvent.action == "DELIVER")
        assert session.execute(delivered).scalar_one() == {"status": "DELIVERED", "received_by": "[erased]"}

    @pytest.mark.parametrize(
        "change",
        [
            "new_value = '{}'",
            'new_value = \'{"status": "CANCELED", "received_by": "[erased]"}\'',
            "new_value = '[]'",
            "new_value = NULL",
            'new_value = new_value || \'{"more": "[erased]"}\'',
            'old_value = \'{"made": "up"}\'',
            "action = '[erased]'",
            "actor_user_id = 1",
            "created_at = now() - interval '1 day'",
        ],
    )
    def test_the_database_takes_nothing_but_a_blanking(self, session: Session, life: Life, change: str) -> None:
        open_the_gate(session, life)

        with pytest.raises(IntegrityError, match="append-only"), session.begin_nested():
            session.execute(text(f"UPDATE audit_events SET {change} WHERE action = 'DELIVER'"))

    def test_the_database_takes_no_deletion_even_then(self, session: Session, life: Life) -> None:
        open_the_gate(session, life)

        with pytest.raises(IntegrityError, match="append-only"), session.begin_nested():
            session.execute(text("DELETE FROM audit_events"))

    def test_the_database_takes_a_blanking_only_while_somebody_is_erased(self, session: Session, life: Life) -> None:
        blank = f"UPDATE audit_events SET new_value = {BLANK} WHERE action = 'DELIVER'"

        session.execute(text("SELECT set_config('aisle.erasing', :id, true)"), {"id": str(life.user.id)})
        with pytest.raises(IntegrityError, match="append-only"), session.begin_nested():
            session.execute(text(blank))
        open_the_gate(session, life)
        session.execute(text(blank))
        session.execute(text("SELECT set_config('aisle.erasing', '', true)"))
        with pytest.raises(IntegrityError, match="append-only"), session.begin_nested():
            session.execute(text(blank))


def open_the_gate(session: Session, life: Life) -> None:
    """What the transaction of an erasure does before it blanks."""
    session.execute(
        text("""UPDATE users SET email = NULL, phone = NULL, password_hash = NULL, is_active = false,
                                 erased_at = now() WHERE id = :id"""),
        {"id": life.user.id},
    )
    session.execute(text("SELECT set_config('aisle.erasing', :id, true)"), {"id": str(life.user.id)})


class TestAfterwards:
    def test_every_token_is_dead_and_nobody_signs_in(self, client: FlaskClient, session: Session, life: Life) -> None:
        signed_in = client.post("/api/v1/auth/login", json={"email": MAIL, "password": PASSWORD}).json["data"]

        erase(life)

        refreshing = client.post("/api/v1/auth/refresh", headers=bearer(signed_in["refresh_token"]))
        again = client.post("/api/v1/auth/login", json={"email": MAIL, "password": PASSWORD})
        assert life.get("/me").status_code == 401
        assert client.get("/api/v1/me", headers=bearer(signed_in["access_token"])).status_code == 401
        assert refreshing.status_code == 401
        assert again.json["error"]["code"] == "INVALID_CREDENTIALS"

    def test_the_same_address_registers_anew_and_sees_nothing_of_before(self, client: FlaskClient, life: Life) -> None:
        erase(life)

        form = {"email": MAIL, "password": PASSWORD, "full_name": NAME}
        new = client.post("/api/v1/auth/register", json=form)
        headers = bearer(new.json["data"]["access_token"])

        assert new.status_code == 201
        assert new.json["data"]["user"]["id"] != life.user.id
        exported = json.loads(client.get("/api/v1/me/export", headers=headers).text)
        new_ones = {"profile", "sessions", "account_history"}
        kept = {name for name, rows in exported.items() if isinstance(rows, list) and rows}
        assert kept == new_ones

    def test_others_see_nobody_where_the_person_was(self, session: Session, client: FlaskClient, life: Life) -> None:
        erase(life)

        staff = factories.sign_in(session, factories.make_user(session, role=Role.ADMIN))
        shown = client.get(f"/api/v1/admin/users/{life.user.id}", headers=staff).json["data"]
        orders = client.get("/api/v1/ops/orders", headers=staff)
        talks = client.get("/api/v1/vendor/orders", headers=factories.sign_in(session, life.vendor))

        assert (shown["full_name"], shown["email"], shown["phone"]) == ("Erased user", None, None)
        assert (orders.status_code, talks.status_code) == (200, 200)
        assert [trace for trace in TRACES if trace in orders.text + talks.text] == []


class TestProof:
    def test_a_wrong_password_changes_nothing(self, session: Session, life: Life) -> None:
        answer = life.post("/me/erasure", {"password": "wrong-one-1"})

        assert (answer.status_code, answer.json["error"]["code"]) == (400, "INVALID_CREDENTIALS")
        assert session.get_one(User, life.user.id, populate_existing=True).erased_at is None

    def test_a_password_is_needed_where_there_is_one(self, session: Session, client: FlaskClient, life: Life) -> None:
        for body in ({}, {"code": "123456"}):
            answer = life.post("/me/erasure", body)

            assert (answer.status_code, answer.json["error"]["code"]) == (400, "PROOF_NEEDED")

    def test_who_has_only_a_phone_proves_it_with_a_code(self, client: FlaskClient, session: Session) -> None:
        headers = bearer(sign_in_by_phone(client, session)["access_token"])
        client.post("/api/v1/send-otp", json={"phone": CONSUMERS_PHONE})
        code = code_sent_to(session, CONSUMERS_PHONE)
        wrong = "100000" if code != "100000" else "100001"

        refused = client.post(ERASURE, json={"code": wrong}, headers=headers)
        erased = client.post(ERASURE, json={"code": code}, headers=headers)

        assert (refused.status_code, refused.json["error"]["code"]) == (400, "INVALID_CODE")
        assert erased.status_code == 200, erased.json
        assert places_of(session, CONSUMERS_PHONE) == {}

    def test_five_wrong_codes_kill_the_live_one(self, client: FlaskClient, session: Session) -> None:
        headers = bearer(sign_in_by_phone(client, session)["access_token"])
        client.post("/api/v1/send-otp", json={"phone": CONSUMERS_PHONE})
        code = code_sent_to(session, CONSUMERS_PHONE)
        wrong = "100000" if code != "100000" else "100001"
        for _ in range(5):
            client.post(ERASURE, json={"code": wrong}, headers=headers)

        answer = client.post(ERASURE, json={"code": code}, headers=headers)

        assert answer.json["error"]["code"] == "INVALID_CODE"

    def test_a_second_factor_is_asked_for_too(self, session: Session, client: FlaskClient, life: Life) -> None:
        secret = life.post("/auth/second-factor/setup").json["data"]["secret"]
        life.post("/auth/second-factor/enable", {"code": totp.code_at(secret, totp.current_step() - 1)})

        without = erase(life)
        wrong = life.post("/me/erasure", {"password": PASSWORD, "totp_code": "000000"})
        code = totp.code_at(secret, totp.current_step())
        right = life.post("/me/erasure", {"password": PASSWORD, "totp_code": code})

        assert [answer.status_code for answer in (without, wrong, right)] == [400, 400, 200]
        assert without.json["error"]["code"] == "SECOND_FACTOR_REQUIRED"
        assert wrong.json["error"]["code"] == "INVALID_SECOND_FACTOR"


def refusal(life: Life) -> tuple[int, str]:
    answer = erase(life)
    return answer.status_code, answer.json["error"]["code"]


class TestObligations:
    @pytest.mark.parametrize(
        "status", [OrderStatus.PENDING_PAYMENT, OrderStatus.CREATED, OrderStatus.OUT_FOR_DELIVERY, OrderStatus.PENDING]
    )
    def test_an_order_under_way_holds_it_up(self, session: Session, life: Life, status: OrderStatus) -> None:
        columns = {"pay_deadline": datetime.now(UTC)} if status is OrderStatus.PENDING_PAYMENT else {}
        if status is OrderStatus.PENDING:
            factories.make_shop_order(session, life.user, factories.make_shop(session))
        else:
            factories.make_order(session, life.user, status=status, **columns)

        assert refusal(life) == (409, "ORDERS_STILL_OPEN")
        assert places_of(session, MAIL)

    def test_a_return_that_is_not_decided_holds_it_up(self, session: Session, life: Life) -> None:
        order = factories.make_shop_order(
            session, life.user, factories.make_shop(session), status=OrderStatus.DELIVERED
        )
        session.add(
            OrderReturn(order_id=order.id, reason="x", requested_by=life.user.id, status=ReturnStatus.REQUESTED)
        )
        session.commit()

        assert refusal(life) == (409, "RETURNS_STILL_OPEN")

    def test_a_complaint_that_is_not_settled_holds_it_up(self, session: Session, life: Life) -> None:
        session.execute(text("UPDATE order_issues SET status = 'raised', resolved_at = NULL, resolution = NULL"))
        session.commit()

        assert refusal(life) == (409, "RETURNS_STILL_OPEN")

    def test_a_refund_on_its_way_holds_it_up(self, session: Session, life: Life) -> None:
        session.execute(
            text("""UPDATE payments SET authorized_amount = requested_amount, captured_amount = requested_amount,
                           refund_pending_amount = 1""")
        )
        session.commit()

        assert refusal(life) == (409, "PAYMENTS_STILL_OPEN")

    def test_a_payment_that_waits_for_a_person_holds_it_up(self, session: Session, life: Life) -> None:
        session.execute(
            text("""INSERT INTO payment_operations (payment_id, kind, idempotency_key, amount, state, next_at)
                    SELECT id, 'capture', gen_random_uuid(), 1, 'manual', now() FROM payments""")
        )
        session.commit()

        assert refusal(life) == (409, "PAYMENTS_STILL_OPEN")

    def test_a_payment_into_the_wallet_under_way_holds_it_up(self, session: Session, life: Life) -> None:
        session.execute(
            text("""INSERT INTO top_ups (user_id, request_hash, amount, currency, note, provider, reference,
                                         authorize_key, capture_key, next_at)
                    VALUES (:id, 'x', 5, 'ILS', 'x', 'mockpay', 'x', gen_random_uuid(), gen_random_uuid(), now())"""),
            {"id": life.user.id},
        )
        session.commit()

        assert refusal(life) == (409, "PAYMENTS_STILL_OPEN")
        assert session.scalar(select(TopUp.note).where(TopUp.reference == "x")) == "x"

    def test_money_in_the_wallet_holds_it_up_and_is_told(self, session: Session, life: Life) -> None:
        fill_wallet(session, life.user, "12.50")

        answer = erase(life)

        assert (answer.status_code, answer.json["error"]["code"]) == (409, "WALLET_NOT_EMPTY")
        assert answer.json["error"]["details"] == {"balance": 12.5}

    def test_a_trolley_in_the_hand_holds_it_up(self, session: Session, life: Life) -> None:
        trolley = factories.make_trolley(session, factories.make_location(session))
        factories.make_cart_session(session, trolley, life.user)

        assert refusal(life) == (409, "TROLLEY_STILL_OPEN")

    def test_a_real_order_that_was_cancelled_does_not_and_the_books_still_agree(
        self, session: Session, client: FlaskClient
    ) -> None:
        shop, shopper = open_shop(session), make_shopper(session, client)
        shopper.add(shop.products[0])
        order_id = shopper.confirm(shop).json["data"]["order_id"]
        admin = factories.sign_in(session, factories.make_user(session, role=Role.ADMIN))
        path = f"/api/v1/admin/users/{shopper.user.id}/erasure"

        early = client.post(path, headers=admin)
        cancelled = shopper.post(f"/orders/{order_id}/cancel")
        sweep()
        late = client.post(path, headers=admin)

        assert (early.status_code, cancelled.status_code) == (409, 200)
        assert late.status_code == 200, late.json
        assert_sound()
        assert places_of(session, "12 Market Street, Haifa") == {}


class TestStaffAndVendors:
    @pytest.mark.parametrize("role", [Role.EMPLOYEE, Role.MANAGER, Role.ADMIN])
    def test_staff_ask_an_admin(self, session: Session, client: FlaskClient, role: Role) -> None:
        user = factories.make_user(session, role=role, password=PASSWORD)

        answer = client.post(ERASURE, json={"password": PASSWORD}, headers=factories.sign_in(session, user))

        assert (answer.status_code, answer.json["error"]["code"]) == (409, "ERASED_BY_ADMINS_ONLY")

    def test_an_admin_erases_an_employee_whose_work_for_the_shop_stays(
        self, session: Session, client: FlaskClient
    ) -> None:
        admin = factories.make_user(session, role=Role.ADMIN)
        branch = factories.make_location(session)
        employee = factories.make_employee(session, branch, full_name=NAME, email=MAIL)
        session.add(AuditEvent(entity_type="User", entity_id=employee.id, action="X", new_value={"full_name": NAME}))
        work = {"name": "Carrots", "price": 5}
        session.add(
            AuditEvent(entity_type="product", entity_id=1, action="Y", new_value=work, actor_user_id=employee.id)
        )
        session.commit()

        answer = by_admin(session, client, admin, employee)

        assert answer.status_code == 200, answer.json
        assert places_of(session, NAME, MAIL) == {}
        assert session.scalar(select(AuditEvent.new_value).where(AuditEvent.action == "Y")) == work

    def test_who_is_picking_hands_over_first(self, session: Session, client: FlaskClient) -> None:
        admin, picker = (factories.make_user(session, role=role) for role in (Role.ADMIN, Role.EMPLOYEE))
        order = factories.make_order(session, factories.make_user(session))
        factories.make_batch(session, picker, order)

        answer = by_admin(session, client, admin, picker)

        assert (answer.status_code, answer.json["error"]["code"]) == (409, "WORK_STILL_OPEN")
        assert session.scalar(select(func.count()).select_from(PickBatch)) == 1

    def test_no_admin_erases_themselves_and_no_manager_anybody(self, session: Session, client: FlaskClient) -> None:
        admin, manager = (factories.make_user(session, role=role) for role in (Role.ADMIN, Role.MANAGER))

        own = by_admin(session, client, admin, admin)
        others = by_admin(session, client, manager, factories.make_user(session))
        unknown = client.post("/api/v1/admin/users/999999999/erasure", headers=factories.sign_in(session, admin))

        assert (own.status_code, own.json["error"]["code"]) == (403, "CANNOT_DEACTIVATE_SELF")
        assert (others.status_code, unknown.status_code) == (403, 404)

    def test_a_repeat_by_an_admin_changes_nothing(self, session: Session, client: FlaskClient, life: Life) -> None:
        admin = factories.make_user(session, role=Role.ADMIN)

        first, second = (by_admin(session, client, admin, life.user) for _ in range(2))

        assert (first.status_code, second.status_code) == (200, 200)
        assert first.json == second.json
        erased = select(func.count()).select_from(AuditEvent).where(AuditEvent.action == "ERASE")
        assert session.scalar(erased) == 1

    def test_a_vendor_with_a_shop_is_erased_by_an_admin_once_it_is_wound_up(
        self, session: Session, client: FlaskClient
    ) -> None:
        admin = factories.make_user(session, role=Role.ADMIN)
        vendor = factories.make_vendor(session, full_name=NAME, email=MAIL, password=PASSWORD)
        shop = factories.make_shop(session, vendor, description=f"By {NAME}"[:200], address=f"With {NAME}")
        said = {"entity_type": "shop", "entity_id": shop.id, "actor_user_id": admin.id}
        session.add(AuditEvent(action="SUSPEND", context={"reason": f"{NAME} asked for it"}, **said))
        session.add(ShopHoliday(shop_id=shop.id, day=date(2026, 5, 1), reason=f"{NAME} is ill"))
        books.make_bank(session, vendor)

        own = client.post(ERASURE, json={"password": PASSWORD}, headers=factories.sign_in(session, vendor))
        open_shop_ = by_admin(session, client, admin, vendor)
        session.execute(text("UPDATE stock_locations SET is_active = false WHERE id = :id"), {"id": shop.id})
        books.give(session, AccountKind.VENDOR_AVAILABLE, shop.id, "7.00")
        with_money = by_admin(session, client, admin, vendor)
        books.give(session, AccountKind.VENDOR_AVAILABLE, shop.id, "-7.00")
        wound_up = by_admin(session, client, admin, vendor)

        assert own.json["error"]["code"] == "ERASED_BY_ADMINS_ONLY"
        assert open_shop_.json["error"]["code"] == with_money.json["error"]["code"] == "SHOP_STILL_OPEN"
        assert wound_up.status_code == 200, wound_up.json
        assert places_of(session, NAME, MAIL, str(vendor.phone)) == {}


def by_admin(session: Session, client: FlaskClient, admin: User, user: User) -> Any:
    return client.post(f"/api/v1/admin/users/{user.id}/erasure", headers=factories.sign_in(session, admin))


class TestExport:
    def test_it_is_one_document_as_an_attachment_with_everything_the_person_left(self, life: Life) -> None:
        answer = life.get("/me/export")

        exported = json.loads(answer.text)
        assert answer.status_code == 200
        assert answer.mimetype == "application/json"
        assert answer.headers["Content-Disposition"].startswith(f'attachment; filename="export-{life.user.id}-')
        assert answer.headers["Cache-Control"] == "no-store"
        assert exported["is_complete"] is True
        assert exported["profile"][0]["full_name"] == NAME
        assert exported["addresses"][0]["address_line"] == STREET
        assert [len(order["lines"]) for order in exported["orders"]] == [1, 1]
        assert exported["orders"][0]["address"].startswith(STREET)
        assert [message["said_by"] for message in exported["order_messages"]] == ["me", "shop"]
        assert exported["means_of_payment"][0]["card"] == "**** 4242"
        full = {"sessions", "account_history", "complaints", "returns", "ratings_of_shops", "reviews", "wishlist"}
        full |= {"requests_for_help", "diet", "notifications", "news", "trolley_walks", "trolley_places"}
        assert {name for name in full if not exported[name]} == set()
        assert set(exported) == {part.name for part in PARTS} | {"format", "made_at", "user_id", "is_complete"}

    def test_it_holds_nothing_of_other_people_and_no_secret(self, session: Session, life: Life) -> None:
        user, vendor = session.get_one(User, life.user.id), life.vendor
        hashes = session.execute(text("SELECT code_hash FROM phone_codes")).scalars().all()
        handles = session.execute(text("SELECT provider_token FROM payment_tokens WHERE user_id > 0")).scalars().all()

        exported = life.get("/me/export").text

        hidden = [user.password_hash, vendor.full_name, vendor.phone, vendor.email, *hashes, *handles]
        assert len([text_ for text_ in hidden if text_]) > 4
        assert [text_ for text_ in hidden if text_ and text_ in exported] == []

    def test_a_stranger_finds_none_of_it(self, client: FlaskClient, session: Session, life: Life) -> None:
        stranger = make_shopper(session, client)

        exported = stranger.get("/me/export")

        assert [trace for trace in TRACES if trace in exported.text] == []
        assert json.loads(exported.text)["profile"][0]["id"] == stranger.user.id

    def test_it_takes_a_statement_for_each_part_and_one_more_for_each_page(
        self, life: Life, session: Session, statements: list[str]
    ) -> None:
        row = {"user_id": life.user.id, "kind": "x", "title": "t", "body": "b"}
        session.execute(
            text("INSERT INTO notifications (user_id, kind, title, body) VALUES (:user_id, :kind, :title, :body)"),
            [row] * 1200,
        )
        session.commit()
        statements.clear()

        exported = json.loads(life.get("/me/export").text)

        assert len(exported["notifications"]) >= 1200
        assert len({one["created_at"] for one in exported["notifications"]}) >= 1
        assert len(statements) <= len(PARTS) + 1 + 2

    def test_every_table_that_points_at_users_is_exported_or_says_why_not(self) -> None:
        pointing = {
            table.name
            for table in Base.metadata.sorted_tables
            if any(key.column.table.name == "users" for key in table.foreign_keys)
        }
        exported = {table for part in PARTS for table in part.tables}

        assert pointing - exported - set(NOT_EXPORTED) == set()
        assert set(NOT_EXPORTED) - pointing == set()
        assert exported - set(Base.metadata.tables) == set()
        assert all(len(reason) > 20 for reason in NOT_EXPORTED.values())

    def test_an_erasure_finds_the_events_of_a_person_by_an_index(self, session: Session) -> None:
        session.execute(text("SET LOCAL enable_seqscan = off"))
        topics = "('registration.code', 'phone.code', 'password.reset', 'staff.invited', 'user.registered')"

        for which in (f"topic IN {topics}", "topic = 'order.delivery_failed'"):
            explain = text(f"EXPLAIN DELETE FROM outbox WHERE {which} AND aggregate = 'phone:1'")
            assert "ix_outbox_of_people" in " ".join(session.execute(explain).scalars())
