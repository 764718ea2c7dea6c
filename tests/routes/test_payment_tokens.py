"""Saved means of payment over HTTP."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import insert, inspect, select
from sqlalchemy.orm import Session

from app.clients.payments import CardNumberNotTaken, NewToken, ProviderSilent, TokenRefused
from app.domain.enums import PaymentProvider
from app.models import AuditEvent, PaymentToken, User
from app.services import payment_tokens
from tests.factories import make_user, sign_in

URL = "/api/v1/me/payment-tokens"
CARD = "4242424242421234"


def save(client: FlaskClient, headers: dict[str, str], **body: Any) -> Any:
    return client.post(URL, json=body or {"card_number": CARD}, headers=headers)


def saved_id(client: FlaskClient, headers: dict[str, str]) -> int:
    return int(save(client, headers).json["data"]["payment_token_id"])


def kept(client: FlaskClient, headers: dict[str, str]) -> list[tuple[int, bool]]:
    rows = client.get(URL, headers=headers).json["data"]
    return [(row["payment_token_id"], row["is_default"]) for row in rows]


def audited(session: Session) -> list[tuple[object, ...]]:
    columns = (AuditEvent.entity_type, AuditEvent.action, AuditEvent.old_value, AuditEvent.new_value)
    return [tuple(row) for row in session.execute(select(*columns).order_by(AuditEvent.id))]


class RealProvider:
    """A provider that takes no card numbers and knows one handle."""

    provider = PaymentProvider.STRIPE

    def create_token(self, *, card_number: str) -> NewToken:
        raise CardNumberNotTaken

    def read_token(self, provider_token: str) -> NewToken:
        if provider_token == "pm_silent":
            raise ProviderSilent
        if provider_token != "pm_known":
            raise TokenRefused("unknown")
        return NewToken(provider_token=provider_token, last4="0077")


@pytest.fixture
def real_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payment_tokens, "payment_client", lambda _settings: RealProvider())


def test_a_card_is_kept_as_four_digits_and_the_first_becomes_the_default(
    client: FlaskClient, session: Session, user: User, headers: dict[str, str]
) -> None:
    answer = save(client, headers, card_number="4242 4242-4242 1234", cvv="123", expiry="12/30", holder="Dana")

    assert answer.status_code == 201
    data = answer.json["data"]
    assert (data["provider"], data["last4"], data["is_default"]) == ("mockpay", "1234", True)
    row = session.execute(select(PaymentToken).where(PaymentToken.user_id == user.id)).scalar_one()
    assert row.id == data["payment_token_id"]
    values = {str(getattr(row, column.key)) for column in inspect(PaymentToken).columns}
    assert not any("424242" in value for value in values)


def test_saving_a_card_is_audited_by_its_four_digits(
    client: FlaskClient, session: Session, headers: dict[str, str]
) -> None:
    save(client, headers)

    assert audited(session) == [("payment_token", "CREATE", None, {"provider": "mockpay", "last4": "1234"})]


@pytest.mark.parametrize(
    "body",
    [
        {"holder": "Dana"},
        {"card_number": "4242"},
        {"card_number": "4242424242424242x"},
        {"card_number": ["4242424242424242"]},
        {"card_number": True},
        {"provider_token": "4242424242424242"},
        {"card_number": CARD, "provider_token": "pm_known"},
    ],
)
def test_a_faulty_card_is_refused_without_an_echo(
    client: FlaskClient, headers: dict[str, str], body: dict[str, Any]
) -> None:
    answer = save(client, headers, **body)

    assert answer.status_code == 400
    assert answer.json["error"]["code"] == "VALIDATION_ERROR"
    assert "4242" not in answer.text


def test_a_card_sent_as_a_number_is_taken(client: FlaskClient, headers: dict[str, str]) -> None:
    assert save(client, headers, card_number=int(CARD)).json["data"]["last4"] == "1234"


@pytest.mark.usefixtures("real_provider")
def test_a_real_provider_takes_no_card_numbers(client: FlaskClient, session: Session, headers: dict[str, str]) -> None:
    answer = save(client, headers)

    assert (answer.status_code, answer.json["error"]["code"]) == (403, "CARD_NUMBERS_REFUSED")
    assert CARD not in answer.text
    assert kept(client, headers) == []


@pytest.mark.usefixtures("real_provider")
def test_a_real_providers_handle_is_kept(client: FlaskClient, session: Session, headers: dict[str, str]) -> None:
    answer = save(client, headers, provider_token="pm_known")

    assert (answer.json["data"]["provider"], answer.json["data"]["last4"]) == ("stripe", "0077")
    assert session.execute(select(PaymentToken.provider_token).where(PaymentToken.id > 1)).scalar_one() == "pm_known"
    assert "pm_known" not in answer.text


@pytest.mark.usefixtures("real_provider")
def test_a_handle_the_provider_does_not_know_is_refused(client: FlaskClient, headers: dict[str, str]) -> None:
    answer = save(client, headers, provider_token="pm_unknown")

    assert (answer.status_code, answer.json["error"]["code"]) == (400, "UNKNOWN_PROVIDER_TOKEN")


@pytest.mark.usefixtures("real_provider")
def test_a_silent_provider_asks_to_try_again(client: FlaskClient, headers: dict[str, str]) -> None:
    answer = save(client, headers, provider_token="pm_silent")

    assert (answer.status_code, kept(client, headers)) == (503, [])
    assert int(answer.headers["Retry-After"]) > 0


def test_the_list_shows_the_own_tokens_alone_the_default_first(
    client: FlaskClient, session: Session, headers: dict[str, str]
) -> None:
    saved_id(client, sign_in(session, make_user(session)))
    first, second, third = (saved_id(client, headers) for _ in range(3))

    assert kept(client, headers) == [(first, True), (third, False), (second, False)]


def test_making_a_token_the_default_unsets_the_others_and_is_audited(
    client: FlaskClient, session: Session, headers: dict[str, str]
) -> None:
    old, new = saved_id(client, headers), saved_id(client, headers)

    answer = client.patch(f"{URL}/{new}/default", headers=headers)

    assert answer.json["data"]["is_default"] is True
    assert kept(client, headers) == [(new, True), (old, False)]
    assert audited(session)[-1] == (
        "payment_preferences",
        "SET_DEFAULT",
        {"payment_token_id": old},
        {"payment_token_id": new},
    )


def test_making_the_default_the_default_again_changes_nothing(
    client: FlaskClient, session: Session, headers: dict[str, str]
) -> None:
    only = saved_id(client, headers)

    client.patch(f"{URL}/{only}/default", headers=headers)

    assert len(audited(session)) == 1


def test_deleting_the_default_hands_it_to_the_newest_other(
    client: FlaskClient, session: Session, headers: dict[str, str]
) -> None:
    first, second, third = (saved_id(client, headers) for _ in range(3))

    answer = client.delete(f"{URL}/{first}", headers=headers)

    assert set(answer.json["data"]) == {"message"}
    assert kept(client, headers) == [(third, True), (second, False)]
    assert session.get(PaymentToken, first).is_active is False


def test_deleting_another_leaves_the_default_alone(client: FlaskClient, headers: dict[str, str]) -> None:
    default, other, newest = (saved_id(client, headers) for _ in range(3))

    client.delete(f"{URL}/{other}", headers=headers)

    assert kept(client, headers) == [(default, True), (newest, False)]


def test_a_deleted_token_is_gone(client: FlaskClient, headers: dict[str, str]) -> None:
    token = saved_id(client, headers)
    client.delete(f"{URL}/{token}", headers=headers)

    again = client.delete(f"{URL}/{token}", headers=headers)
    chosen = client.patch(f"{URL}/{token}/default", headers=headers)

    assert {answer.json["error"]["code"] for answer in (again, chosen)} == {"PAYMENT_TOKEN_NOT_FOUND"}


@pytest.mark.parametrize(("method", "path"), [("DELETE", ""), ("PATCH", "/default")])
def test_a_strangers_token_and_the_shared_card_are_not_found_and_not_touched(
    client: FlaskClient, session: Session, headers: dict[str, str], method: str, path: str
) -> None:
    stranger = sign_in(session, make_user(session))
    token = saved_id(client, stranger)

    answers = [client.open(f"{URL}/{id_}{path}", method=method, headers=headers) for id_ in (token, 1)]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert {answer.json["error"]["code"] for answer in answers} == {"PAYMENT_TOKEN_NOT_FOUND"}
    assert kept(client, stranger) == [(token, True)]


def test_a_list_of_fifty_takes_no_more(
    client: FlaskClient, session: Session, user: User, headers: dict[str, str]
) -> None:
    row = {"user_id": user.id, "provider": "mockpay", "provider_token": "sandbox-approve", "last4": "0000"}
    session.execute(insert(PaymentToken), [row] * payment_tokens.MOST)
    session.commit()

    answer = save(client, headers)

    assert (answer.status_code, answer.json["error"]["code"]) == (409, "TOO_MANY_PAYMENT_TOKENS")
