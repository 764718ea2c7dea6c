"""A person who left traces wherever people leave them, for tests of taking one's data along and of being forgotten."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import BigInteger, Text, bindparam, text
from sqlalchemy.orm import Session

from app.domain.enums import CartStatus, OrderStatus, SessionOutcome, TrolleyState
from app.models import (
    AssistanceRequest,
    Cart,
    DeliveryAttempt,
    LiveEvent,
    LocationSample,
    Notification,
    OrderIssue,
    OrderMessage,
    OrderRating,
    OrderReturn,
    Review,
    ShopperDiet,
    User,
)
from app.services import relay
from tests import factories
from tests.factories import PASSWORD
from tests.phones import bearer

NAME = "Zelda Quimbleton"
MAIL = "zelda.quimbleton@example.com"
OLD_MAIL_NAME = "Griselda Oldname"
PHONE = "+972529876543"
STREET = "77 Wisteria Crescent"
FLAT = "flat B-17"
TRACES = (NAME, "Zelda", "Quimbleton", MAIL, PHONE, "529876543", STREET, "Wisteria", FLAT, OLD_MAIL_NAME)


@dataclass
class Life:
    """The person, what signs them in, and a vendor they bought from."""

    user: User
    headers: dict[str, str]
    vendor: User
    client: FlaskClient

    def get(self, path: str) -> Any:
        return self.client.get(f"/api/v1{path}", headers=self.headers)

    def post(self, path: str, json: Any = None) -> Any:
        return self.client.post(f"/api/v1{path}", json=json, headers=self.headers)


def live_a_life(session: Session, client: FlaskClient) -> Life:
    """Register, tell about oneself, buy everywhere, talk, complain, rate, walk; all of it is over and settled."""
    form = {"email": MAIL, "password": PASSWORD, "full_name": OLD_MAIL_NAME, "phone": PHONE}
    signed_in = client.post("/api/v1/auth/register", json=form)
    assert signed_in.status_code == 201, signed_in.json
    user = session.get_one(User, signed_in.json["data"]["user"]["id"])
    life = Life(user, bearer(signed_in.json["data"]["access_token"]), factories.make_vendor(session), client)
    _tell(life)
    _buy_at_the_supermarket(session, life)
    _buy_at_a_shop(session, life)
    _walk(session, life)
    _leave_the_rest(session, life)
    _be_told(session, life)
    session.expire_all()
    return life


def _tell(life: Life) -> None:
    answers = [
        life.client.patch("/api/v1/me", json={"full_name": NAME}, headers=life.headers),
        life.client.patch("/api/v1/me/phone", json={"phone": "+972521111111"}, headers=life.headers),
        life.client.patch("/api/v1/me/phone", json={"phone": PHONE}, headers=life.headers),
        life.post(
            "/me/addresses",
            {"address_line": STREET, "city": "Haifa", "postal_code": "31000", "country": "Israel", "is_default": True},
        ),
        life.post("/me/payment-tokens", {"card_number": "4242424242424242"}),
        life.client.post("/api/v1/auth/forgot-password", json={"email": MAIL}),
        life.client.post("/api/v1/send-otp", json={"phone": PHONE}),
    ]
    assert {answer.status_code for answer in answers} <= {200, 201}, [answer.json for answer in answers]


def _buy_at_the_supermarket(session: Session, life: Life) -> None:
    product = factories.make_product(session)
    order = factories.make_order(
        session, life.user, product, status=OrderStatus.DELIVERED, address=f"{STREET}, {FLAT}", notes=f"Ask for {NAME}"
    )
    assert life.post("/store/wishlist", {"product_id": product.id, "note": f"for {NAME}"}).status_code == 200
    session.add_all(
        [
            DeliveryAttempt(order_id=order.id, outcome="FAILED", reason=f"{NAME} was out", actor_user_id=1),
            DeliveryAttempt(order_id=order.id, outcome="DELIVERED", received_by=NAME, actor_user_id=1),
            Review(product_id=product.id, user_id=life.user.id, rating=4, title="Good", body=f"says {NAME}"),
            AssistanceRequest(
                user_id=life.user.id,
                stock_location_id=order.stock_location_id,
                order_id=order.id,
                message=f"I am {NAME}, call {PHONE}",
                status="RESOLVED",
                resolution=f"Called {NAME}",
                resolved_at=datetime.now(UTC),
            ),
            ShopperDiet(user_id=life.user.id, allergies=["nuts"]),
        ]
    )
    session.commit()
    reason = {"order_id": order.id, "user_id": life.user.id, "reason": f"{NAME} was out"}
    factories.make_event(session, "order.delivery_failed", **reason).aggregate = f"order:{order.id}"
    session.execute(
        text("""INSERT INTO audit_events (entity_type, entity_id, action, new_value)
                VALUES ('order', :id, 'DELIVER',
                        jsonb_build_object('status', 'DELIVERED', 'received_by', CAST(:name AS text)))"""),
        {"id": order.id, "name": NAME},
    )
    session.execute(
        text("""INSERT INTO pick_events (order_id, order_item_id, stock_location_id, action, quantity, notes,
                                         actor_user_id)
                SELECT order_id, order_items.id, :branch, 'PICK', 1, :notes, 1 FROM order_items
                WHERE order_id = :id"""),
        {"id": order.id, "branch": order.stock_location_id, "notes": f"{NAME} wants ripe ones"},
    )
    session.commit()


def _buy_at_a_shop(session: Session, life: Life) -> None:
    shop = factories.make_shop(session, life.vendor)
    order = factories.make_shop_order(session, life.user, shop, status=OrderStatus.DELIVERED, address=STREET)
    now = datetime.now(UTC)
    session.add_all(
        [
            OrderMessage(order_id=order.id, sender_user_id=life.user.id, body=f"It is {NAME}, {STREET}"),
            OrderMessage(order_id=order.id, sender_user_id=life.vendor.id, body=f"Hello {NAME}"),
            OrderIssue(
                order_id=order.id,
                user_id=life.user.id,
                issue_type=f"late for {NAME}"[:50],
                description=f"{PHONE} waited",
                status="resolved",
                resolution=f"Sorry {NAME}",
                resolved_at=now,
            ),
            OrderRating(order_id=order.id, shop_id=shop.id, user_id=life.user.id, rating=5, review=f"Yours, {NAME}"),
            OrderReturn(
                order_id=order.id,
                reason=f"{NAME} does not want it",
                requested_by=life.user.id,
                status="rejected",
                decision_note=f"No, {NAME}",
                decided_at=now,
                photo_urls=[f"https://example.com/{NAME}.jpg"],
            ),
            LiveEvent(
                user_id=life.vendor.id,
                topic="order.message",
                payload={"order_id": order.id, "message": f"It is {NAME}, {STREET}"},
            ),
        ]
    )
    shop.rating_sum, shop.rating_count = 5, 1
    session.execute(
        text(
            "INSERT INTO order_actions (order_id, action, status, details) VALUES (:id, 'issue_raised', 'PENDING', :n)"
        ),
        {"id": order.id, "n": f"late for {NAME}"},
    )
    session.commit()


def _walk(session: Session, life: Life) -> None:
    branch = factories.make_location(session)
    trolley = factories.make_trolley(session, branch)
    device = factories.make_device(session, trolley)
    walk = factories.make_cart_session(session, trolley, life.user, opened_at=datetime.now(UTC) - timedelta(hours=1))
    walk.snapshot, walk.state = {"note": f"basket of {NAME}"}, TrolleyState.IDLE
    walk.closed_at, walk.outcome = datetime.now(UTC), SessionOutcome.LEFT
    trolley.state = TrolleyState.IDLE
    session.get_one(Cart, walk.cart_id).status = CartStatus.ABANDONED
    minute = (datetime.now(UTC) - timedelta(minutes=30)).replace(second=0, microsecond=0)
    session.add(LocationSample(device_id=device.id, minute=minute, session_id=walk.id, floor=0, x_cm=1, y_cm=2))
    session.execute(
        text("""INSERT INTO trolley_assists (session_id, trolley_id, stock_location_id, reason, resolved_at, outcome,
                                             note)
                VALUES (:walk, :trolley, :branch, 'help', now(), 'accepted', :note)"""),
        {"walk": walk.id, "trolley": trolley.id, "branch": branch.id, "note": f"helped {NAME}"},
    )
    session.commit()


_THE_REST = (
    "INSERT INTO recovery_codes (user_id, code_hash) VALUES (:id, 'x')",
    "INSERT INTO password_resets (user_id, token_hash, expires_at) VALUES (:id, 'x', now()) ON CONFLICT DO NOTHING",
    "INSERT INTO user_branches (user_id, stock_location_id) SELECT :id, min(id) FROM stock_locations",
    "INSERT INTO consumer_profiles (user_id, flat_number) VALUES (:id, :flat)",
    "INSERT INTO checklist_items (user_id, product_id, quantity) SELECT :id, min(id), 1 FROM products",
    """INSERT INTO message_preferences (user_id, kind, channel, is_enabled) VALUES (:id, 'offers', 'sms', true)""",
    "INSERT INTO pending_pairings (trolley_id, user_id, expires_at) SELECT min(id), :id, now() FROM trolleys",
    "INSERT INTO shopper_qrs (token_hash, user_id, expires_at) VALUES ('x', :id, now())",
    """INSERT INTO vendor_profiles (user_id, business_type, business_name, address)
       VALUES (:id, 'grocery', :name, :street)""",
    """INSERT INTO vendor_documents (user_id, document_type, file_url)
       VALUES (:id, 'pan', 'https://example.com/' || :name)""",
    """INSERT INTO payout_banks (user_id, bank_name, account_number, last4, ifsc_code)
       VALUES (:id, 'Bank', :name, '1234', 'X')""",
    """INSERT INTO top_ups (user_id, request_hash, amount, currency, note, provider, reference, authorize_key,
                            capture_key, next_at, state)
       VALUES (:id, 'x', 5, 'ILS', 'by ' || :name, 'mockpay', 'life', gen_random_uuid(), gen_random_uuid(), now(),
               'declined')""",
    "INSERT INTO carts (user_id, channel) VALUES (:id, 'MARKETPLACE')",
    """INSERT INTO assistance_requests (user_id, stock_location_id, message)
       SELECT :id, min(id), 'Help ' || :name FROM stock_locations""",
    "UPDATE order_items SET missing_reason = :name || ' took the last' WHERE order_id IN (:orders)",
)


def _leave_the_rest(session: Session, life: Life) -> None:
    """What a customer, somebody of the staff or a vendor leaves besides, all of it by this one person."""
    values = {"id": life.user.id, "name": NAME, "street": STREET, "flat": FLAT}
    for statement in _THE_REST:
        used = {name: value for name, value in values.items() if f":{name}" in statement}
        types = [bindparam(name, type_=BigInteger if name == "id" else Text) for name in used]
        whose = statement.replace("IN (:orders)", f"IN (SELECT id FROM orders WHERE user_id = {life.user.id})")
        session.execute(text(whose).bindparams(*types), used)
    session.commit()


def _be_told(session: Session, life: Life) -> None:
    """What was waiting is sent, which the sandbox keeps; the newest code still waits."""
    relay.relay_due()
    session.add(Notification(user_id=life.user.id, kind="x", title=f"Hello {NAME}", body=STREET))
    session.add(LiveEvent(user_id=life.user.id, topic="x", payload={"name": NAME}))
    session.commit()
    life.client.post("/api/v1/send-otp", json={"phone": PHONE})


TEXTS = text("""
    SELECT table_name, column_name FROM information_schema.columns
    WHERE table_schema = 'public' AND table_name <> 'alembic_version'
      AND (data_type IN ('character varying', 'text', 'jsonb', 'ARRAY'))
    ORDER BY 1, 2
""")


def places_of(session: Session, *traces: str) -> dict[str, list[str]]:
    """The columns of the whole database that hold one of the texts, in whatever case, each with the texts it holds."""
    found: dict[str, list[str]] = {}
    columns = session.execute(TEXTS).all()
    assert len(columns) > 150
    for table, column in columns:
        for trace in traces:
            holds = text(f'SELECT EXISTS (SELECT FROM "{table}" WHERE strpos(lower("{column}"::text), lower(:t)) > 0)')
            if session.execute(holds, {"t": trace}).scalar_one():
                found.setdefault(f"{table}.{column}", []).append(trace)
    return found
