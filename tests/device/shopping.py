"""One shopper with one trolley that runs the shipped client, and the shopper's app."""

import itertools
import json
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from clients.esp32.lib.queue import Files, Queue
from clients.esp32.lib.sc1 import Client
from clients.esp32.main import Trolley

TURN_MS = 500
BEAT_MS = 15_000
_keys = itertools.count(1)


class Part:
    """A piece of hardware that says what the shopper did to it, once; a scale says it again."""

    def __init__(self, value: Any = None, *, stays: bool = False) -> None:
        self.value, self.stays = value, stays

    def read(self) -> Any:
        value = self.value
        if not self.stays:
            self.value = None
        return value

    def tare(self) -> None:
        """Nothing to set to nought here."""


class Display:
    """What stands on it, and the pairing code if it shows one."""

    def __init__(self) -> None:
        self.text = ""
        self.code = ""

    def show(self, first: str, second: str) -> None:
        self.text = f"{first} {second}".strip()

    def pairing(self, code: str, url: str) -> None:
        self.code = code

    def item(self, s: int, text: str, quantity: int, price: int) -> None:
        self.text = text

    def beep(self) -> None:
        """Heard by nobody."""

    blink = beep


class Device:
    """A trolley of metal: its flash outlives a power cut, everything else begins anew."""

    def __init__(self, url: str, flash: Path, grams: int) -> None:
        self.url, self.flash = url, flash
        self.ms = 0
        self.scanner, self.keys, self.display = Part(), Part(), Display()
        self.scale = Part(grams, stays=True)
        self.power = Part((87, 3912, 0), stays=True)
        self.place = Part({}, stays=True)
        self.switch_on()

    def switch_on(self) -> None:
        self.client: Any = Client(self.url, Queue(Files(str(self.flash))), None, time.time, lambda: 0.5)
        parts = (self.scanner, self.scale, self.keys, self.display, self.power, lambda: self.ms, self.place)
        self.trolley: Any = Trolley(self.client, *parts)

    def cut_the_power(self) -> None:
        self.client.close()
        self.switch_on()

    def turn(self, ms: int = TURN_MS) -> None:
        """One turn of its program, so many milliseconds after the last."""
        self.ms += ms
        self.trolley.step()

    def press(self, key: str) -> None:
        self.keys.value = key
        self.turn()

    def weigh(self, change: int) -> None:
        """Something is put on the scale or taken off it; two turns, as a swing has to settle."""
        self.scale.value += change
        self.turn()
        self.turn()

    def scan(self, code: str, grams: int) -> None:
        """Scan a piece and put it in."""
        self.scanner.value = code
        self.turn()
        self.weigh(grams)

    def unsent(self) -> int:
        """Events the server does not have yet, as far as the trolley knows."""
        return int(self.client.queue.next - self.client.queue.acked - 1)


@dataclass
class News:
    """One piece of news on a phone; `at` by the monotonic clock."""

    topic: str
    payload: dict[str, Any]
    at: float


class App:
    """A signed-in person's phone: requests, and the news as it comes."""

    def __init__(self, base: str, headers: dict[str, str]) -> None:
        self.http = httpx.Client(base_url=base, headers=headers, timeout=30)
        self.news: list[News] = []

    def __enter__(self) -> "App":
        request = self.http.build_request("GET", "/me/events")
        self.stream = self.http.send(request, stream=True)
        assert self.stream.status_code == 200, self.stream.read()
        self.reader = threading.Thread(target=self._read)
        self.reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stream.extensions["network_stream"].get_extra_info("socket").shutdown(2)
        self.reader.join(10)
        self.http.close()

    def _read(self) -> None:
        try:
            for line in self.stream.iter_lines():
                if line.startswith("data: "):
                    told = json.loads(line.removeprefix("data: "))
                    self.news.append(News(told["topic"], told["payload"], time.monotonic()))
        except (httpx.HTTPError, httpx.StreamError):
            pass  # hung up

    def ask(self, method: str, path: str, *, status: int = 200, **body: Any) -> Any:
        """The data of an answer that must have this status; the error where it is one."""
        headers = {"Idempotency-Key": f"trip-{next(_keys)}"} if path == "/checkout/confirm" else {}
        answer = self.http.request(method, path, json=body or None, headers=headers)
        assert answer.status_code == status, answer.text
        return answer.json()["data" if answer.is_success else "error"]
