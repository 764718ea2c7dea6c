"""The Stripe-compatible client against localstripe, a server written by strangers."""

import uuid
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from app.clients.payments import CardNumberNotTaken, NewToken, Outcome, Status, TokenRefused
from app.clients.stripe_payments import StripePayments
from app.config import Settings
from tests.clients.localstripe import KEY, LocalStripe

GOOD = "4242424242424242"
DECLINED = "4000000000000341"
ASKS_OWNER = "4000002500003155"


@pytest.fixture
def client(stripe: LocalStripe) -> Iterator[StripePayments]:
    opened = StripePayments(settings_for(stripe))
    yield opened
    opened.close()


def settings_for(stripe: LocalStripe) -> Settings:
    return Settings(stripe_api_base=stripe.url, stripe_secret_key=KEY, currency="ILS", payment_read_timeout=8)


def reference() -> str:
    return f"pay_{uuid.uuid4().hex}"


def authorize(client: StripePayments, token: str, name: str, amount: str = "123.45") -> Outcome:
    return client.authorize(
        reference=name, token=token, amount=Decimal(amount), currency="ILS", idempotency_key=str(uuid.uuid4())
    )


def held(client: StripePayments, stripe: LocalStripe) -> tuple[str, str]:
    """A hold of 123.45: our reference and Stripe's."""
    name = reference()
    outcome = authorize(client, stripe.card(GOOD), name)
    assert outcome.provider_reference is not None
    return name, outcome.provider_reference


def key(**names: Any) -> dict[str, Any]:
    return {**names, "idempotency_key": str(uuid.uuid4())}


def test_a_good_card_is_held_for_the_exact_amount_and_not_yet_charged(
    client: StripePayments, stripe: LocalStripe
) -> None:
    name = reference()

    outcome = authorize(client, stripe.card(GOOD), name)

    intent = stripe.intent(str(outcome.provider_reference))
    assert outcome == Outcome(Status.AUTHORIZED, Decimal("123.45"), "ILS", outcome.provider_reference)
    assert (intent["amount"], intent["currency"], intent["status"]) == (12345, "ils", "requires_capture")
    assert intent["metadata"] == {"reference": name}


def test_a_declined_card_is_declined_with_the_banks_word_for_it(client: StripePayments, stripe: LocalStripe) -> None:
    outcome = authorize(client, stripe.card(DECLINED), reference())

    assert (outcome.status, outcome.failure_code) == (Status.DECLINED, "card_declined")


def test_a_card_that_asks_for_its_owner_is_declined_and_its_intent_cancelled(
    client: StripePayments, stripe: LocalStripe
) -> None:
    outcome = authorize(client, stripe.card(ASKS_OWNER), reference())

    assert (outcome.status, outcome.failure_code) == (Status.DECLINED, "authentication_required")
    assert stripe.intent(str(outcome.provider_reference))["status"] == "canceled"


def test_a_card_stripe_does_not_know_is_declined(client: StripePayments) -> None:
    outcome = authorize(client, "pm_nobodyknowsthis", reference())

    assert outcome.status is Status.DECLINED


def test_the_whole_hold_can_be_captured(client: StripePayments, stripe: LocalStripe) -> None:
    name, intent = held(client, stripe)

    outcome = client.capture(**key(reference=name, provider_reference=intent, amount=Decimal("123.45")))

    assert (outcome.status, outcome.amount) == (Status.CAPTURED, Decimal("123.45"))
    assert stripe.intent(intent)["status"] == "succeeded"
    assert client.find(reference=name).status is Status.CAPTURED


def test_capturing_less_lets_go_of_the_rest(client: StripePayments, stripe: LocalStripe) -> None:
    name, intent = held(client, stripe)

    outcome = client.capture(**key(reference=name, provider_reference=intent, amount=Decimal("100.05")))

    released = [refund["amount"] for refund in stripe.refunds(intent)]
    assert (outcome.status, outcome.amount) == (Status.CAPTURED, Decimal("100.05"))
    assert released == [12345 - 10005]


def test_more_than_the_hold_cannot_be_captured(client: StripePayments, stripe: LocalStripe) -> None:
    name, intent = held(client, stripe)

    outcome = client.capture(**key(reference=name, provider_reference=intent, amount=Decimal("123.46")))

    assert outcome.status is Status.DECLINED
    assert stripe.intent(intent)["status"] == "requires_capture"


def test_capturing_again_under_another_key_reports_the_capture_there_is(
    client: StripePayments, stripe: LocalStripe
) -> None:
    name, intent = held(client, stripe)
    client.capture(**key(reference=name, provider_reference=intent, amount=Decimal("123.45")))

    again = client.capture(**key(reference=name, provider_reference=intent, amount=Decimal("123.45")))

    assert again.status is Status.CAPTURED


def test_a_void_lets_go_and_a_second_one_says_the_same(client: StripePayments, stripe: LocalStripe) -> None:
    name, intent = held(client, stripe)

    first = client.void(**key(reference=name, provider_reference=intent))
    second = client.void(**key(reference=name, provider_reference=intent))

    assert (first.status, second.status) == (Status.VOIDED, Status.VOIDED)
    assert stripe.intent(intent)["status"] == "canceled"


def test_a_void_after_the_capture_reports_the_capture(client: StripePayments, stripe: LocalStripe) -> None:
    name, intent = held(client, stripe)
    client.capture(**key(reference=name, provider_reference=intent, amount=Decimal("123.45")))

    assert client.void(**key(reference=name, provider_reference=intent)).status is Status.CAPTURED


def test_a_payment_stripe_does_not_know_cannot_be_captured(client: StripePayments) -> None:
    outcome = client.capture(
        **key(reference=reference(), provider_reference="pi_nobodyknowsthis", amount=Decimal("1.00"))
    )

    assert outcome.status is Status.DECLINED


def test_a_refund_sent_twice_under_one_key_is_made_once(client: StripePayments, stripe: LocalStripe) -> None:
    name, intent = held(client, stripe)
    client.capture(**key(reference=name, provider_reference=intent, amount=Decimal("123.45")))
    one = key(reference=name, provider_reference=intent, amount=Decimal("23.45"))

    first, resent = client.refund(**one), client.refund(**one)
    another = client.refund(**key(reference=name, provider_reference=intent, amount=Decimal("23.45")))

    assert first == resent
    assert (first.status, first.amount, first.currency) == (Status.REFUNDED, Decimal("23.45"), "ILS")
    assert another.status is Status.REFUNDED
    assert [refund["amount"] for refund in stripe.refunds(intent)] == [2345, 2345]


def test_a_declined_payment_cannot_be_refunded(client: StripePayments, stripe: LocalStripe) -> None:
    name = reference()
    authorize(client, stripe.card(DECLINED), name)
    intent = str(client.find(reference=name).provider_reference)

    outcome = client.refund(**key(reference=name, provider_reference=intent, amount=Decimal("1.00")))

    assert outcome.status is Status.DECLINED


def test_find_tells_a_hold_a_decline_and_a_stranger_apart(client: StripePayments, stripe: LocalStripe) -> None:
    name, intent = held(client, stripe)
    declined = reference()
    authorize(client, stripe.card(DECLINED), declined)

    assert client.find(reference=name) == Outcome(Status.AUTHORIZED, Decimal("123.45"), "ILS", intent)
    assert client.find(reference=declined).failure_code == "card_declined"
    assert client.find(reference=reference()).status is Status.NOT_FOUND


def test_a_payment_is_found_beyond_the_first_page(client: StripePayments, stripe: LocalStripe) -> None:
    for _ in range(101):
        stripe.post("/v1/payment_intents", {"amount": "100", "currency": "ils"})
    name, intent = held(client, stripe)

    assert client.find(reference=name).provider_reference == intent


def test_cancelling_by_our_reference_lets_go(client: StripePayments, stripe: LocalStripe) -> None:
    name, intent = held(client, stripe)

    outcome = client.cancel(reference=name)

    assert outcome.status is Status.VOIDED
    assert stripe.intent(intent)["status"] == "canceled"


def test_cancelling_lets_go_of_every_hold_under_the_reference(client: StripePayments, stripe: LocalStripe) -> None:
    name = reference()
    holds = [authorize(client, stripe.card(GOOD), name).provider_reference for _ in range(2)]

    outcome = client.cancel(reference=name)

    assert outcome.status is Status.VOIDED
    assert [stripe.intent(str(hold))["status"] for hold in holds] == ["canceled", "canceled"]


def test_cancelling_what_was_captured_reports_the_capture(client: StripePayments, stripe: LocalStripe) -> None:
    name, intent = held(client, stripe)
    client.capture(**key(reference=name, provider_reference=intent, amount=Decimal("123.45")))

    assert client.cancel(reference=name).status is Status.CAPTURED


def test_cancelling_what_never_arrived_holds_nothing(client: StripePayments) -> None:
    outcome = client.cancel(reference=reference())

    assert outcome.status is Status.VOIDED


def test_a_saved_card_can_be_charged_again_and_again(client: StripePayments, stripe: LocalStripe) -> None:
    kept = client.read_token(stripe.card(GOOD))

    outcomes = [authorize(client, kept.provider_token, reference()).status for _ in range(2)]

    assert kept == NewToken(provider_token=kept.provider_token, last4="4242")
    assert outcomes == [Status.AUTHORIZED, Status.AUTHORIZED]


def test_a_card_kept_by_somebody_cannot_be_kept_by_another(client: StripePayments, stripe: LocalStripe) -> None:
    card = stripe.card(GOOD)
    client.read_token(card)

    with pytest.raises(TokenRefused, match="not_a_new_card"):
        client.read_token(card)


@pytest.mark.parametrize("token", ["pm_nobodyknowsthis", "cus_1:pm_1", "../customers/cus_1", "4242424242424242", ""])
def test_what_is_no_card_of_stripe_cannot_be_kept(client: StripePayments, token: str) -> None:
    with pytest.raises(TokenRefused):
        client.read_token(token)


def test_a_card_the_bank_refuses_cannot_be_kept(client: StripePayments, stripe: LocalStripe) -> None:
    with pytest.raises(TokenRefused, match="card_declined"):
        client.read_token(stripe.card("4000000000000002"))


def test_card_numbers_never_reach_us(client: StripePayments) -> None:
    with pytest.raises(CardNumberNotTaken):
        client.create_token(card_number=GOOD)
