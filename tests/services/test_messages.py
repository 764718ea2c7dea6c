"""Messages to people: in their language, by the channels they want, each channel once."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.clients.email import Email, MessageNotSent, SandboxEmail
from app.clients.sms import SandboxSms, TwilioSms
from app.config import PROJECT
from app.domain.enums import Language, MessageChannel, MessageKind, OrderActionType, OrderStatus
from app.extensions import db
from app.models import MessagePreference, MessageSend, Notification, OutboxEvent, SandboxMessage, User
from app.services import events, relay
from app.services.events import outgoing, shop_order_texts
from app.services.events.shop_order_texts import ShopOrderFacts
from app.services.messages import rendering, sends
from app.services.messages.kinds import KINDS
from app.services.messages.text import Text
from app.services.messages.tongue import tongue
from app.services.sandbox_inbox import keep
from tests.factories import make_event, make_order, make_user

PHONE = "+972501234567"
SCRIPTS = {Language.ENGLISH: r"[a-z]", Language.HEBREW: r"[\u0590-\u05ff]", Language.HINDI: r"[\u0900-\u097f]"}
SILENT = {"order.placed", "items.uploaded", "payout.changed"}


def with_settings(app: Flask, monkeypatch: pytest.MonkeyPatch, **changes: object) -> None:
    monkeypatch.setitem(app.extensions, "settings", app.extensions["settings"].model_copy(update=changes))


def kept(session: Session, recipient: str | None) -> list[SandboxMessage]:
    rows = select(SandboxMessage).where(SandboxMessage.recipient == recipient).order_by(SandboxMessage.id)
    return list(session.execute(rows).scalars())


def make_due(session: Session) -> None:
    session.execute(update(OutboxEvent).values(next_at=func.now()))
    session.commit()


def wants(session: Session, user: User, channel: MessageChannel, is_enabled: bool) -> None:
    row = {"user_id": user.id, "kind": MessageKind.ORDERS, "channel": channel, "is_enabled": is_enabled}
    session.add(MessagePreference(**row))
    session.commit()


def proven(session: Session, **columns: Any) -> User:
    return make_user(session, phone=PHONE, phone_verified_at=datetime.now(UTC), **columns)


def delay(session: Session, user: User) -> OutboxEvent:
    """The news that an order of the user is late, not relayed yet."""
    order = make_order(session, user, status=OrderStatus.DELAYED)
    return make_event(session, "order.delayed", order_id=order.id, user_id=user.id)


def channels_told(session: Session, user: User) -> list[str]:
    relay.relay_due()
    found = {"Text message": "sms", "WhatsApp message": "whatsapp"}
    messages = kept(session, user.email) + kept(session, PHONE)
    noted = session.execute(select(Notification.id).where(Notification.user_id == user.id)).all()
    return sorted([found.get(message.subject, "email") for message in messages] + ["in_app" for _ in noted])


@pytest.mark.parametrize("language", Language)
def test_everybody_is_told_in_their_language_in_the_shop_and_by_mail(session: Session, language: Language) -> None:
    user = make_user(session, language=language)
    delay(session, user)

    relay.relay_due()

    [mail] = kept(session, user.email)
    notification = session.execute(select(Notification)).scalar_one()
    assert re.search(SCRIPTS[language], mail.subject)
    assert re.search(SCRIPTS[language], mail.body)
    assert (notification.title, notification.body) == (mail.subject, mail.body)


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize(("topic", "to"), [("registration.code", "new@example.com"), ("phone.code", PHONE)])
def test_a_code_is_a_word_of_its_own_in_every_language(
    session: Session, language: Language, topic: str, to: str
) -> None:
    ends = (datetime.now(UTC) + timedelta(minutes=5)).isoformat()
    address = {"email": to} if "@" in to else {"phone": to, "signs_in": True, "expires_at": ends}
    make_event(session, topic, code="482193", language=language, **address)

    relay.relay_due()

    [message] = kept(session, to)
    assert "482193" in message.body.split()
    assert re.search(SCRIPTS[language], message.body)


def test_a_users_own_language_counts_for_more_than_that_of_the_request(session: Session) -> None:
    user = make_user(session, language=Language.HINDI)
    link = "https://shop.example/reset-password?token=abcdefgh"
    make_event(session, "password.reset", email=user.email, token="abcdefgh", link=link, language="he")

    relay.relay_due()

    [mail] = kept(session, user.email)
    assert mail.subject == "Aisle के लिए नया पासवर्ड बनाएँ"
    assert link in mail.body.split()


def test_who_has_no_language_yet_is_told_in_that_of_the_shop(
    app: Flask, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_settings(app, monkeypatch, default_language=Language.HEBREW)
    make_event(session, "registration.code", email="new@example.com", code="4821")

    relay.relay_due()

    assert kept(session, "new@example.com")[0].subject == "הקוד שלך ל-Aisle"


def test_by_default_an_order_is_told_in_the_shop_and_by_mail(session: Session) -> None:
    user = proven(session)
    delay(session, user)

    assert channels_told(session, user) == ["email", "in_app"]


def test_who_has_no_address_is_told_by_text_message(session: Session) -> None:
    user = proven(session, email=None)
    delay(session, user)

    assert channels_told(session, user) == ["in_app", "sms"]


def test_a_user_chooses_the_channels(session: Session) -> None:
    user = proven(session)
    wants(session, user, MessageChannel.EMAIL, False)
    wants(session, user, MessageChannel.IN_APP, False)
    wants(session, user, MessageChannel.SMS, True)
    wants(session, user, MessageChannel.WHATSAPP, True)
    delay(session, user)

    assert channels_told(session, user) == ["sms", "whatsapp"]


def test_a_number_nobody_proved_is_not_written_to(session: Session) -> None:
    user = make_user(session, phone=PHONE)
    wants(session, user, MessageChannel.SMS, True)
    delay(session, user)

    assert channels_told(session, user) == ["email", "in_app"]


def test_news_of_the_account_come_whatever_was_chosen_for_orders(session: Session) -> None:
    user = make_user(session)
    wants(session, user, MessageChannel.EMAIL, False)
    make_event(session, "user.registered", user_id=user.id)

    relay.relay_due()

    assert len(kept(session, user.email)) == 1


class Flaky:
    """Fails as often as told, then hands the message to the sandbox."""

    def __init__(self, failures: int, send: Callable[..., None]) -> None:
        self.failures, self.sends, self._send = failures, 0, send

    def send(self, *args: Any, **named: Any) -> None:
        if self.failures:
            self.failures -= 1
            raise MessageNotSent("the provider answered 503")
        self.sends += 1
        self._send(*args, **named)


def test_one_channel_that_fails_does_not_stop_the_others_and_only_it_is_tried_again(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = proven(session)
    wants(session, user, MessageChannel.SMS, True)
    mails, texts = Flaky(1, SandboxEmail(keep).send), Flaky(0, SandboxSms(keep).send)
    monkeypatch.setattr(outgoing, "email_client", lambda *_: mails)
    monkeypatch.setattr(outgoing, "sms_client", lambda *_: texts)
    event = delay(session, user)

    first = relay.relay_due()
    session.refresh(event)
    error, after_first = event.last_error, (mails.sends, texts.sends)
    make_due(session)
    second = relay.relay_due()

    session.refresh(event)
    assert (first, second) == (0, 1)
    assert error == "MessageNotSent: email: the provider answered 503"
    assert (after_first, (mails.sends, texts.sends)) == ((0, 1), (1, 1))
    assert event.done_at is not None


def test_an_event_handled_again_sends_nothing_twice_even_under_a_new_key(
    app: Flask, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    mails = Flaky(0, SandboxEmail(keep).send)
    monkeypatch.setattr(outgoing, "email_client", lambda *_: mails)
    old = "an old key of what is stored encrypted"
    with_settings(app, monkeypatch, encryption_keys=(old,))
    delay(session, make_user(session))
    relay.relay_due()
    with_settings(app, monkeypatch, encryption_keys=("a new key of what is stored, encrypted", old))
    session.execute(update(OutboxEvent).values(done_at=None, next_at=func.now()))
    session.commit()

    relay.relay_due()

    assert mails.sends == 1


def test_what_was_sent_is_noted_after_the_provider_took_it_and_without_the_address(session: Session) -> None:
    user = make_user(session)
    event = delay(session, user)

    relay.relay_due()

    [row] = session.execute(select(MessageSend)).scalars()
    assert (row.outbox_id, row.channel) == (event.id, MessageChannel.EMAIL)
    assert re.fullmatch("[0-9a-f]{64}", row.recipient)
    assert sends.is_in(sends.sent(event.id), MessageChannel.EMAIL, str(user.email))
    assert not sends.is_in(sends.sent(event.id), MessageChannel.SMS, str(user.email))


def test_no_transaction_is_open_while_a_provider_is_asked(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bool] = []

    class Looking:
        def send(self, mail: Email) -> None:
            seen.append("aisle.transaction_open" in db.session().info)

    monkeypatch.setattr(outgoing, "email_client", lambda *_: Looking())
    delay(session, make_user(session))

    relay.relay_due()

    assert seen == [False]


def test_whatsapp_is_written_from_the_shops_number_there_and_not_at_all_without_one(
    app: Flask, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    forms: list[tuple[str, str]] = []
    monkeypatch.setattr(TwilioSms, "send", lambda self, *, to, text, reference: forms.append((self._sender, to)))
    user = proven(session)
    for channel in (MessageChannel.EMAIL, MessageChannel.IN_APP):
        wants(session, user, channel, False)
    wants(session, user, MessageChannel.WHATSAPP, True)
    twilio = {"sms_provider": "twilio", "twilio_account_sid": "AC1", "twilio_auth_token": "t", "twilio_from": "+1"}

    with_settings(app, monkeypatch, **twilio)
    delay(session, user)
    without = (relay.relay_due(), list(forms))
    with_settings(app, monkeypatch, **twilio, twilio_whatsapp_from="+15005550006")
    delay(session, user)
    relay.relay_due()

    assert without == (1, [])
    assert forms == [("whatsapp:+15005550006", PHONE)]
    assert [row.channel for row in session.execute(select(MessageSend)).scalars()] == [MessageChannel.WHATSAPP]


def test_every_topic_that_is_told_has_a_kind(session: Session) -> None:
    assert events.HANDLERS.keys() - SILENT == KINDS.keys()


@pytest.mark.parametrize("language", Language)
def test_the_longest_messages_fit_into_a_notification(session: Session, language: Language) -> None:
    user = make_user(session, language=language)
    order = make_order(session, user)
    told = {"name": "m" * 200, "substitute": "s" * 200, "reason": "r" * 500}
    for topic in ("order.substitution_proposed", "order.delivery_failed"):
        make_event(session, topic, order_id=order.id, user_id=user.id, **told)

    assert relay.relay_due() == 2


@pytest.mark.parametrize("action", sorted(shop_order_texts._BY_ACTION))
@pytest.mark.parametrize("language", Language)
def test_every_action_on_a_vendors_order_has_words(
    session: Session, action: OrderActionType, language: Language
) -> None:
    facts = ShopOrderFacts("ORD-1", "Corner Shop", 12, "ILS", OrderStatus.PENDING)  # type: ignore[arg-type]

    text = shop_order_texts.acted(tongue(language), action, facts)

    assert "ORD-1" in text.subject
    assert "ORD-1" in text.body
    assert "{" not in text.subject + text.body


def sent_mail(monkeypatch: pytest.MonkeyPatch) -> list[Email]:
    mails: list[Email] = []
    monkeypatch.setattr(SandboxEmail, "send", lambda self, mail: mails.append(mail))
    return mails


def test_a_mail_about_an_order_says_how_to_end_such_mails_in_both_parts(
    app: Flask, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_settings(app, monkeypatch, public_base_url="https://api.example.com")
    mails = sent_mail(monkeypatch)
    user = make_user(session, full_name="דנה לוי", language=Language.HEBREW)
    delay(session, user)

    relay.relay_due()

    [mail] = mails
    stop = f"https://api.example.com/api/v1/messages/unsubscribe?token={user.id}.orders."
    assert mail.unsubscribe.startswith(stop)
    assert mail.text.endswith(mail.unsubscribe)
    assert f'href="{mail.unsubscribe}"' in mail.html
    assert '<html lang="he" dir="rtl">' in mail.html
    assert mail.to_name == "דנה לוי"


def test_a_mail_about_the_account_cannot_be_ended(
    app: Flask, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_settings(app, monkeypatch, public_base_url="https://api.example.com")
    mails = sent_mail(monkeypatch)
    make_event(session, "user.registered", user_id=make_user(session).id)

    relay.relay_due()

    assert mails[0].unsubscribe == ""
    assert "unsubscribe" not in mails[0].text + mails[0].html


def test_what_people_wrote_is_never_markup(session: Session) -> None:
    text = Text("<b>Hello</b>", "A <script>alert(1)</script>\nline.\n\nSecond.", "short")

    html = rendering.letter(text, tongue(Language.ENGLISH)).html

    assert "<script>" not in html
    assert "<b>" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;<br><bdi>line.</bdi></p>" in html


def test_a_code_is_shown_large_and_a_link_as_a_button(session: Session) -> None:
    link = 'https://shop.example/?a=1&b="2"'
    text = Text("Subject", f"Use\n\n4821\n\nor\n\n{link}", "short", {"code": "4821", "link": link}, "Set it")

    html = rendering.letter(text, tongue(Language.HINDI)).html

    assert re.search(r'<p class="code"[^>]*>4821</p>', html)
    assert re.search(r'<a href="https://shop.example/\?a=1&amp;b=&#34;2&#34;"[^>]*>Set it</a>', html)


@pytest.mark.parametrize(("language", "mark"), [(Language.HEBREW, "\u200f"), (Language.HINDI, ""), (None, "")])
def test_a_text_message_in_hebrew_runs_from_the_right_though_the_shop_is_named_in_latin(
    session: Session, language: Language | None, mark: str
) -> None:
    assert rendering.short(Text("s", "b", "4821"), tongue(language)) == f"{mark}Aisle: 4821"


def test_docs_name_every_message(session: Session) -> None:
    page = (PROJECT / "docs" / "messages.md").read_text()

    listed = re.findall(r"^\| `([a-z_.]+)` \| (account|orders|offers) \|", page, re.MULTILINE)

    assert dict(listed) == {topic: kind.value for topic, kind in KINDS.items()}
