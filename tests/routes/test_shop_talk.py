"""Messages, ratings and issues of orders from vendors' shops."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.enums import OrderStatus, Role
from app.models import AuditEvent, LiveEvent, OrderAction, OrderMessage, OrderRating, Shop
from tests import factories
from tests.conftest import Statements
from tests.talking import CONSUMER, VENDOR, Deal, make_deal, refusal


@pytest.fixture
def deal(client: FlaskClient, session: Session) -> Deal:
    return make_deal(client, session)


@pytest.fixture
def delivered(client: FlaskClient, session: Session) -> Deal:
    return make_deal(client, session, status=OrderStatus.DELIVERED)


def bodies(answer: Any) -> list[str]:
    return [message["message"] for message in answer.json["data"]]


def test_both_sides_read_what_both_say_oldest_first(deal: Deal) -> None:
    sent = deal.consumer_posts("message", {"message": "Ring twice", "order_id": "ignored"})
    deal.vendor_posts("message", {"message": "Will do"})

    assert (sent.status_code, sent.json["data"]["message"]) == (200, "Message sent")
    for answer in (deal.consumer_gets("/messages"), deal.vendor_gets("/messages")):
        first, second = answer.json["data"]
        assert first.pop("timestamp").endswith("Z")
        assert first == {
            "id": sent.json["data"]["message_id"],
            "order_id": deal.order.id,
            "sender": "consumer",
            "sender_phone": deal.consumer.phone,
            "message": "Ring twice",
            "automatic": False,
        }
        assert (second["sender"], second["sender_phone"]) == ("vendor", deal.vendor.phone)
        assert answer.json["meta"]["has_next"] is False


@pytest.mark.parametrize("body", [{}, {"message": ""}, {"message": "  \n "}])
def test_a_message_must_say_something(deal: Deal, body: dict[str, str]) -> None:
    assert refusal(deal.consumer_posts("message", body)) == (400, "Message required")
    assert refusal(deal.vendor_posts("message", body)) == (400, "Message required")


@pytest.mark.parametrize("message", ["x" * 2001, "a\x00b", 5, None, ["hello"]])
def test_a_message_that_cannot_be_kept_is_a_validation_error(deal: Deal, message: object) -> None:
    answer = deal.consumer_posts("message", {"message": message})

    assert (answer.status_code, answer.json["error"]["code"]) == (400, "VALIDATION_ERROR")


def test_after_gives_only_what_follows(deal: Deal) -> None:
    ids = [deal.consumer_posts("message", {"message": str(n)}).json["data"]["message_id"] for n in range(4)]

    following = deal.vendor_gets("/messages", after=ids[1])
    a_part = deal.vendor_gets("/messages", after=0, limit=3)

    assert bodies(following) == ["2", "3"]
    assert (bodies(a_part), a_part.json["meta"]["has_next"]) == (["0", "1", "2"], True)
    assert bodies(deal.vendor_gets("/messages", after=ids[3])) == []


def test_the_newest_come_first_page_by_page_and_in_order(deal: Deal) -> None:
    for number in range(5):
        deal.consumer_posts("message", {"message": str(number)})

    newest = deal.consumer_gets("/messages", limit=2)
    middle = deal.consumer_gets("/messages", limit=2, cursor=newest.json["meta"]["next_cursor"])
    oldest = deal.consumer_gets("/messages", limit=2, cursor=middle.json["meta"]["next_cursor"])

    assert [bodies(page) for page in (newest, middle, oldest)] == [["3", "4"], ["1", "2"], ["0"]]
    assert oldest.json["meta"]["next_cursor"] is None


def test_polling_costs_one_statement_and_no_body_while_nothing_is_new(deal: Deal, statements: Statements) -> None:
    counts = []
    for _ in range(2):
        deal.consumer_posts("message", {"message": "Hello"})
        statements.clear()
        etag = deal.consumer_gets("/messages").headers["ETag"]
        counts.append(len([each for each in statements if "order_messages" in each]))

    held = {**deal.as_consumer, "If-None-Match": etag}
    again = deal.client.get(f"{CONSUMER}/{deal.order.id}/messages", headers=held)

    assert counts == [1, 1]
    assert (again.status_code, again.data) == (304, b"")
    deal.vendor_posts("message", {"message": "New"})
    assert deal.client.get(f"{CONSUMER}/{deal.order.id}/messages", headers=held).status_code == 200


def test_a_message_is_logged_and_both_sides_hear_of_it(session: Session, deal: Deal) -> None:
    deal.vendor_posts("message", {"message": "On my way"})

    news = session.execute(select(LiveEvent.user_id, LiveEvent.payload).where(LiveEvent.topic == "order.message")).all()
    assert {row.user_id for row in news} == {deal.consumer.id, deal.vendor.id}
    assert {(row.payload["order_id"], row.payload["message"]) for row in news} == {(deal.order.id, "On my way")}
    assert session.scalars(select(OrderAction.action)).all() == ["message_sent"]
    assert session.scalar(select(AuditEvent.actor_user_id).where(AuditEvent.action == "MESSAGE_SENT")) == deal.vendor.id


def test_an_order_of_others_is_as_if_there_were_none(client: FlaskClient, session: Session, deal: Deal) -> None:
    stranger = make_deal(client, session)
    deal.consumer_posts("message", {"message": "Secret"})
    form = {"message": "Hi", "rating": 5, "issue_type": "Late"}

    def answers(order_id: int) -> list[bytes]:
        own, sold = f"{CONSUMER}/{order_id}", f"{VENDOR}/{order_id}"
        got = [client.get(f"{own}/{part}", headers=stranger.as_consumer) for part in ("messages", "issues")]
        forms = ("message", "rate", "issue")
        got += [client.post(f"{own}/{part}", json=form, headers=stranger.as_consumer) for part in forms]
        got += [client.post(f"{sold}/message", json=form, headers=stranger.as_vendor)]
        reads = (f"{sold}/messages", f"{VENDOR}/issues?order_id={order_id}")
        got += [client.get(address, headers=stranger.as_vendor) for address in reads]
        assert {answer.status_code for answer in got} == {404}
        return [answer.data for answer in got]

    assert answers(deal.order.id) == answers(10**12)


def test_an_order_that_awaits_its_payment_is_not_the_vendors_yet(client: FlaskClient, session: Session) -> None:
    undecided = make_deal(client, session, status=OrderStatus.PENDING_PAYMENT, pay_deadline=func.now())

    assert undecided.consumer_gets("/messages").status_code == 200
    assert undecided.vendor_gets("/messages").status_code == 404
    assert undecided.vendor_posts("message", {"message": "Hi"}).status_code == 404


def test_a_rating_is_thanked_for_and_feeds_the_shop(session: Session, delivered: Deal) -> None:
    other = factories.make_shop_order(session, delivered.consumer, delivered.shop, status=OrderStatus.RETURN_COMPLETED)

    answer = delivered.consumer_posts("rate", {"rating": 4, "review": "Good"})
    delivered.client.post(f"{CONSUMER}/{other.id}/rate", json={"rating": 2}, headers=delivered.as_consumer)

    assert answer.json["data"]["message"] == "Thank you for rating!"
    rating = answer.json["data"]["rating"]
    assert rating.pop("created_at")
    assert rating == {"order_id": delivered.order.id, "rating": 4, "review": "Good"}
    session.expire_all()
    shop = session.get_one(Shop, delivered.shop.id)
    assert (shop.rating_sum, shop.rating_count) == (6, 2)
    assert session.scalars(select(OrderAction.action)).all() == ["order_rated"] * 2
    assert delivered.consumer_gets().json["data"]["rating"]["rating"] == 4


def test_an_order_is_rated_once(session: Session, delivered: Deal) -> None:
    delivered.consumer_posts("rate", {"rating": 5})

    assert refusal(delivered.consumer_posts("rate", {"rating": 1})) == (409, "Rating already submitted")
    assert session.scalar(select(OrderRating.rating)) == 5
    session.expire_all()
    assert session.get_one(Shop, delivered.shop.id).rating_count == 1


@pytest.mark.parametrize("rating", [0, 6, -1])
def test_a_rating_has_one_to_five_stars(delivered: Deal, rating: int) -> None:
    assert refusal(delivered.consumer_posts("rate", {"rating": rating})) == (400, "Rating must be between 1 and 5")


@pytest.mark.parametrize(
    "body", [{}, {"rating": "abc"}, {"rating": True}, {"rating": 4.5}, {"rating": 5, "review": None}]
)
def test_a_rating_of_the_wrong_type_is_a_validation_error(delivered: Deal, body: dict[str, Any]) -> None:
    answer = delivered.consumer_posts("rate", body)

    assert (answer.status_code, answer.json["error"]["code"]) == (400, "VALIDATION_ERROR")


def test_five_hundred_characters_of_review_are_kept(session: Session, delivered: Deal) -> None:
    too_long = delivered.consumer_posts("rate", {"rating": 3, "review": "x" * 501})
    long = delivered.consumer_posts("rate", {"rating": 3, "review": "x" * 500})

    assert (too_long.status_code, long.status_code) == (400, 200)
    assert session.scalar(select(func.length(OrderRating.review))) == 500


def test_only_what_was_delivered_can_be_rated_or_complained_of(deal: Deal) -> None:
    rated = deal.consumer_posts("rate", {"rating": 5})
    raised = deal.consumer_posts("issue", {"issue_type": "Late"})

    assert refusal(rated) == (409, "Order not yet delivered")
    assert refusal(raised) == (409, "Issue can only be raised for delivered orders")


def test_an_issue_is_seen_by_both_sides_and_in_the_talk(delivered: Deal) -> None:
    answer = delivered.consumer_posts("issue", {"issue_type": "Damaged", "description": "The milk was open"})

    assert answer.json["data"]["message"] == "Issue raised"
    lists = [
        delivered.consumer_gets("/issues"),
        delivered.client.get(f"{VENDOR}/issues", headers=delivered.as_vendor),
        delivered.client.get(f"{VENDOR}/issues?order_id={delivered.order.id}", headers=delivered.as_vendor),
    ]
    for each in lists:
        (issue,) = each.json["data"]
        assert issue.pop("created_at") == issue.pop("updated_at")
        assert issue == {
            "id": answer.json["data"]["issue_id"],
            "order_id": delivered.order.id,
            "order_number": delivered.order.order_number,
            "user_phone": delivered.consumer.phone,
            "issue_type": "Damaged",
            "description": "The milk was open",
            "status": "raised",
            "resolution": None,
            "resolved_at": None,
        }
    (message,) = delivered.vendor_gets("/messages").json["data"]
    assert (message["message"], message["automatic"]) == ("Issue raised: Damaged\nThe milk was open", True)


@pytest.mark.parametrize(
    "body", [{}, {"issue_type": " "}, {"issue_type": "x" * 51}, {"issue_type": "A", "description": "x" * 2001}]
)
def test_an_issue_needs_a_type_and_has_bounds(delivered: Deal, body: dict[str, str]) -> None:
    answer = delivered.consumer_posts("issue", body)

    assert (answer.status_code, answer.json["error"]["code"]) == (400, "VALIDATION_ERROR")


def raised(deal: Deal, issue_type: str = "Late") -> int:
    return int(deal.consumer_posts("issue", {"issue_type": issue_type}).json["data"]["issue_id"])


def resolve(deal: Deal, issue_id: int, **body: str) -> Any:
    form = {"resolution": "Sorry", **body}
    return deal.client.post(f"{VENDOR}/issues/{issue_id}/resolve", json=form, headers=deal.as_vendor)


def test_the_vendor_settles_an_issue_once(session: Session, delivered: Deal) -> None:
    issue_id = raised(delivered)

    answer = resolve(delivered, issue_id, status="rejected")

    assert answer.json["data"]["message"] == "Issue rejected"
    issue = answer.json["data"]["issue"]
    assert (issue["status"], issue["resolution"]) == ("rejected", "Sorry")
    assert issue["resolved_at"] is not None
    assert refusal(resolve(delivered, issue_id)) == (409, "Issue already closed")
    assert session.scalars(select(OrderAction.action)).all() == ["issue_raised", "issue_resolved"]
    assert bodies(delivered.consumer_gets("/messages"))[-1] == "Issue rejected: Late\nSorry"


def test_an_issue_is_settled_as_resolved_unless_said(delivered: Deal) -> None:
    answer = resolve(delivered, raised(delivered))

    assert (answer.json["data"]["message"], answer.json["data"]["issue"]["status"]) == ("Issue resolved", "resolved")


@pytest.mark.parametrize("body", [{"resolution": ""}, {"resolution": "x" * 501}, {"status": "raised"}])
def test_a_settlement_has_words_and_an_end(delivered: Deal, body: dict[str, str]) -> None:
    assert resolve(delivered, raised(delivered), **body).status_code == 400


def test_a_vendor_settles_nothing_of_another_shop(client: FlaskClient, session: Session, delivered: Deal) -> None:
    stranger = make_deal(client, session)
    issue_id = raised(delivered)

    foreign, missing = resolve(stranger, issue_id), resolve(stranger, 10**12)

    assert foreign.status_code == 404
    assert foreign.data == missing.data
    assert client.get(f"{VENDOR}/issues", headers=stranger.as_vendor).json["data"] == []


def test_a_vendors_issues_come_newest_first_by_status_and_page(session: Session, delivered: Deal) -> None:
    ids = [raised(delivered, str(number)) for number in range(4)]
    resolve(delivered, ids[2])

    def listed(**query: object) -> Any:
        return delivered.client.get(f"{VENDOR}/issues", query_string=query, headers=delivered.as_vendor).json

    first = listed(status="raised", limit=2)
    second = listed(status="raised", limit=2, cursor=first["meta"]["next_cursor"])

    assert [[issue["id"] for issue in page["data"]] for page in (first, second)] == [[ids[3], ids[1]], [ids[0]]]
    assert first["meta"]["total"] == 3
    assert [issue["id"] for issue in listed(status="resolved")["data"]] == [ids[2]]


def test_a_vendor_without_a_shop_has_no_issues_to_see(client: FlaskClient, session: Session) -> None:
    headers = factories.sign_in(session, factories.make_vendor(session))

    assert refusal(client.get(f"{VENDOR}/issues", headers=headers)) == (404, "Shop not found")


@pytest.fixture
def office(client: FlaskClient, session: Session) -> Callable[..., Any]:
    headers = factories.sign_in(session, factories.make_user(session, role=Role.ADMIN))

    def call(path: str, body: Any = None, **query: object) -> Any:
        address = f"/api/v1/admin/{path}"
        if body is None:
            return client.get(address, query_string=query, headers=headers)
        return client.post(address, json=body, headers=headers)

    return call


def test_the_office_finds_disputes(
    client: FlaskClient, session: Session, delivered: Deal, office: Callable[..., Any]
) -> None:
    other = make_deal(client, session, status=OrderStatus.DELIVERED)
    mine, others = raised(delivered), raised(other)
    resolve(other, others)

    def found(**query: object) -> list[int]:
        return [dispute["id"] for dispute in office("disputes", **query).json["data"]]

    assert found() == [others, mine]
    assert found(status="raised") == [mine]
    assert found(q=delivered.consumer.phone) == [mine]
    assert found(q=other.order.order_number.lower()) == [others]
    assert found(q="no such thing") == []
    assert found(limit=1, offset=1) == [mine]
    dispute = office("disputes", status="raised").json["data"][0]
    assert (dispute["shop_id"], dispute["user_id"]) == (delivered.shop.id, delivered.consumer.id)


def test_the_office_has_the_last_word(delivered: Deal, office: Callable[..., Any]) -> None:
    issue_id = raised(delivered)
    resolve(delivered, issue_id, status="rejected")

    answer = office(f"disputes/{issue_id}/resolve", {"resolution": "We refund it"})

    assert answer.json["data"]["issue"]["status"] == "resolved"
    assert office(f"disputes/{issue_id}/resolve", {"resolution": "Again"}).status_code == 409
    assert office("disputes/1000000000/resolve", {"resolution": "None"}).status_code == 404
    last = delivered.consumer_gets("/messages").json["data"][-1]
    assert (last["sender"], last["sender_phone"]) == ("office", None)


def test_statements_of_lists_do_not_grow(delivered: Deal, office: Callable[..., Any], statements: Statements) -> None:
    counts = []
    for _ in range(3):
        raised(delivered)
        statements.clear()
        delivered.client.get(f"{VENDOR}/issues", headers=delivered.as_vendor)
        delivered.consumer_gets("/issues")
        office("disputes")
        counts.append(len(statements))

    assert counts[0] == counts[1] == counts[2]


def test_an_issue_leaves_its_message_in_the_same_transaction(session: Session, delivered: Deal) -> None:
    raised(delivered)

    assert session.scalar(select(func.count(OrderMessage.id))) == 1
