"""Mail through Brevo against a real socket, and the choice of the provider."""

import json
import logging
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from sqlalchemy import func, update
from sqlalchemy.orm import Session

from app.clients.email import BrevoEmail, Email, MessageNotSent, SandboxEmail
from app.clients.messages import email_client
from app.config import load_settings
from app.models import OutboxEvent
from app.services import relay
from app.services.events import outgoing
from tests.factories import make_event

STOP = "https://api.example.com/api/v1/messages/unsubscribe?token=7.orders.00ff"
KEY = "xkeysib-very-secret"
MAIL = Email("dana@example.com", "Hello", "A line.", "outbox-7", "user.registered", {"name": "Dana"})


@dataclass
class Provider:
    """A loopback stand-in for Brevo: notes what it is sent and answers with `status` after `delay` seconds."""

    url: str = ""
    status: int = 201
    delay: float = 0.0
    seen: list[dict[str, Any]] = field(default_factory=list)


@pytest.fixture
def provider() -> Iterator[Provider]:
    stand_in = Provider()

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            stand_in.seen.append({"path": self.path, "key": self.headers["api-key"], "body": body})
            time.sleep(stand_in.delay)
            self.send_response(stand_in.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the name is the library's)
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    stand_in.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield stand_in
    server.shutdown()
    thread.join()
    server.server_close()


def brevo(url: str, **options: Any) -> BrevoEmail:
    values = {"key": KEY, "sender": "shop@example.com", "sender_name": "Aisle", "templates": {}}
    return BrevoEmail(base=url, **{**values, **options})


def test_a_mail_is_posted_with_key_sender_and_reference(provider: Provider) -> None:
    brevo(provider.url).send(MAIL)

    [sent] = provider.seen
    assert (sent["path"], sent["key"]) == ("/v3/smtp/email", KEY)
    assert sent["body"] == {
        "sender": {"email": "shop@example.com", "name": "Aisle"},
        "to": [{"email": "dana@example.com"}],
        "headers": {"idempotencyKey": "outbox-7"},
        "subject": "Hello",
        "textContent": "A line.",
    }


def test_html_a_name_and_the_way_to_end_such_mails_go_along(provider: Provider) -> None:
    mail = Email(
        "dana@example.com", "Hello", "A line.", "outbox-7", html="<p>A line.</p>", to_name="דנה", unsubscribe=STOP
    )

    brevo(provider.url).send(mail)

    [sent] = provider.seen
    assert sent["body"]["htmlContent"] == "<p>A line.</p>"
    assert sent["body"]["textContent"] == "A line."
    assert sent["body"]["to"] == [{"email": "dana@example.com", "name": "דנה"}]
    assert sent["body"]["headers"] == {
        "idempotencyKey": "outbox-7",
        "List-Unsubscribe": f"<{STOP}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def test_a_template_kept_at_the_provider_is_filled_instead_of_sending_text(provider: Provider) -> None:
    brevo(provider.url, templates={"user.registered": 12}).send(MAIL)

    [sent] = provider.seen
    assert sent["body"]["templateId"] == 12
    assert sent["body"]["params"] == {"name": "Dana"}
    assert "textContent" not in sent["body"]


@pytest.mark.parametrize("status", [400, 401, 429, 500, 302])
def test_any_answer_but_success_is_a_message_not_sent(provider: Provider, status: int) -> None:
    provider.status = status

    with pytest.raises(MessageNotSent, match=str(status)):
        brevo(provider.url).send(MAIL)


def test_a_provider_that_does_not_answer_in_time_is_a_message_not_sent(provider: Provider) -> None:
    provider.delay = 1.0

    with pytest.raises(MessageNotSent, match="ReadTimeout"):
        brevo(provider.url, timeout=httpx.Timeout(0.1)).send(MAIL)


def test_a_provider_that_is_not_there_is_a_message_not_sent() -> None:
    with pytest.raises(MessageNotSent, match="ConnectError"):
        brevo("http://127.0.0.1:9").send(MAIL)


def test_neither_key_nor_address_is_logged_or_told_in_errors(
    provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    provider.status = 401
    with caplog.at_level(logging.DEBUG), pytest.raises(MessageNotSent) as refused:
        brevo(provider.url).send(MAIL)

    told = caplog.text + str(refused.value)
    assert KEY not in told
    assert MAIL.to not in told


def test_a_mail_refused_once_is_sent_on_the_next_try(
    session: Session, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outgoing, "email_client", lambda *_: brevo(provider.url))
    event = make_event(session, "registration.code", email="new@example.com", code="4821")
    provider.status = 500
    first = relay.relay_due()
    session.execute(update(OutboxEvent).values(next_at=func.now()))
    session.commit()
    provider.status = 201

    second = relay.relay_due()

    session.refresh(event)
    assert (first, second) == (0, 1)
    assert event.done_at is not None
    assert [sent["body"]["headers"]["idempotencyKey"] for sent in provider.seen] == [f"outbox-{event.id}"] * 2


def test_the_settings_choose_the_provider_and_its_templates() -> None:
    settings = load_settings(
        app_env="testing",
        email_provider="brevo",
        brevo_api_key=KEY,
        brevo_sender_email="shop@example.com",
        brevo_register_otp_id=3,
        jwt_secret_key="s" * 32,
    )

    chosen = email_client(settings, lambda _: None)
    kept = email_client(settings.model_copy(update={"email_provider": "sandbox"}), lambda _: None)

    assert isinstance(chosen, BrevoEmail)
    assert chosen._templates == {"registration.code": 3}
    assert isinstance(kept, SandboxEmail)
