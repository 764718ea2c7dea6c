"""Mail over SMTP against real servers on loopback."""

import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.clients.email import Email, MessageNotSent
from app.clients.messages import email_client
from app.clients.smtp import SmtpEmail
from app.config import ConfigurationError, load_settings
from tests.clients.mail_server import PASSWORD, USER, broken_server, mail_server, self_made_certificate

STOP = "https://api.example.com/api/v1/messages/unsubscribe?token=7.orders." + "0123456789abcdef" * 4
MAIL = Email(
    "dana@example.com",
    "הזמנה ORD-1 אושרה",
    "שלום דנה,\n\nהזמנה ORD-1 אושרה.",
    "outbox-7",
    "order.confirmed",
    html='<p dir="rtl">שלום דנה</p>',
    to_name="דנה, לוי",
    unsubscribe=STOP,
)


pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
"""aiosmtpd means STARTTLS only, and warns where the line is secured from the start."""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return self_made_certificate(tmp_path_factory.mktemp("mail"))


def client(port: int, **options: Any) -> SmtpEmail:
    values = {"host": "127.0.0.1", "security": "none", "username": "", "password": ""}
    values |= {"sender": "orders@shop.example", "sender_name": "दुकान", "seconds": 5.0}
    return SmtpEmail(port=port, **{**values, **options})


def trusting(certificate: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certificate)


def test_a_mail_has_text_and_html_and_names_in_any_script() -> None:
    with mail_server() as server:
        client(server.port).send(MAIL)

    [mail] = server.mails
    assert server.recipients == [["dana@example.com"]]
    assert mail.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    assert mail.get_body(("plain",)).get_content().replace("\r\n", "\n") == MAIL.text + "\n"  # type: ignore[union-attr]
    assert "שלום דנה" in mail.get_body(("html",)).get_content()  # type: ignore[union-attr]
    assert mail["Subject"] == MAIL.subject
    assert [(a.display_name, a.addr_spec) for a in mail["From"].addresses] == [("दुकान", "orders@shop.example")]
    assert [(a.display_name, a.addr_spec) for a in mail["To"].addresses] == [("דנה, לוי", "dana@example.com")]


def test_a_mail_is_plain_ascii_on_the_line_and_its_address_to_end_mails_whole() -> None:
    raw = client(25)._composed(MAIL).as_bytes()

    assert raw.isascii()
    assert f"\r\nList-Unsubscribe: <{STOP}>\r\n".encode() in raw
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998  # RFC 5321, section 4.5.3.1.6


def test_a_mail_program_can_end_such_mails_with_one_click() -> None:
    with mail_server() as server:
        client(server.port).send(MAIL)
        client(server.port).send(Email("dana@example.com", "Your code", "4821", "outbox-8"))

    first, second = server.mails
    assert first["List-Unsubscribe"] == f"<{STOP}>"
    assert first["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert second["List-Unsubscribe"] is None


def test_a_second_try_has_the_same_message_id_and_another_event_a_different_one() -> None:
    with mail_server() as server:
        for _ in range(2):
            client(server.port).send(MAIL)
        client(server.port).send(Email(MAIL.to, MAIL.subject, MAIL.text, "outbox-8"))

    first, again, other = (mail["Message-ID"] for mail in server.mails)
    assert first == again != other
    assert first.startswith("<outbox-7.")
    assert first.endswith("@shop.example>")


@pytest.mark.parametrize("at_once", [False, True])
def test_the_line_is_secured_before_anybody_signs_in(certificate: Path, at_once: bool) -> None:
    options = {"security": "tls" if at_once else "starttls", "certificates": trusting(certificate)}
    with mail_server(certificate, tls_at_once=at_once, asks_who=True) as server:
        client(server.port, username=USER, password=PASSWORD, **options).send(MAIL)

    assert (len(server.mails), server.was_secured, server.signed_in) == (1, [True], [True])


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_server_nobody_vouches_for_gets_neither_mail_nor_password(certificate: Path, security: str) -> None:
    with (
        mail_server(certificate, tls_at_once=security == "tls", asks_who=True) as server,
        pytest.raises(MessageNotSent, match="SSLCertVerificationError"),
    ):
        client(server.port, security=security, username=USER, password=PASSWORD).send(MAIL)

    assert server.mails == []


def test_a_server_without_starttls_gets_no_mail() -> None:
    with mail_server() as server, pytest.raises(MessageNotSent, match="SMTPNotSupportedError"):
        client(server.port, security="starttls").send(MAIL)

    assert server.mails == []


def test_a_wrong_password_is_a_message_not_sent_that_tells_no_secret(
    certificate: Path, caplog: pytest.LogCaptureFixture
) -> None:
    options = {"security": "starttls", "certificates": trusting(certificate)}
    with (
        mail_server(certificate, asks_who=True) as server,
        caplog.at_level(logging.DEBUG, logger="aisle"),
        pytest.raises(MessageNotSent, match="535") as refused,
    ):
        client(server.port, username=USER, password="wrong secret", **options).send(MAIL)

    told = str(refused.value) + caplog.text
    assert [secret for secret in ("wrong secret", USER, MAIL.to) if secret in told] == []
    assert server.mails == []


def test_a_server_that_fails_first_takes_the_mail_at_the_next_try() -> None:
    with mail_server() as server:
        server.answers = ["451 try again later"]
        with pytest.raises(MessageNotSent, match="answered 451"):
            client(server.port).send(MAIL)
        client(server.port).send(MAIL)

    assert len(server.mails) == 1


def test_a_refused_address_is_not_repeated_in_the_error() -> None:
    with mail_server() as server:
        server.refuses_address = "550 nobody of this name: dana@example.com"
        with pytest.raises(MessageNotSent, match="550") as refused:
            client(server.port).send(MAIL)

    assert "dana" not in str(refused.value)


def silence(connection: socket.socket) -> None:
    connection.settimeout(5)
    while connection.recv(100):
        pass


def drip(connection: socket.socket) -> None:
    """Answers every line just in time, for ever."""
    connection.settimeout(5)
    connection.sendall(b"220 hello\r\n")
    while connection.recv(1000):
        time.sleep(0.3)
        connection.sendall(b"250 slowly\r\n")


def busy(connection: socket.socket) -> None:
    connection.sendall(b"421 too busy\r\n")


@pytest.mark.parametrize(("talk", "told"), [(silence, "took no message"), (drip, "took no message"), (busy, "421")])
def test_a_server_that_hangs_drips_or_is_busy_is_a_message_not_sent_in_time(
    talk: Callable[[socket.socket], None], told: str
) -> None:
    with broken_server(talk) as port:
        began = time.monotonic()
        with pytest.raises(MessageNotSent, match=told):
            client(port, seconds=0.8).send(MAIL)
        took = time.monotonic() - began

    assert took < 2


def test_the_time_is_for_all_steps_together() -> None:
    def greet_late(connection: socket.socket) -> None:
        time.sleep(1.5)
        connection.sendall(b"220 hello\r\n")
        silence(connection)

    with broken_server(greet_late) as port:
        began = time.monotonic()
        with pytest.raises(MessageNotSent):
            client(port, seconds=2.0).send(MAIL)
        took = time.monotonic() - began

    assert took < 3


def test_a_server_that_hangs_up_once_it_took_the_mail_has_taken_it() -> None:
    taken = threading.Event()

    def take_and_leave(connection: socket.socket) -> None:
        file = connection.makefile("rwb", buffering=0)
        file.write(b"220 hello\r\n")
        for line in file:
            if line.startswith(b"DATA"):
                file.write(b"354 go on\r\n")
            elif line == b".\r\n":
                file.write(b"250 taken\r\n")
                taken.set()
                file.close()
                return
            elif line[:4] in (b"ehlo", b"mail", b"rcpt", b"MAIL", b"RCPT", b"EHLO", b"data"):
                file.write(b"354 go on\r\n" if line.startswith(b"data") else b"250 OK\r\n")

    with broken_server(take_and_leave) as port:
        client(port).send(MAIL)

    assert taken.is_set()


def test_a_server_that_is_not_there_is_a_message_not_sent() -> None:
    with pytest.raises(MessageNotSent, match="ConnectionRefusedError"):
        client(9).send(MAIL)


def test_an_address_that_is_none_is_a_message_not_sent() -> None:
    with mail_server() as server, pytest.raises(MessageNotSent):
        client(server.port).send(Email("dana@example.com\r\nBcc: all@example.com", "Hello", "A line.", "outbox-9"))

    assert server.mails == []


def test_the_settings_choose_it_and_say_what_is_missing() -> None:
    values = {"app_env": "testing", "jwt_secret_key": "s" * 32, "email_provider": "smtp"}

    chosen = email_client(load_settings(**values, smtp_host="mail.example", smtp_sender="a@b.example"), lambda _: None)

    assert isinstance(chosen, SmtpEmail)
    assert (chosen._host, chosen._port, chosen._security, chosen._seconds) == ("mail.example", 587, "starttls", 10.0)
    with pytest.raises(ConfigurationError, match="SMTP_HOST"):
        load_settings(**values)
