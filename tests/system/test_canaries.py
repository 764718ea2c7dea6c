"""Secrets put through the whole shop, mistakes included: none comes out in a log line, a span, a metric or an error."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.domain.enums import Role
from scripts.ports import free_port
from tests import factories
from tests.conftest import Live
from tests.devices import make_talker
from tests.system.collector import Collector, collector
from tests.system.test_metrics_of_workers import Server

pytestmark = pytest.mark.xdist_group("server")

PASSWORD, NEW_PASSWORD = "canary-password-7", "canary-new-password-8"
CARD = "4111222233334444"
EMAIL, PHONE = "canary@example.com", "+919812345670"
SETTINGS = {
    "SMTP_PASSWORD": "canary-smtp-password",
    "METRICS_TOKEN": "canary-metrics-token",
    "JWT_PREVIOUS_SECRETS": "canary-jwt-secret-that-is-long-enough",
    "ENCRYPTION_KEYS": "canary-encryption-key-that-is-long-enough",
    "PAYMENT_WEBHOOK_SECRETS": "canary-webhook-secret-long-enough",
    "TWILIO_AUTH_TOKEN": "canary-twilio-token",
    "DEVICE_MASTER_KEYS": "c0ffee" + "ab" * 29,
}


@dataclass
class Journey:
    """What must not come out, and the answers of 400 and above that were given on the way."""

    client: httpx.Client
    secrets: set[str] = field(default_factory=set)
    errors: list[httpx.Response] = field(default_factory=list)

    def ask(self, method: str, path: str, *, token: str | None = None, **parts: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        answer = self.client.request(method, path, headers={**headers, **parts.pop("headers", {})}, **parts)
        if answer.status_code >= 400:
            self.errors.append(answer)
        return answer

    def data(self, method: str, path: str, **parts: Any) -> Any:
        answer = self.ask(method, path, **parts)
        assert answer.is_success, answer.text
        return answer.json()["data"]

    def keep(self, *secrets: str) -> None:
        self.secrets.update(secrets)


@pytest.fixture
def traces() -> Iterator[Collector]:
    with collector() as taken:
        yield taken


@pytest.fixture
def server(live: Live, tmp_path: Path, traces: Collector) -> Iterator[Server]:
    """Everything it calls is unreachable, so that every failure is logged; nothing is too small to be logged."""
    nowhere = str(free_port())
    with Server(
        live.url,
        tmp_path,
        BACKGROUND="in_process",
        LOG_LEVEL="DEBUG",
        OTEL_EXPORTER_OTLP_ENDPOINT=traces.url,
        OTEL_BSP_SCHEDULE_DELAY="200",
        EMAIL_PROVIDER="smtp",
        SMTP_HOST="127.0.0.1",
        SMTP_PORT=nowhere,
        SMTP_USERNAME="shop",
        SMTP_SENDER="shop@example.com",
        SMS_PROVIDER="twilio",
        TWILIO_API_BASE=f"http://127.0.0.1:{nowhere}",
        TWILIO_ACCOUNT_SID="AC1",
        TWILIO_FROM="+15005550006",
        WEBHOOK_ALLOW_PRIVATE="true",
        **SETTINGS,
    ) as running:
        yield running


def sign_in_with_mistakes(journey: Journey) -> str:
    form = {"email": EMAIL, "password": PASSWORD}
    journey.ask("POST", "/auth/login", json={**form, "password": NEW_PASSWORD})
    journey.ask("POST", "/auth/login", json={**form, "password": [PASSWORD]})
    journey.ask("POST", "/auth/login", content=f'{{"email": "{EMAIL}", "password": "{PASSWORD}')
    signed_in = journey.data("POST", "/auth/login", json=form)
    token, refresh = signed_in["access_token"], signed_in["refresh_token"]
    journey.keep(token, refresh)
    journey.ask("GET", f"/auth/me?token={token}&password={PASSWORD}", token=token + "x")
    journey.ask("GET", f"/nowhere/{token}")
    journey.ask("POST", "/auth/refresh", json={"refresh_token": refresh + "x"})
    return str(token)


def pay_with_mistakes(journey: Journey, token: str) -> None:
    journey.data("POST", "/me/payment-tokens", token=token, json={"card_number": CARD})
    journey.ask("POST", "/me/payment-tokens", token=token, json={"card_number": CARD + "0" * 9})
    journey.ask("POST", f"/me/payment-tokens?card_number={CARD}", token=token, json={"card": CARD})
    journey.ask("POST", f"/catalog/products/{CARD}")


def forget_and_reset(journey: Journey, token: str) -> None:
    reset = journey.data("POST", "/auth/forgot-password", json={"email": EMAIL})["reset_token"]
    journey.keep(reset)
    form = {"email": EMAIL, "token": reset, "new_password": NEW_PASSWORD}
    journey.ask("POST", "/auth/reset-password", json={**form, "token": reset + "x"})
    journey.ask("POST", "/auth/reset-password", json={**form, "new_password": [NEW_PASSWORD]})
    journey.ask("POST", f"/auth/reset-password?token={reset}", json={**form, "extra": reset})


def sign_in_by_phone(journey: Journey, live: Live) -> None:
    journey.ask("POST", "/send-otp", json={"phone": PHONE})
    with live.engine.connect() as connection:
        newest = text("SELECT payload ->> 'code' FROM outbox WHERE topic = 'phone.code' ORDER BY id DESC LIMIT 1")
        code = str(connection.execute(newest).scalar_one())
    journey.keep(code)
    journey.ask("POST", "/verify-otp", json={"phone": PHONE, "otp": code + "0"})
    journey.ask("POST", f"/verify-otp?otp={code}", json={"phone": PHONE + "x", "otp": code})
    journey.ask("POST", "/verify-otp", json={"phone": PHONE, "otp": [code]})


def talk_as_a_device(journey: Journey, live: Live) -> None:
    with live.app.app_context(), Session(live.engine, expire_on_commit=False) as session:
        talker = make_talker(session, live.client())
        session.commit()
    journey.keep(talker.key.hex())
    bearer = f"dvc_{talker.device_id}_canary-device-bearer"
    journey.keep(bearer)
    for header in (f"Bearer {bearer}", talker.signed("POST", "/hb", b"{}"), f"Bearer dvc_{talker.key.hex()}"):
        journey.ask("POST", "/device/hb", headers={"Authorization": header}, json={"key": talker.key.hex()})


def tell_an_integrator(journey: Journey, live: Live) -> None:
    with live.app.app_context(), Session(live.engine, expire_on_commit=False) as session:
        admin = factories.make_user(session, role=Role.ADMIN)
        token = factories.sign_in(session, admin)["Authorization"].removeprefix("Bearer ")
    journey.keep(token, "canary-in-the-path", "canary-in-the-query")
    address = f"http://127.0.0.1:{free_port()}/canary-in-the-path?key=canary-in-the-query"
    made = journey.data("POST", "/admin/webhooks", token=token, json={"url": address, "topics": ["*"]})
    journey.keep(made["secret"])
    journey.ask("POST", f"/admin/webhooks/{made['id']}/ping", token=token)
    journey.ask("POST", "/admin/webhooks", token=token, json={"url": address, "topics": [], "secret": made["secret"]})


def be_the_payment_provider(journey: Journey) -> None:
    secret = SETTINGS["PAYMENT_WEBHOOK_SECRETS"]
    journey.ask("POST", "/../../webhooks/payments/mockpay", headers={"X-Webhook-Signature": secret}, content=secret)


def go(live: Live, server: Server) -> Journey:
    """All of it, over HTTP."""
    with live.app.app_context(), Session(live.engine, expire_on_commit=False) as session:
        factories.make_user(session, email=EMAIL, password=PASSWORD)
        session.commit()
    with httpx.Client(base_url=f"{server.base}/api/v1", timeout=20) as client:
        settings = {*SETTINGS.values(), server.environment["JWT_SECRET_KEY"]}
        journey = Journey(client, {PASSWORD, NEW_PASSWORD, CARD} | settings)
        token = sign_in_with_mistakes(journey)
        pay_with_mistakes(journey, token)
        forget_and_reset(journey, token)
        sign_in_by_phone(journey, live)
        talk_as_a_device(journey, live)
        tell_an_integrator(journey, live)
        be_the_payment_provider(journey)
    return journey


def found(secrets: set[str], where: str) -> list[str]:
    """The secrets that stand in a text; a code of six digits only where it is a word of its own."""
    return [
        secret for secret in secrets if (re.search(rf"\b{secret}\b", where) if secret.isdigit() else secret in where)
    ]


def test_no_secret_comes_out_anywhere(live: Live, server: Server, traces: Collector) -> None:
    journey = go(live, server)
    failing = "SELECT count(*) FROM outbox WHERE last_error IS NOT NULL AND topic IN ('phone.code', 'password.reset')"
    refused = "SELECT count(*) FROM webhook_deliveries WHERE last_error IS NOT NULL"

    def is_over() -> bool:
        with live.engine.connect() as connection:
            return all(connection.execute(text(query)).scalar_one() for query in (failing, refused))

    server.until(is_over)
    traces.until(lambda: traces.named("outbox phone.code") and traces.named("webhook"))
    scraped = httpx.get(
        f"{server.base}/metrics", headers={"Authorization": f"Bearer {SETTINGS['METRICS_TOKEN']}"}, timeout=10
    )
    refusal = httpx.get(f"{server.base}/metrics", headers={"Authorization": "Bearer canary"}, timeout=10)
    server.process.terminate()
    server.process.wait(30)

    log, spans = server.log.read_text(), b"".join(traces.raw).decode("latin-1")
    assert len(journey.errors) > 12
    assert "/auth/login" in log
    assert "webhook" in log
    assert "outbox phone.code" in spans
    assert scraped.status_code == 200
    assert "flask_error_total" in scraped.text
    assert found(journey.secrets, log) == []
    assert found(journey.secrets, spans) == []
    assert found(journey.secrets, scraped.text + refusal.text) == []
    told = "\n".join(error.text for error in journey.errors)
    assert found(journey.secrets, told) == []
    for person in (EMAIL, PHONE, PHONE.removeprefix("+91")):
        assert person not in log
        assert person not in spans
        assert person not in scraped.text
