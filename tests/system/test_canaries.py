"""Secrets put through the whole shop, mistakes included: none comes out in a log line, a span, a metric or an error."""

import io
import logging
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, cast

import httpx
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from app.domain.enums import Role
from app.services.relay import relay_due
from scripts.ports import free_port
from tests import databases, factories
from tests.conftest import Live, dispose, make_app
from tests.devices import make_talker
from tests.system.collector import Collector, collector
from tests.system.test_metrics_of_workers import Server

pytestmark = pytest.mark.alone

PASSWORD, NEW_PASSWORD = "canary-password-7", "canary-new-password-8"
CARD = "4111222233334444"
ACCOUNT = "880055331177"
EMAIL, PHONE = "canary@example.com", "+919812345670"
SETTINGS = {
    "METRICS_TOKEN": "canary-metrics-token",
    "JWT_PREVIOUS_SECRETS": "canary-jwt-secret-that-is-long-enough",
    "ENCRYPTION_KEYS": "canary-encryption-key-that-is-long-enough",
    "PAYMENT_WEBHOOK_SECRETS": "canary-webhook-secret-long-enough",
    "TWILIO_AUTH_TOKEN": "canary-twilio-token",
    "DEVICE_MASTER_KEYS": "c0ffee" + "ab" * 29,
    "BREVO_API_KEY": "canary-brevo-key",
    "STRIPE_SECRET_KEY": "sk_test_canaryStripeKey",
}
DATABASE_PASSWORD, SMTP_PASSWORD = "canary-database-password", "canary-smtp-password"
PARENT_ID = "b7ad6b7169203331"
TRACEPARENT = f"00-0af7651916cd43dd8448eb211c80319c-{PARENT_ID}-01"


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


def settings_of(traces: Collector) -> dict[str, str]:
    """Whatever is called cannot be reached, so that every failure is logged; nothing is too small to be logged."""
    nowhere = f"http://127.0.0.1:{free_port()}"
    return {
        "BACKGROUND": "in_process",
        "LOG_LEVEL": "DEBUG",
        "OTEL_EXPORTER_OTLP_ENDPOINT": traces.url,
        "OTEL_BSP_SCHEDULE_DELAY": "1500",
        "EMAIL_PROVIDER": "brevo",
        "BREVO_API_BASE": nowhere,
        "BREVO_SENDER_EMAIL": "shop@example.com",
        "SMS_PROVIDER": "twilio",
        "TWILIO_API_BASE": nowhere,
        "TWILIO_ACCOUNT_SID": "AC1",
        "TWILIO_FROM": "+15005550006",
        "PAYMENT_PROVIDER": "stripe",
        "STRIPE_API_BASE": nowhere,
        "WEBHOOK_ALLOW_PRIVATE": "true",
        **SETTINGS,
    }


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
    """Stripe takes no card numbers, and cannot be asked about what it gave out for one."""
    journey.keep("pm_canaryMeans")
    for form in ({"card_number": CARD}, {"card_number": CARD + "0" * 9}, {"provider_token": "pm_canaryMeans"}):
        journey.ask("POST", "/me/payment-tokens", token=token, json=form)
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


def secure_with_mistakes(journey: Journey, token: str) -> None:
    """A second factor that is set up and never enabled, and a guest's cart that is asked for wrongly."""
    made = journey.data("POST", "/auth/second-factor/setup", token=token)
    journey.keep(made["secret"])
    journey.ask("POST", "/auth/second-factor/enable", token=token, json={"code": "000000", "secret": made["secret"]})
    guest = journey.data("POST", "/cart/guest")["cart_token"]
    journey.keep(guest)
    journey.ask("GET", f"/cart?cart_token={guest}", headers={"X-Cart-Token": guest + "x"})
    journey.ask("POST", "/cart/merge", token=token, json={"cart_token": [guest]})


def name_a_bank(journey: Journey, live: Live) -> None:
    with live.app.app_context(), Session(live.engine, expire_on_commit=False) as session:
        token = factories.sign_in(session, factories.make_vendor(session))["Authorization"].removeprefix("Bearer ")
    journey.keep(token, ACCOUNT)
    bank = {"bank_name": "State Bank", "account_number": ACCOUNT, "ifsc_code": "SBIN0001234"}
    journey.ask("POST", "/vendor/payout/setup", token=token, json={**bank, "ifsc_code": ACCOUNT})
    journey.ask("POST", f"/vendor/payout/setup?account_number={ACCOUNT}", token=token, json={**bank, "bank_name": 5})
    journey.data("POST", "/vendor/payout/setup", token=token, json=bank)


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
        secure_with_mistakes(journey, token)
        name_a_bank(journey, live)
        be_the_payment_provider(journey)
    return journey


def found(secrets: set[str], where: str) -> list[str]:
    """The secrets that stand in a text; a code of six digits only where it is a word of its own."""
    return [
        secret for secret in secrets if (re.search(rf"\b{secret}\b", where) if secret.isdigit() else secret in where)
    ]


@dataclass
class Told:
    """Everything a server said while the journey went through it, and until it had stopped."""

    journey: Journey
    log: str
    traces: Collector
    spans: str
    metrics: str


@pytest.fixture(scope="module")
def told(template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    with databases.cloned(template) as url, collector() as traces:
        application, engine = make_app(url), create_engine(url)
        live = Live(application, url, engine)
        guarded = url.replace("postgres:@", f"postgres:{DATABASE_PASSWORD}@")
        with Server(guarded, tmp_path_factory.mktemp("canaries"), **settings_of(traces)) as server:
            journey = go(live, server)
            journey.keep(DATABASE_PASSWORD)
            wait_for_failures(live, server, traces)
            scraped = scrape(server)
            httpx.get(f"{server.base}/api/v1/branches", timeout=10, headers={"traceparent": TRACEPARENT})
            server.process.terminate()
            server.process.wait(30)
            yield Told(journey, server.log.read_text(), traces, b"".join(traces.raw).decode("latin-1"), scraped)
        engine.dispose()
        dispose(application)


def wait_for_failures(live: Live, server: Server, traces: Collector) -> None:
    """Until every provider and integrator was called in vain, and that is known to the collector."""
    queries = [
        "SELECT count(*) FROM outbox WHERE last_error IS NOT NULL AND topic = 'phone.code'",
        "SELECT count(*) FROM outbox WHERE last_error IS NOT NULL AND topic = 'password.reset'",
        "SELECT count(*) FROM webhook_deliveries WHERE last_error IS NOT NULL",
    ]

    def is_over() -> bool:
        with live.engine.connect() as connection:
            return all(connection.execute(text(query)).scalar_one() for query in queries)

    server.until(is_over)
    traces.until(lambda: traces.named("outbox phone.code") and traces.named("webhook"))


def scrape(server: Server) -> str:
    """The metrics, and the answer to somebody with another token."""
    asked = (f"Bearer {SETTINGS['METRICS_TOKEN']}", "Bearer canary")
    taken, refused = (
        httpx.get(f"{server.base}/metrics", headers={"Authorization": header}, timeout=10) for header in asked
    )
    assert (taken.status_code, refused.status_code) == (200, 401)
    return taken.text + refused.text


def test_the_canaries_went_everywhere(told: Told) -> None:
    calls = [error.request.url.path for error in told.journey.errors]

    assert len(calls) > 15
    assert DATABASE_PASSWORD in told.journey.secrets
    for part in (
        "/auth/login",
        "/verify-otp",
        "/me/payment-tokens",
        "/device/hb",
        "/webhooks/payments",
        "/second-factor",
        "/cart",
        "/payout/setup",
    ):
        assert [path for path in calls if part in path], part
        assert part in told.log
    assert "flask_error_total" in told.metrics
    called = [span for span in told.traces.spans if span.name == "POST" and span.is_error]
    assert len({span.attributes["server.port"] for span in called}) == 2  # of the providers, and of the integrator


def test_no_secret_and_nobody_stands_in_the_log(told: Told) -> None:
    assert found(told.journey.secrets, told.log) == []
    assert found({EMAIL, PHONE, PHONE.removeprefix("+91")}, told.log) == []


def test_no_secret_and_nobody_stands_in_a_span(told: Told) -> None:
    assert found(told.journey.secrets, told.spans) == []
    assert found({EMAIL, PHONE, PHONE.removeprefix("+91")}, told.spans) == []


def test_no_secret_and_nobody_stands_in_the_metrics(told: Told) -> None:
    assert found(told.journey.secrets, told.metrics) == []
    assert found({EMAIL, PHONE, PHONE.removeprefix("+91")}, told.metrics) == []


def test_no_secret_is_repeated_in_an_error(told: Told) -> None:
    assert found(told.journey.secrets, "\n".join(error.text for error in told.journey.errors)) == []


def test_a_stopped_server_sends_the_spans_it_has(told: Told) -> None:
    (request,) = [span for span in told.traces.named("GET /api/v1/branches") if span.parent_id == PARENT_ID]
    (statement,) = told.traces.below(request)

    assert "FROM stock_locations" in statement.attributes["db.query.text"]


@pytest.fixture
def log() -> Iterator[Callable[[], io.StringIO]]:
    """Called once an application is made: what this process logs from then on. Afterwards the log is as before."""
    logger = logging.getLogger("aisle")
    before = logger.handlers, logger.level

    def catch() -> io.StringIO:
        written = io.StringIO()
        cast("logging.StreamHandler[io.StringIO]", logger.handlers[0]).setStream(written)
        return written

    yield catch
    logger.handlers, level = before
    logger.setLevel(level)


def test_the_password_of_a_mail_server_that_is_away_stands_nowhere(live: Live, log: Callable[[], io.StringIO]) -> None:
    application = make_app(
        live.url,
        email_provider="smtp",
        smtp_host="127.0.0.1",
        smtp_port=free_port(),
        smtp_username="shop",
        smtp_password=SMTP_PASSWORD,
        smtp_sender="shop@example.com",
        log_level="DEBUG",
    )
    written = log()
    with application.app_context(), Session(live.engine) as session:
        factories.make_user(session, email=EMAIL)
        session.commit()
        application.test_client().post("/api/v1/auth/forgot-password", json={"email": EMAIL})
        relay_due()
        told = session.execute(text("SELECT string_agg(last_error, ' ') FROM outbox")).scalar_one()
    dispose(application)

    assert "password.reset" in written.getvalue()
    assert told
    assert found({SMTP_PASSWORD, EMAIL}, written.getvalue() + told) == []


def test_the_password_of_a_database_that_is_away_stands_nowhere(log: Callable[[], io.StringIO]) -> None:
    address = f"postgresql+psycopg://shop:{DATABASE_PASSWORD}@127.0.0.1:{free_port()}/shop"
    application = make_app(address, log_level="DEBUG")
    written = log()

    answers = [application.test_client().get(path) for path in ("/api/v1/branches", "/readyz", "/metrics")]

    assert [answer.status_code for answer in answers] == [503, 503, 200]
    assert written.getvalue().count("{") > 2
    dispose(application)
    assert found({DATABASE_PASSWORD}, written.getvalue() + "".join(answer.text for answer in answers)) == []
