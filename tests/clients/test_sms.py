"""Text messages through Twilio against a real socket, and the choice of the provider."""

import base64
import logging
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from sqlalchemy.orm import Session

from app.clients.email import MessageNotSent
from app.clients.messages import sms_client
from app.clients.sms import SandboxSms, TwilioSms
from app.config import load_settings
from app.services import relay
from app.services.events import outgoing
from tests.clients.scripted import Reply, Scripted
from tests.factories import make_event

ACCOUNT, TOKEN = "AC0123456789", "a very secret token"
PHONE, TEXT = "+919876543210", "Aisle: 482193 signs you in."


def twilio(url: str, *, sender: str = "+15005550006", seconds: float = 5.0) -> TwilioSms:
    return TwilioSms(base=url, account=ACCOUNT, token=TOKEN, sender=sender, timeout=httpx.Timeout(seconds))


def send(client: TwilioSms) -> None:
    client.send(to=PHONE, text=TEXT, reference="outbox-7")


def test_a_message_is_a_form_sent_with_the_accounts_name_and_token(provider: Scripted) -> None:
    provider.will(Reply(201, {"sid": "SM1"}))

    send(twilio(provider.url + "/"))

    (seen,) = provider.seen
    assert (seen.method, seen.path) == ("POST", f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json")
    assert seen.headers["content-type"] == "application/x-www-form-urlencoded"
    assert base64.b64decode(seen.headers["authorization"].removeprefix("Basic ")).decode() == f"{ACCOUNT}:{TOKEN}"
    assert seen.form == {"From": "+15005550006", "To": PHONE, "Body": TEXT}


@pytest.mark.parametrize(
    ("sender", "form"),
    [
        ("MG0123", {"MessagingServiceSid": "MG0123", "To": PHONE}),
        ("whatsapp:+15005550006", {"From": "whatsapp:+15005550006", "To": f"whatsapp:{PHONE}"}),
    ],
)
def test_a_service_or_whatsapp_may_send_it(provider: Scripted, sender: str, form: dict[str, str]) -> None:
    provider.will(Reply(201, {}))

    send(twilio(provider.url, sender=sender))

    assert provider.seen[0].form == {**form, "Body": TEXT}


@pytest.mark.parametrize("status", [302, 400, 401, 429, 500])
def test_any_answer_but_success_is_a_message_not_sent(provider: Scripted, status: int) -> None:
    provider.will(Reply(status, {"message": TEXT}))

    with pytest.raises(MessageNotSent, match=str(status)):
        send(twilio(provider.url))


def test_a_provider_that_hangs_up_is_a_message_not_sent(provider: Scripted) -> None:
    provider.will(Reply(hang_up=True))

    with pytest.raises(MessageNotSent, match="RemoteProtocolError"):
        send(twilio(provider.url))


def test_a_provider_that_does_not_answer_in_time_is_a_message_not_sent(provider: Scripted) -> None:
    provider.will(Reply(silent=True))

    with pytest.raises(MessageNotSent, match="ReadTimeout"):
        send(twilio(provider.url, seconds=0.1))


def test_the_shop_waits_two_seconds_for_a_connection_and_eight_for_an_answer() -> None:
    client = TwilioSms(base="https://api.example.com", account=ACCOUNT, token=TOKEN, sender="+1")

    assert client._timeout == httpx.Timeout(8.0, connect=2.0)


def test_neither_token_nor_number_nor_text_is_logged_or_told_in_errors(
    provider: Scripted, caplog: pytest.LogCaptureFixture
) -> None:
    provider.will(Reply(401, {"message": f"{TOKEN} {PHONE} {TEXT}"}))

    with caplog.at_level(logging.DEBUG), pytest.raises(MessageNotSent) as refused:
        send(twilio(provider.url))

    told = caplog.text + str(refused.value)
    assert [secret for secret in (TOKEN, PHONE, TEXT, "482193") if secret in told] == []


def code_event(session: Session, *, lives: timedelta) -> object:
    ends = (datetime.now(UTC) + lives).isoformat()
    return make_event(session, "phone.code", phone=PHONE, code="482193", signs_in=True, expires_at=ends)


def test_a_code_goes_out_and_is_forgotten(
    session: Session, provider: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outgoing, "sms_client", lambda *_: twilio(provider.url))
    provider.will(Reply(201, {}))
    event = code_event(session, lives=timedelta(minutes=10))

    relay.relay_due()

    session.refresh(event)
    assert "482193" in provider.seen[0].form["Body"].split()
    assert event.done_at is not None  # type: ignore[attr-defined]
    assert event.payload["code"] == ""  # type: ignore[attr-defined]


def test_a_code_that_is_too_late_is_not_sent(
    session: Session, provider: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outgoing, "sms_client", lambda *_: twilio(provider.url))
    event = code_event(session, lives=timedelta(seconds=-1))

    relay.relay_due()

    session.refresh(event)
    assert provider.seen == []
    assert event.done_at is not None  # type: ignore[attr-defined]


def test_the_settings_choose_the_provider() -> None:
    settings = load_settings(
        app_env="testing",
        jwt_secret_key="s" * 32,
        sms_provider="twilio",
        twilio_account_sid=ACCOUNT,
        twilio_auth_token=TOKEN,
        twilio_from="+15005550006",
    )

    chosen = sms_client(settings, lambda _: None)
    kept = sms_client(settings.model_copy(update={"sms_provider": "sandbox"}), lambda _: None)

    assert isinstance(chosen, TwilioSms)
    assert chosen._url.startswith("https://api.twilio.com/")
    assert isinstance(kept, SandboxSms)
