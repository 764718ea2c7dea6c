"""Languages, notification settings and unsubscribing over HTTP."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.enums import Language, MessageChannel, MessageKind, Role
from app.models import AuditEvent, MessagePreference, OutboxEvent, SandboxMessage, User
from app.services import relay
from app.services.messages import unsubscribing
from tests.factories import PASSWORD, make_user, sign_in

SETTINGS = "/api/v1/me/notification-settings"
STOP = "/api/v1/messages/unsubscribe"
ON = {"email": True, "sms": True, "whatsapp": True, "in_app": True}


@pytest.fixture
def user(session: Session) -> User:
    return make_user(session, language=Language.HEBREW)


@pytest.fixture
def link(app: Flask, user: User, monkeypatch: pytest.MonkeyPatch) -> str:
    """The path of the link that ends the user's mails about orders."""
    current = app.extensions["settings"].model_copy(update={"public_base_url": "https://api.example.com"})
    monkeypatch.setitem(app.extensions, "settings", current)
    return unsubscribing.address(user_id=user.id, kind=MessageKind.ORDERS).removeprefix("https://api.example.com")


def chosen(session: Session) -> dict[tuple[str, str], bool]:
    rows = session.execute(select(MessagePreference)).scalars()
    return {(row.kind.value, row.channel.value): row.is_enabled for row in rows}


def registered(session: Session, client: FlaskClient, *, header: str | None = None, **body: Any) -> User:
    form = {"email": "dana@example.com", "password": PASSWORD, "full_name": "Dana Levi", **body}
    headers = {"Accept-Language": header} if header is not None else {}
    assert client.post("/api/v1/auth/register", json=form, headers=headers).status_code == 201
    return session.execute(select(User).where(User.email == "dana@example.com")).scalar_one()


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("he-IL,he;q=0.9,en;q=0.8", "he"),
        ("fr-FR,hi;q=0.5", "hi"),
        ("fr-FR", "en"),
        ("*", "en"),
        (None, "en"),
        (";;q=,,", "en"),
    ],
)
def test_a_new_user_is_told_things_in_the_language_of_the_browser(
    client: FlaskClient, session: Session, header: str | None, language: str
) -> None:
    assert registered(session, client, header=header).language == language


def test_the_language_of_the_body_counts_for_more(client: FlaskClient, session: Session) -> None:
    assert registered(session, client, header="he", language="hi").language == "hi"


def test_an_unknown_language_is_refused(client: FlaskClient, session: Session) -> None:
    form = {"email": "dana@example.com", "password": PASSWORD, "full_name": "Dana Levi", "language": "fr"}

    assert client.post("/api/v1/auth/register", json=form).status_code == 400


def test_a_first_sign_in_by_phone_keeps_the_language_of_the_browser(client: FlaskClient, session: Session) -> None:
    headers = {"Accept-Language": "hi-IN"}
    client.post("/api/v1/send-otp", json={"phone": "9876543210"}, headers=headers)
    code = session.execute(select(OutboxEvent.payload)).scalar_one()["code"]
    relay.relay_due()

    client.post("/api/v1/verify-otp", json={"phone": "9876543210", "otp": code}, headers=headers)

    assert f"{code} आपका साइन इन कोड है।" in session.execute(select(SandboxMessage.body)).scalar_one()
    assert session.execute(select(User.language)).scalar_one() is Language.HINDI


@pytest.mark.parametrize(("asked", "subject"), [({"language": "he"}, "חשבון העובדים שלך ב-Aisle"), ({}, "Your staff")])
def test_a_colleague_is_invited_in_the_language_chosen_for_them(
    client: FlaskClient, session: Session, asked: dict[str, str], subject: str
) -> None:
    admin = sign_in(session, make_user(session, role=Role.ADMIN)) | {"Accept-Language": "hi"}
    form = {"email": "amir@example.com", "full_name": "Amir Haddad", "role": "MANAGER", **asked}

    made = client.post("/api/v1/admin/users", json=form, headers=admin)
    relay.relay_due()

    assert made.status_code == 201
    assert session.execute(select(SandboxMessage.subject)).scalar_one().startswith(subject)


def test_the_profile_changes_the_language(client: FlaskClient, headers: dict[str, str]) -> None:
    answer = client.patch("/api/v1/me", json={"language": "hi"}, headers=headers)

    assert (answer.status_code, answer.json["data"]["language"]) == (200, "hi")


def test_the_settings_show_the_defaults(client: FlaskClient, headers: dict[str, str]) -> None:
    answer = client.get(SETTINGS, headers=headers)

    assert answer.json["data"] == {
        "language": "he",
        "channels": {
            "account": {"email": True, "sms": True, "whatsapp": False, "in_app": True},
            "orders": {"email": True, "sms": False, "whatsapp": False, "in_app": True},
            "offers": {"email": False, "sms": False, "whatsapp": False, "in_app": True},
        },
    }


def test_who_has_no_address_gets_text_messages_by_default(client: FlaskClient, session: Session) -> None:
    user = make_user(session, email=None, phone="+972501234567")

    shown = client.get(SETTINGS, headers=sign_in(session, user)).json["data"]["channels"]["orders"]

    assert (shown["email"], shown["sms"]) == (False, True)


def test_what_is_named_changes_and_the_rest_stays(
    client: FlaskClient, session: Session, headers: dict[str, str]
) -> None:
    client.patch(SETTINGS, json={"channels": {"offers": {"email": True}}}, headers=headers)
    answer = client.patch(
        SETTINGS, json={"language": "hi", "channels": {"orders": {"sms": True, "email": False}}}, headers=headers
    )

    shown = answer.json["data"]
    assert answer.status_code == 200
    assert shown["language"] == "hi"
    assert shown["channels"]["orders"] == {"email": False, "sms": True, "whatsapp": False, "in_app": True}
    assert shown["channels"]["offers"]["email"] is True
    assert shown == client.get(SETTINGS, headers=headers).json["data"]
    assert chosen(session) == {("orders", "sms"): True, ("orders", "email"): False, ("offers", "email"): True}


def test_a_change_of_mind_replaces_what_was_said_before(
    client: FlaskClient, session: Session, headers: dict[str, str]
) -> None:
    for is_on in (True, False):
        client.patch(SETTINGS, json={"channels": {"orders": {"sms": is_on}}}, headers=headers)

    assert chosen(session) == {("orders", "sms"): False}


def test_changes_are_audited_and_what_changes_nothing_is_not(
    client: FlaskClient, session: Session, headers: dict[str, str]
) -> None:
    for _ in range(2):
        client.patch(SETTINGS, json={"language": "hi"}, headers=headers)

    [row] = session.execute(select(AuditEvent)).scalars()
    assert row.action == "UPDATE_MESSAGES"
    assert (row.old_value["language"], row.new_value["language"]) == ("he", "hi")  # type: ignore[index]


@pytest.mark.parametrize("changed", [{"email": False}, {"in_app": False}, {"whatsapp": True}])
def test_messages_about_the_account_are_never_switched_off(
    client: FlaskClient, session: Session, headers: dict[str, str], changed: dict[str, bool]
) -> None:
    body = {"language": "en", "channels": {"account": changed, "orders": ON}}

    answer = client.patch(SETTINGS, json=body, headers=headers)

    assert (answer.status_code, answer.json["error"]["code"]) == (409, "ACCOUNT_MESSAGES_ALWAYS_ON")
    assert client.get(SETTINGS, headers=headers).json["data"]["language"] == "he"
    assert chosen(session) == {}


def test_the_settings_as_shown_may_be_sent_back(client: FlaskClient, headers: dict[str, str]) -> None:
    shown = client.get(SETTINGS, headers=headers).json["data"]

    answer = client.patch(SETTINGS, json=shown, headers=headers)

    assert (answer.status_code, answer.json["data"]) == (200, shown)


@pytest.mark.parametrize(
    "body", [{"channels": {"spam": ON}}, {"language": "xx"}, {"channels": {"orders": {"fax": True}}}]
)
def test_faulty_settings_are_refused(client: FlaskClient, headers: dict[str, str], body: dict[str, Any]) -> None:
    assert client.patch(SETTINGS, json=body, headers=headers).status_code == 400


def test_following_the_link_asks_in_the_users_language_and_changes_nothing(
    client: FlaskClient, session: Session, link: str
) -> None:
    answer = client.get(link)

    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    assert '<html lang="he" dir="rtl">' in answer.text
    assert '<form method="post">' in answer.text
    assert "style-src 'unsafe-inline'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert chosen(session) == {}


def test_one_click_of_a_mail_program_ends_the_mails_however_often(
    client: FlaskClient, session: Session, user: User, link: str
) -> None:
    answers = [client.post(link, data={"List-Unsubscribe": "One-Click"}) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert "הוסרת מרשימת התפוצה" in answers[0].text
    assert chosen(session) == {("orders", "email"): False}
    rows = session.execute(select(AuditEvent).where(AuditEvent.action == "UNSUBSCRIBE")).scalars().all()
    assert {row.entity_id for row in rows} == {user.id}


def test_a_multipart_click_works_as_well(client: FlaskClient, session: Session, link: str) -> None:
    answer = client.post(link, data={"List-Unsubscribe": "One-Click"}, content_type="multipart/form-data")

    assert answer.status_code == 200
    assert chosen(session) == {("orders", "email"): False}


def forged(link: str, user: User) -> list[str]:
    token = link.partition("token=")[2]
    mark = token.rpartition(".")[2]
    return [
        f"{user.id + 1}.orders.{mark}",
        f"{user.id}.offers.{mark}",
        f"{user.id}.account.{mark}",
        f"{user.id}.orders.",
        token[:-1],
        token.upper(),
        "é",
        "x",
        "1.orders.\x00",
    ]


def test_a_token_that_was_changed_ends_nothing(client: FlaskClient, session: Session, user: User, link: str) -> None:
    tokens = forged(link, user)

    answers = [client.open(STOP, method=how, query_string={"token": t}) for t in tokens for how in ("GET", "POST")]

    assert {(a.status_code, a.json["error"]["code"]) for a in answers} == {(400, "INVALID_UNSUBSCRIBE_LINK")}
    assert chosen(session) == {}


def test_a_link_without_its_token_is_refused(client: FlaskClient) -> None:
    assert client.post(STOP).status_code == 400


def test_a_link_of_a_mail_works_after_a_change_of_keys(
    app: Flask, client: FlaskClient, session: Session, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = "an old key of what is stored encrypted", "a new key of what is stored, encrypted"
    current = app.extensions["settings"].model_copy(update={"public_base_url": "https://a.example"})
    monkeypatch.setitem(app.extensions, "settings", current.model_copy(update={"encryption_keys": (old,)}))
    link = unsubscribing.address(user_id=user.id, kind=MessageKind.OFFERS).removeprefix("https://a.example")
    monkeypatch.setitem(app.extensions, "settings", current.model_copy(update={"encryption_keys": (new, old)}))

    assert client.post(link).status_code == 200
    assert chosen(session) == {(MessageKind.OFFERS.value, MessageChannel.EMAIL.value): False}


@pytest.mark.parametrize("base", ["", "https://api.example.com"])
def test_mails_about_the_account_have_no_such_link(
    app: Flask, session: Session, user: User, monkeypatch: pytest.MonkeyPatch, base: str
) -> None:
    current = app.extensions["settings"].model_copy(update={"public_base_url": base})
    monkeypatch.setitem(app.extensions, "settings", current)

    assert unsubscribing.address(user_id=user.id, kind=MessageKind.ACCOUNT) == ""
    assert bool(unsubscribing.address(user_id=user.id, kind=MessageKind.ORDERS)) is bool(base)
