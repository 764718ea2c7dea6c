"""Messages to integrators without a database: signatures, waits, patterns, addresses, the written samples."""

import base64
import json
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.config import PROJECT
from app.domain import webhooks
from app.domain.enums import OrderActionType, PayoutState
from app.domain.public_addresses import is_public
from app.schemas.webhook_events import DATA
from tests.programs import program

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MESSAGE_ID, TIMESTAMP, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
"""The example published with the Standard Webhooks libraries."""

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def signed(*secrets: str) -> str:
    return webhooks.signatures(BODY, message_id=MESSAGE_ID, timestamp=TIMESTAMP, secrets=secrets)


def test_a_message_is_signed_as_in_the_published_example() -> None:
    assert signed(SECRET) == SIGNATURE


def test_two_secrets_make_two_signatures_apart_by_a_space() -> None:
    other = webhooks.secret_from(b"o" * 32)

    first, second = signed(SECRET, other).split(" ")

    assert first == SIGNATURE
    assert second == signed(other)
    assert second != first


def test_a_secret_has_its_prefix_and_base64() -> None:
    secret = webhooks.secret_from(bytes(range(32)))

    assert secret.startswith("whsec_")
    assert base64.b64decode(secret.removeprefix("whsec_")) == bytes(range(32))


def test_twelve_tries_last_a_little_over_three_days() -> None:
    waits = [webhooks.wait_after(attempts, chance=0) for attempts in range(1, webhooks.MOST_ATTEMPTS)]

    assert webhooks.MOST_ATTEMPTS == 12
    assert waits == sorted(waits)
    assert timedelta(days=3) <= sum(waits, timedelta()) < timedelta(days=3, hours=1)


def test_chance_stretches_a_wait_by_a_tenth_at_most() -> None:
    assert webhooks.wait_after(2, chance=0) == timedelta(seconds=60)
    assert webhooks.wait_after(2, chance=1) == timedelta(seconds=66)


@pytest.mark.parametrize(
    ("wished", "wait"),
    [
        (timedelta(seconds=1), timedelta(seconds=10)),
        (timedelta(minutes=5), timedelta(minutes=5)),
        (timedelta(days=365), timedelta(days=1)),
        (None, timedelta(seconds=10)),
    ],
)
def test_a_wish_lengthens_a_wait_up_to_a_day(wished: timedelta | None, wait: timedelta) -> None:
    assert webhooks.wait_after(1, chance=0, wished=wished) == wait


@pytest.mark.parametrize(
    ("header", "wish"),
    [
        ("120", timedelta(seconds=120)),
        ("0", timedelta(0)),
        ("9" * 40, timedelta(seconds=999_999_999)),
        ("Sat, 21 Nov 2026 12:01:30 GMT", timedelta(seconds=90)),
        ("Sat, 21 Nov 2026 11:00:00 GMT", timedelta(0)),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("٣", None),
        ("Sat, 99 Nov 2026 12:01:30 GMT", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_date(header: str, wish: timedelta | None) -> None:
    assert webhooks.retry_after(header, NOW) == wish


@pytest.mark.parametrize(
    ("topic", "payload", "event"),
    [
        ("order.confirmed", {"order_id": 1}, "order.confirmed"),
        ("shop_order.acted", {"action": "order_created"}, "shop_order.created"),
        ("shop_order.acted", {"action": "return_completed"}, "shop_order.return_completed"),
        ("shop_order.acted", {"action": "message_sent"}, None),
        ("payout.changed", {"status": "paid"}, "payout.paid"),
        ("registration.code", {"code": "4821"}, None),
        ("password.reset", {}, None),
        ("webhook.disabled", {}, None),
    ],
)
def test_what_happened_has_a_name_for_integrators_or_is_none_of_their_business(
    topic: str, payload: dict[str, str], event: str | None
) -> None:
    assert webhooks.topic_of(topic, payload) == event


def test_every_action_on_a_shops_order_but_talk_and_every_state_of_a_payout_is_an_event() -> None:
    actions = set(OrderActionType) - {OrderActionType.MESSAGE_SENT}

    named = {webhooks.topic_of("shop_order.acted", {"action": action}) for action in actions}
    named |= {webhooks.topic_of("payout.changed", {"status": state}) for state in PayoutState}

    assert None not in named
    assert named == {event for event in webhooks.EVENTS if not event.startswith("order.")}


def test_every_event_has_a_model_and_falls_under_patterns_that_can_be_chosen() -> None:
    for event in webhooks.EVENTS:
        assert event in DATA
        assert set(webhooks.heard_by(event)) < set(webhooks.PATTERNS)
    assert webhooks.heard_by("shop_order.rated") == ["*", "shop_order.*", "shop_order.rated"]


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "100.127.255.254",
        "192.0.0.1",
        "192.0.2.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "fd00:ec2::254",
        "fec0::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::1",
        "2002:7f00:1::",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "2001:db8::1",
        "127.1",
        "localhost",
        "",
    ],
)
def test_what_is_not_in_the_public_internet_is_no_place_for_a_webhook(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_a_public_address_is_one(address: str) -> None:
    assert is_public(address)


GUIDE = PROJECT / "docs" / "webhooks.md"


def sample(language: str) -> str:
    """The first block of code in that language of the guide."""
    found = re.search(rf"```{language}\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    assert found, language
    return found[1]


def verdicts(command: list[str], cwd: Path) -> list[bool]:
    """What a sample says of the published example and of what was done to it."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    said: list[bool] = json.loads(done.stdout)
    return said


OTHER = "v1," + base64.b64encode(b"x" * 32).decode()
TRIES = [
    {"signature": SIGNATURE},
    {"signature": f"{OTHER} {SIGNATURE}"},
    {"signature": OTHER},
    {"signature": ""},
    {"signature": "v1"},
    {"signature": SIGNATURE.replace("v1", "v2")},
    {"signature": SIGNATURE, "body": BODY.decode() + " "},
    {"signature": SIGNATURE, "timestamp": str(TIMESTAMP + 1)},
    {"signature": SIGNATURE, "timestamp": "then"},
    {"signature": SIGNATURE, "id": "msg_other"},
    {"signature": SIGNATURE, "now": TIMESTAMP + 301},
    {"signature": SIGNATURE, "now": TIMESTAMP - 301},
]
EXPECTED = [True, True, *[False] * 10]
ASKED = [
    {"id": MESSAGE_ID, "timestamp": str(TIMESTAMP), "body": BODY.decode(), "now": TIMESTAMP + 300, **one}
    for one in TRIES
]


def test_the_python_sample_of_the_guide_tells_true_from_false(tmp_path: Path) -> None:
    (tmp_path / "receiver.py").write_text(sample("python"))
    asking = f"""
import json, receiver
def ask(t):
    headers = {{"webhook-id": t["id"], "webhook-timestamp": t["timestamp"], "webhook-signature": t["signature"]}}
    return receiver.is_genuine({SECRET!r}, headers, t["body"].encode(), now=t["now"])
print(json.dumps([ask(t) for t in json.loads({json.dumps(json.dumps(ASKED))})]))
"""
    (tmp_path / "asking.py").write_text(asking)

    assert verdicts([sys.executable, "asking.py"], tmp_path) == EXPECTED


def test_the_javascript_sample_of_the_guide_tells_true_from_false(tmp_path: Path) -> None:
    (tmp_path / "receiver.mjs").write_text(sample("javascript"))
    asking = f"""
import {{ isGenuine }} from "./receiver.mjs";
const ask = (t) => isGenuine({json.dumps(SECRET)}, {{
  "webhook-id": t.id, "webhook-timestamp": t.timestamp, "webhook-signature": t.signature,
}}, Buffer.from(t.body), t.now);
console.log(JSON.stringify({json.dumps(ASKED)}.map(ask)));
"""
    (tmp_path / "asking.mjs").write_text(asking)

    assert verdicts([program("node", "nodejs"), "asking.mjs"], tmp_path) == EXPECTED


def test_the_guide_names_every_event() -> None:
    guide = GUIDE.read_text()

    assert [event for event in (*webhooks.EVENTS, webhooks.PING) if f"`{event}`" not in guide] == []
