"""What a trolley does with its hardware and with what the server tells it."""

from typing import Any

import pytest

from clients.esp32 import main
from clients.esp32.main import ASSIST, IDLE, MAINTENANCE, REVIEW, SHOPPING, Trolley
from tests.device.test_queue import Flash, started

TURN_MS = 100


class Server:
    """A client whose server answers as told; what was sent to it."""

    def __init__(self) -> None:
        self.queue = started(Flash())
        self.sent: list[tuple[str, Any]] = []
        self.answers: dict[str, tuple[int, dict[str, Any]]] = {"/pair": (200, {"c": "7K3M9Q", "x": 120, "u": "x"})}
        self.rotated: list[Any] = []
        self.standing = standing()

    def call(self, method: str, path: str, doc: Any = None) -> tuple[int, dict[str, Any]]:
        self.sent.append((path, doc))
        return self.answers.get(path, (200, self.standing | {"a": self.queue.acked}))

    def deliver(self) -> tuple[int, dict[str, Any]]:
        events, _ = self.queue.batch()
        self.sent.append(("/ev", events))
        if "/ev" in self.answers:
            return self.answers["/ev"]
        self.queue.settle(events[-1][0])
        return 200, self.standing | {"a": events[-1][0], "r": [[event[0], 0, 1, 100] for event in events]}

    def later(self, failed: bool) -> int:
        return 1000 if failed else 0

    def now(self) -> int:
        return 1795252282

    def rotate(self, *key: Any) -> None:
        self.rotated.append(key)


def standing(state: int = IDLE, session: int = 0, *notices: list[Any]) -> dict[str, Any]:
    return {"v": 1, "t": 1, "z": session, "st": state, "q": 0, "w": 0, "p": 0, "n": list(notices)}


class Hardware:
    """Scanner, scale, keys, power, display and clock, as the test sets them."""

    def __init__(self) -> None:
        self.code = self.key = None
        self.grams: int | None = 8000
        self.ms = 0
        self.texts: list[str] = []

    def show(self, first: str, second: str) -> None:
        self.texts.append(f"{first} {second}".strip())

    def pairing(self, code: str, url: str) -> None:
        self.texts.append(code)

    def item(self, s: int, text: str, quantity: int, price: int) -> None:
        self.texts.append(f"{s}:{text}")

    def beep(self) -> None:
        self.texts.append("beep")

    def blink(self) -> None:
        self.texts.append("blink")

    def tare(self) -> None:
        self.texts.append("tare")


class Port:
    def __init__(self, hardware: Hardware, name: str) -> None:
        self.hardware, self.name = hardware, name
        self.tare = hardware.tare

    def read(self) -> Any:
        value = getattr(self.hardware, self.name)
        if self.name != "grams":
            setattr(self.hardware, self.name, None)
        return value


class Power:
    def read(self) -> tuple[int, int, int]:
        return 87, 3912, 0


class Rig:
    """A trolley on a bench."""

    def __init__(self) -> None:
        self.server, self.hardware = Server(), Hardware()
        scanner, scale, keys = (Port(self.hardware, name) for name in ("code", "grams", "key"))
        self.trolley = Trolley(self.server, scanner, scale, keys, self.hardware, Power(), lambda: self.hardware.ms)

    def turn(self, ms: int = TURN_MS, **hardware: Any) -> list[tuple[str, Any]]:
        """What was sent in one turn, with the hardware set so."""
        self.hardware.ms += ms
        for name, value in hardware.items():
            setattr(self.hardware, name, value)
        before = len(self.server.sent)
        self.trolley.step()
        return self.server.sent[before:]

    def shopping(self) -> "Rig":
        self.server.standing = standing(SHOPPING, 7)
        self.turn()
        return self

    def kept(self) -> list[list[Any]]:
        """Kind, code and grams of every event so far."""
        self.server.queue.settle(0)
        return [event[1:4] for event in self.server.queue.batch(64)[0]]


def test_a_trolley_reports_first_of_all() -> None:
    assert Rig().turn() == [("/hb", {"fw": "1.0.0", "hw": "esp32s3", "b": 87, "mv": 3912, "ch": 0, "g": 8000})]


def test_the_start_key_asks_for_a_code_and_then_looks_often() -> None:
    rig = Rig()
    rig.turn()

    assert rig.turn(key="start") == [("/pair", {})]
    assert rig.hardware.texts[-1] == "7K3M9Q"
    assert [path for path, _ in rig.turn(main.POLL_MS)] == ["/hb"]
    assert rig.turn(main.POLL_MS - 1) == []


def test_start_pressed_again_and_again_on_a_taken_trolley_does_not_keep_it_from_reporting() -> None:
    rig = Rig()
    rig.turn()
    rig.server.answers["/pair"] = (503, {"e": "busy", "r": 30})
    rig.server.standing = standing(SHOPPING, 7)

    sent = [path for _ in range(main.POLL_MS // TURN_MS + 1) for path, _ in rig.turn(key="start")]

    assert sent[-1] == "/hb"
    assert rig.trolley.session == 7


def test_a_shoppers_code_read_off_a_phone_pairs() -> None:
    rig = Rig()
    rig.turn()

    assert rig.turn(code="AISLE-token") == [("/pair", {"tok": "AISLE-token"})]


def test_a_scan_becomes_an_event_once_the_weight_changed() -> None:
    rig = Rig().shopping()

    rig.turn(code="8901234567890")
    assert rig.kept() == []
    rig.turn(grams=8515)
    assert rig.kept() == [["a", "8901234567890", 515], ["w", "", 8515]]


@pytest.mark.parametrize(
    ("grams", "events"), [(8000, [["a", "8901234567890", 0], ["w", "", 8000]]), (None, [["a", "8901234567890", 0]])]
)
def test_a_scan_without_a_change_of_weight_is_sent_after_three_seconds(grams: int | None, events: list[Any]) -> None:
    rig = Rig().shopping()

    rig.turn(code="8901234567890", grams=grams)
    rig.turn(main.SETTLE_MS, grams=grams)

    assert rig.kept() == events


def test_the_remove_key_turns_the_next_scan_into_a_removal() -> None:
    rig = Rig().shopping()

    rig.turn(key="remove", code="8901234567890")
    rig.turn(grams=7485)
    rig.turn(code="4011")
    rig.turn(grams=7685)

    assert [event[0:3] for event in rig.kept()] == [
        ["r", "8901234567890", -515],
        ["w", "", 7485],
        ["p", "4011", 200],
        ["w", "", 7685],
    ]


def test_a_change_of_weight_without_a_scan_is_told() -> None:
    rig = Rig().shopping()

    rig.turn(grams=8030)
    rig.turn(grams=8531)

    assert rig.kept() == [["x", "", 501], ["w", "", 8531]]


@pytest.mark.parametrize(("key", "kind"), [("help", "h"), ("finish", "f"), ("dock", "d")])
def test_keys_become_events(key: str, kind: str) -> None:
    rig = Rig().shopping()

    rig.turn(key=key)

    assert rig.kept() == [[kind, "", 0]]


@pytest.mark.parametrize("code", ["123", "123456789", "1" * 15])
def test_digits_that_are_no_code_are_not_sent(code: str) -> None:
    rig = Rig().shopping()

    rig.turn(code=code)
    rig.turn(grams=9000)

    assert rig.kept() == [["x", "", 1000], ["w", "", 9000]]


def test_notices_are_done() -> None:
    rig = Rig()
    nonce = "0" * 32
    for notices in ([["rot", 2, nonce], ["tare"]], [["loc", 1], ["msg", "Hello"]], [["hb", 5], ["fw", "1.5.0"]]):
        rig.server.standing = standing(SHOPPING, 7, *notices)
        rig.turn(60000)

    assert rig.server.rotated == [(2, nonce)]
    assert {"tare", "blink", "Scan your items Hello"} <= set(rig.hardware.texts)
    assert rig.trolley.update == "1.5.0"
    assert rig.trolley.period == 5000


def test_goodbye_ends_the_session() -> None:
    rig = Rig().shopping()
    rig.server.standing = standing(SHOPPING, 7, ["bye"])

    rig.turn(60000)

    assert (rig.trolley.state, rig.trolley.session) == (IDLE, 0)


@pytest.mark.parametrize("state", [REVIEW, ASSIST])
def test_the_server_says_which_state_it_is(state: int) -> None:
    rig = Rig().shopping()
    rig.server.standing = standing(state, 7)

    rig.turn(60000)

    assert rig.trolley.state == state
    assert rig.trolley.period == 15000


@pytest.mark.parametrize(
    ("answer", "waits"),
    [
        ((0, {}), 1000),
        ((429, {"e": "slow", "r": 7}), 7000),
        ((503, {"e": "busy", "r": 3}), 3000),
        ((403, {"e": "off"}), 60000),
        ((409, {"e": "gap", "a": 0}), 0),
        ((413, {"e": "big"}), 0),
        ((400, {"e": "bad"}), 0),
    ],
)
def test_each_refusal_is_waited_for_as_the_contract_says(answer: tuple[int, dict[str, Any]], waits: int) -> None:
    rig = Rig().shopping()
    rig.server.answers["/ev"] = answer
    rig.turn(key="help")

    sent = rig.turn(max(1, waits - 1))
    again = rig.turn(1)

    assert [path for path, _ in again] == ["/hb" if waits >= 60000 else "/ev"]
    assert sent == [] or waits == 0


def test_a_clash_and_three_wrong_signatures_call_staff() -> None:
    for answer, turns in (((409, {"e": "clash", "a": 0}), 1), ((401, {"e": "sig"}), 3)):
        rig = Rig().shopping()
        rig.server.answers["/ev"] = answer
        rig.turn(key="help")
        for _ in range(turns - 1):
            assert rig.trolley.state == SHOPPING
            rig.turn(1000)

        assert rig.trolley.state == MAINTENANCE
        assert rig.hardware.texts[-1].startswith("Please call staff")


def test_the_last_error_is_told_in_the_next_heartbeat_and_then_forgotten() -> None:
    rig = Rig().shopping()
    rig.server.answers["/ev"] = (400, {"e": "bad"})
    rig.turn(key="help")
    del rig.server.answers["/ev"]

    assert rig.turn(60000)[0][1]["er"] == "bad"
    assert "er" not in rig.turn(60000)[0][1]
