"""The Stripe-compatible client when the provider is slow, broken, odd or gone."""

import logging
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs

import pytest

from app.clients.payments import Outcome, ProviderSilent, Status
from app.clients.stripe_payments import StripePayments
from app.config import Settings
from tests.clients.scripted import Reply, Scripted

KEY = "sk_test_secret_of_the_shop"
HELD = {
    "id": "pi_1",
    "status": "requires_capture",
    "amount": 1290,
    "amount_capturable": 1290,
    "currency": "ils",
    "metadata": {"reference": "pay_1"},
}
TAKEN = {**HELD, "status": "succeeded", "amount_received": 1000, "amount_capturable": 0}
REFUND = {"id": "re_1", "amount": 500, "currency": "ils", "metadata": {"operation": "op-1"}}
NO_SEARCH = Reply(404, {"error": {"type": "invalid_request_error"}})


def make_client(url: str, **changes: Any) -> StripePayments:
    values: dict[str, Any] = {"currency": "ILS", "payment_read_timeout": 0.4, "payment_connect_timeout": 0.4}
    settings = Settings(stripe_api_base=url, stripe_secret_key=KEY, **{**values, **changes})
    return StripePayments(settings)


@pytest.fixture
def client(provider: Scripted) -> Iterator[StripePayments]:
    opened = make_client(provider.url)
    yield opened
    opened.close()


def authorize(client: StripePayments, amount: str = "12.90", currency: str = "ILS", token: str = "pm_1") -> Outcome:
    return client.authorize(
        reference="pay_1", token=token, amount=Decimal(amount), currency=currency, idempotency_key="op-1"
    )


def capture(client: StripePayments) -> Outcome:
    return client.capture(reference="pay_1", provider_reference="pi_1", amount=Decimal("10.00"), idempotency_key="op-1")


def refund(client: StripePayments) -> Outcome:
    return client.refund(reference="pay_1", provider_reference="pi_1", amount=Decimal("5.00"), idempotency_key="op-1")


def error(status: int, code: str, kind: str = "invalid_request_error") -> Reply:
    return Reply(status, {"error": {"type": kind, "code": code}})


def page(*intents: dict[str, Any], more: bool = False) -> Reply:
    return Reply(200, {"data": list(intents), "has_more": more})


def test_a_hold_is_asked_for_in_minor_units_with_our_key_and_reference(
    client: StripePayments, provider: Scripted
) -> None:
    provider.will(Reply(200, HELD))

    outcome = authorize(client)

    sent = provider.seen[0]
    assert outcome == Outcome(Status.AUTHORIZED, Decimal("12.90"), "ILS", "pi_1")
    assert (sent.method, sent.path) == ("POST", "/v1/payment_intents")
    assert sent.headers["idempotency-key"] == "op-1"
    assert sent.headers["authorization"] == f"Bearer {KEY}"
    assert sent.form == {
        "amount": "1290",
        "currency": "ils",
        "payment_method": "pm_1",
        "payment_method_types[]": "card",
        "capture_method": "manual",
        "confirm": "true",
        "metadata[reference]": "pay_1",
    }


def test_a_kept_card_is_charged_through_its_customer(client: StripePayments, provider: Scripted) -> None:
    provider.will(Reply(200, HELD))

    authorize(client, token="cus_7:pm_9")

    assert (provider.seen[0].form["customer"], provider.seen[0].form["payment_method"]) == ("cus_7", "pm_9")


def test_yen_have_no_hundredths(provider: Scripted) -> None:
    provider.will(Reply(200, {**HELD, "amount": 500, "amount_capturable": 500, "currency": "jpy"}))

    client = make_client(provider.url, currency="JPY")
    outcome = authorize(client, "500.00", "JPY")
    client.close()

    assert provider.seen[0].form["amount"] == "500"
    assert (outcome.amount, outcome.currency) == (Decimal("500.00"), "JPY")


def test_an_amount_the_currency_cannot_hold_is_declined_without_asking(provider: Scripted) -> None:
    outcome = authorize(make_client(provider.url, currency="JPY"), "10.50", "JPY")

    assert (outcome.status, outcome.failure_code) == (Status.DECLINED, "amount_not_payable")
    assert provider.seen == []


def test_silence_is_not_an_answer_and_is_not_asked_again(client: StripePayments, provider: Scripted) -> None:
    provider.will(Reply(silent=True))
    began = time.monotonic()

    outcome = authorize(client)

    assert outcome.status is Status.UNKNOWN
    assert len(provider.seen) == 1
    assert time.monotonic() - began < 3


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(error(500, "boom", "api_error"), id="broken"),
        pytest.param(error(503, "down", "api_error"), id="down"),
        pytest.param(error(429, "rate_limit"), id="too many requests"),
        pytest.param(error(409, "idempotency_key_in_use"), id="the same key is being worked on"),
        pytest.param(error(400, "keys", "idempotency_error"), id="the key was used for something else"),
        pytest.param(error(401, "api_key_expired"), id="our key is refused"),
        pytest.param(error(403, "account_invalid"), id="our account is refused"),
        pytest.param(Reply(302, HELD, {"Location": "/elsewhere"}), id="a redirect"),
        pytest.param(Reply(200, b"<html>maintenance</html>"), id="a page"),
        pytest.param(Reply(200, [HELD]), id="a list"),
        pytest.param(Reply(200, {}), id="an empty object"),
        pytest.param(Reply(200, {**HELD, "amount_capturable": "a lot"}), id="an amount in words"),
        pytest.param(Reply(200, {**HELD, "status": "processing"}), id="on its way"),
    ],
)
def test_what_decides_nothing_leaves_the_payment_open(client: StripePayments, provider: Scripted, reply: Reply) -> None:
    provider.will(reply)

    assert authorize(client).status is Status.UNKNOWN
    assert len(provider.seen) == 1


def test_a_closed_door_leaves_the_payment_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    assert authorize(make_client(f"http://127.0.0.1:{port}")).status is Status.UNKNOWN


def test_a_dropped_connection_is_tried_once_more_with_the_same_key(client: StripePayments, provider: Scripted) -> None:
    provider.will(Reply(hang_up=True), Reply(200, HELD))

    outcome = authorize(client)

    assert outcome.status is Status.AUTHORIZED
    assert [seen.headers["idempotency-key"] for seen in provider.seen] == ["op-1", "op-1"]
    assert provider.seen[0].form == provider.seen[1].form


def test_a_connection_dropped_twice_is_given_up(client: StripePayments, provider: Scripted) -> None:
    provider.will(Reply(hang_up=True), Reply(hang_up=True), Reply(200, HELD))

    assert authorize(client).status is Status.UNKNOWN
    assert len(provider.seen) == 2


def test_a_refusal_is_final_and_names_its_reason(client: StripePayments, provider: Scripted) -> None:
    failed = {"type": "card_error", "code": "expired_card", "payment_intent": {"id": "pi_9"}}
    provider.will(Reply(402, {"error": failed}))

    assert authorize(client) == Outcome(Status.DECLINED, Decimal("12.90"), "ILS", "pi_9", "expired_card")


def test_a_wrong_key_is_an_error_in_the_log_that_shows_no_secret(
    client: StripePayments, provider: Scripted, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider.will(error(401, "api_key_expired"))
    log = logging.getLogger("aisle.payments")
    monkeypatch.setattr(log, "propagate", False)
    monkeypatch.setattr(log, "handlers", [caplog.handler])

    authorize(client, token="pm_of_a_shopper")

    told = [record.__dict__ for record in caplog.records if record.name == "aisle.payments"]
    assert [record["levelname"] for record in told] == ["ERROR"]
    assert KEY not in str(told)
    assert "pm_of_a_shopper" not in str(told)


@pytest.mark.parametrize(
    ("answer", "seen_after", "expected"),
    [
        pytest.param(error(500, "boom"), TAKEN, Status.CAPTURED, id="broken, yet it was taken"),
        pytest.param(error(500, "boom"), HELD, Status.UNKNOWN, id="broken, and still held"),
        pytest.param(error(400, "unexpected_state"), TAKEN, Status.CAPTURED, id="refused as it was taken before"),
        pytest.param(error(400, "amount_too_large"), HELD, Status.DECLINED, id="refused"),
        pytest.param(error(400, "unexpected_state"), {**HELD, "status": "canceled"}, Status.DECLINED, id="cancelled"),
    ],
)
def test_a_capture_that_is_not_a_plain_yes_is_settled_by_looking(
    client: StripePayments, provider: Scripted, answer: Reply, seen_after: dict[str, Any], expected: Status
) -> None:
    provider.will(answer, Reply(200, seen_after))

    outcome = capture(client)

    assert outcome.status is expected
    assert (provider.seen[1].method, provider.seen[1].path) == ("GET", "/v1/payment_intents/pi_1")


def test_the_captured_amount_is_the_one_stripe_received(client: StripePayments, provider: Scripted) -> None:
    provider.will(Reply(200, TAKEN))

    assert capture(client).amount == Decimal("10.00")
    assert provider.seen[0].form == {"amount_to_capture": "1000"}


def test_a_capture_without_an_answer_stays_open(client: StripePayments, provider: Scripted) -> None:
    provider.will(Reply(silent=True))

    assert capture(client).status is Status.UNKNOWN


def test_a_refund_is_not_made_while_it_is_unknown_whether_it_was(client: StripePayments, provider: Scripted) -> None:
    provider.will(error(503, "down"))

    assert refund(client).status is Status.UNKNOWN
    assert [seen.method for seen in provider.seen] == ["GET"]


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("succeeded", Status.REFUNDED),
        ("pending", Status.UNKNOWN),
        ("failed", Status.DECLINED),
        ("canceled", Status.DECLINED),
    ],
)
def test_a_refund_made_before_is_reported_as_it_stands_now(
    client: StripePayments, provider: Scripted, status: str, expected: Status
) -> None:
    provider.will(page({**REFUND, "metadata": {}, "status": "succeeded"}, {**REFUND, "status": status}))

    assert refund(client).status is expected
    assert [seen.method for seen in provider.seen] == ["GET"]


def test_what_the_search_found_is_read_again_as_it_may_be_out_of_date(
    client: StripePayments, provider: Scripted
) -> None:
    provider.will(page(HELD), Reply(200, TAKEN))

    outcome = client.find(reference="pay_1")

    assert (outcome.status, outcome.amount) == (Status.CAPTURED, Decimal("10.00"))
    assert "query=metadata%5B%27reference%27%5D%3A%27pay_1%27" in provider.seen[0].path


def test_what_the_search_does_not_know_yet_is_found_in_the_recent_list(
    client: StripePayments, provider: Scripted
) -> None:
    stranger = {**HELD, "id": "pi_2", "metadata": {"reference": "pay_2"}}
    provider.will(page(), page(stranger, more=True), page(HELD))

    outcome = client.find(reference="pay_1")

    assert outcome.provider_reference == "pi_1"
    assert "created%5Bgte%5D=" in provider.seen[1].path
    assert "starting_after=pi_2" in provider.seen[2].path


def test_the_list_is_walked_no_further_back_than_the_payment_was_made(
    client: StripePayments, provider: Scripted
) -> None:
    """In a shop with two payments a second the last 15 minutes are more than 20 pages."""
    made = datetime.now(UTC) - timedelta(seconds=30)
    provider.will(page(), page())

    outcome = client.find(reference="pay_1", since=made)

    since = int(parse_qs(provider.seen[1].path.partition("?")[2])["created[gte]"][0])
    assert outcome.status is Status.NOT_FOUND
    assert 0 <= made.timestamp() - since <= 11


def test_a_page_that_fails_does_not_end_the_walk(client: StripePayments, provider: Scripted) -> None:
    stranger = {**HELD, "id": "pi_2", "metadata": {"reference": "pay_2"}}
    provider.will(page(), page(stranger, more=True), error(503, "busy"), error(500, "boom"), page(HELD))

    assert client.find(reference="pay_1").provider_reference == "pi_1"
    assert [seen.path for seen in provider.seen[2:4]] == [provider.seen[4].path] * 2


def test_a_list_too_long_to_walk_proves_nothing(client: StripePayments, provider: Scripted) -> None:
    stranger = {**HELD, "metadata": {}}
    provider.will(NO_SEARCH, *[page(stranger, more=True)] * 25)

    assert client.find(reference="pay_1").status is Status.UNKNOWN
    assert len(provider.seen) == 21


@pytest.mark.parametrize(
    "replies",
    [
        pytest.param([error(500, "boom")], id="no search"),
        pytest.param([page(), *[error(500, "boom")] * 3], id="no list"),
        pytest.param([page(HELD), error(500, "boom")], id="no second look"),
        pytest.param([Reply(silent=True)], id="silence"),
    ],
)
def test_a_search_without_an_answer_finds_nothing_out(
    client: StripePayments, provider: Scripted, replies: list[Reply]
) -> None:
    provider.will(*replies)

    assert client.find(reference="pay_1").status is Status.UNKNOWN


def test_the_payment_that_moved_money_counts_of_several_under_one_reference(
    client: StripePayments, provider: Scripted
) -> None:
    dead = {**HELD, "id": "pi_0", "status": "canceled"}
    provider.will(NO_SEARCH, page(dead, {**HELD, "id": "pi_2", "status": "requires_payment_method"}, HELD))

    assert client.find(reference="pay_1").provider_reference == "pi_1"


def test_a_cancel_is_not_reported_before_the_look_was_answered(client: StripePayments, provider: Scripted) -> None:
    provider.will(NO_SEARCH, error(500, "boom"))

    assert client.cancel(reference="pay_1").status is Status.UNKNOWN


def test_a_cancel_is_not_reported_while_one_hold_may_live(client: StripePayments, provider: Scripted) -> None:
    dead = {**HELD, "status": "canceled"}
    provider.will(NO_SEARCH, page(HELD, {**HELD, "id": "pi_2"}), Reply(200, dead), error(500, "boom"))
    provider.will(Reply(200, {**HELD, "id": "pi_2"}))

    assert client.cancel(reference="pay_1").status is Status.UNKNOWN


def test_keeping_a_card_without_an_answer_can_be_tried_again(client: StripePayments, provider: Scripted) -> None:
    provider.will(error(503, "down"))

    with pytest.raises(ProviderSilent):
        client.read_token("pm_1")
