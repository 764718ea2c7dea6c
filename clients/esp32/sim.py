"""A fleet of simulated trolleys that run the shipped client against any server, over a link that loses and doubles.

    python3 sim.py url=http://127.0.0.1:5000/api/v1/device shop=http://127.0.0.1:5000/api/v1 \\
        claims=7K3M9QTV,... tokens=<shopper's token>,... items=8901234567890,... sessions=250 seed=1

One claim code and one shopper's token per trolley. Also: cuts=<percent of turns with a power cut>, unsent=, lost=,
doubled=, late= (percent of requests), skew=<seconds a clock may be off>, events=<scans per session at most>,
stay=1 (the last session of each trolley is left open).

A line of JSON per session says what the trolley holds to be right, what the server told it and what the shopper's app
shows; the last line sums up. The same seed gives the same scans. Runs under MicroPython and CPython.
"""

import gc
import json
import sys
import time

from lib.queue import Queue
from lib.sc1 import Client
from main import IDLE, Trolley

TURN_MS = 500
MAX_TURNS = 20000


class PowerCut(Exception):
    """The power failed in the middle of something."""


class Dice:
    """The same numbers on every machine: a linear congruential generator (Numerical Recipes)."""

    def __init__(self, seed):
        self.state = seed & 0xFFFFFFFF

    def __call__(self):
        self.state = (self.state * 1664525 + 1013904223) & 0xFFFFFFFF
        return (self.state >> 8) / 16777216

    def below(self, number):
        return int(self() * number)

    def percent(self, share):
        return self() * 100 < share


class Flash:
    """Flash in memory; `cut` bytes more can be written, then the power fails (None: it does not)."""

    def __init__(self):
        self.files = {"state": bytearray(2 * 58), "events": bytearray(128 * 36)}
        self.cut = None

    def read(self, name, at, size):
        return bytes(memoryview(self.files[name])[at : at + size])

    def write(self, name, at, data):
        whole = self.cut is None or self.cut >= len(data)
        kept = len(data) if whole else self.cut
        self.files[name][at : at + kept] = data[:kept]
        if not whole:
            raise PowerCut
        if self.cut is not None:
            self.cut -= len(data)


class Faults:
    """What goes wrong, in percent, and a count of what did."""

    def __init__(self, dice, settings):
        self.dice = dice
        self.shares = {name: float(settings.get(name, preset)) for name, preset in PRESETS.items()}
        self.counts = dict.fromkeys(PRESETS, 0)

    def strikes(self, name):
        struck = self.dice.percent(self.shares[name])
        self.counts[name] += struck
        return struck


PRESETS = {"unsent": 2, "lost": 5, "doubled": 5, "late": 3, "cuts": 2}
"""unsent: a request is lost; lost: an answer is; doubled: the server gets the same bytes twice; late: a request is
overtaken by later ones; cuts: the power fails."""


class Link(Client):
    """A client behind a bad radio."""

    faults = None
    held = None
    calls = 0
    largest = 0

    def exchange(self, data):
        faults = self.faults
        self.calls += 1
        if faults.strikes("unsent"):
            raise OSError
        if faults.strikes("late"):
            self.held = data
            raise OSError
        if self.held and faults.dice.percent(50):
            held, self.held = self.held, None
            self.sent(held)
        heard = self.sent(data)
        if faults.strikes("doubled"):
            again = self.sent(data)
            heard = again if faults.dice.percent(50) else heard
        if faults.strikes("lost"):
            raise OSError
        return heard

    def sent(self, data):
        status, answer = Client.exchange(self, data)
        self.largest = max(self.largest, len(json.dumps(answer)))
        return status, answer


class Shopper(Client):
    """The phone app of one shopper: a bearer token instead of a key."""

    limit = 65536

    def __init__(self, url, token):
        Client.__init__(self, url, self, None, time.time, time.time)
        self.token = token
        self.kid = 1

    def authorization(self, method, path, body):
        return "Bearer " + self.token

    def pair(self, code):
        """Whether the trolley is theirs, or may be: the answer can get lost."""
        return self.heard("POST", "/carts/pair", {"code": code})[0] in (200, 0)

    def lines(self):
        """Units by barcode, as the app shows them."""
        while True:
            status, answer = self.heard("GET", "/cart/view")
            if status == 200:
                return {line["product"]["barcode"]: line["quantity"] for line in answer["data"]["items"]}

    def leave(self):
        """Not found is a trolley that was left before, the answer lost."""
        while self.heard("POST", "/cart/disconnect", {})[0] not in (200, 404):
            pass

    def heard(self, method, path, doc=None):
        status, answer = self.call(method, path, doc)
        if not status:
            time.sleep(0.02)
        return status, answer


class Hardware:
    """Scanner, scale, keys, display and power in one: what the simulated shopper does and sees."""

    def __init__(self):
        self.code = self.key = None
        self.gross = 0
        self.shown = None

    def tare(self):
        pass

    def pairing(self, code, url):
        self.shown = code

    def show(self, first, second):
        pass

    def item(self, s, text, quantity, price):
        pass

    def beep(self):
        pass

    blink = beep


class Port:
    """One of the hardware's parts, whose `read` is the given function."""

    def __init__(self, read):
        self.read = read

    def tare(self):
        pass


class SimulatedTrolley:
    """One trolley with its shopper, session after session."""

    def __init__(self, number, settings, faults):
        self.dice = faults.dice
        self.faults = faults
        self.settings = settings
        self.flash = Flash()
        self.hardware = Hardware()
        self.turns = self.boots = self.sockets = self.calls = self.largest = 0
        self.number = number
        self.shopper = Shopper(settings["shop"], settings["tokens"].split(",")[number])
        self.items = None
        self.power_on()
        self.claim(settings["claims"].split(",")[number])

    def power_on(self):
        """A start from what the flash holds, with a clock that may be wrong."""
        skew = int((self.dice() - 0.5) * 2 * int(self.settings.get("skew", 1000)))
        self.link = Link(self.settings["url"], Queue(self.flash), None, lambda: time.time() + skew, self.dice)
        self.link.faults = self.faults
        hardware = self.hardware
        keys, scanner, scale, power = (Port(read) for read in (self.pressed, self.scanned, self.weighed, battery))
        self.trolley = Trolley(self.link, scanner, scale, keys, hardware, power, self.ticks)
        self.trolley.settled = hardware.gross
        self.boots += 1

    def power_off(self):
        """Nothing but the flash is left."""
        self.calls += self.link.calls
        self.sockets += self.link.sockets
        self.largest = max(self.largest, self.link.largest)
        self.link.close()

    def restart(self):
        self.flash.cut = None
        self.power_off()
        self.power_on()

    def claim(self, code):
        link = self.link
        link.faults = Faults(self.dice, dict.fromkeys(PRESETS, "0"))
        status = link.claim(code, "SIM%04d" % self.number, "sim", "1.0.0")
        link.faults = self.faults
        if status != 201:
            raise OSError("claim refused with %d" % status)

    def ticks(self):
        return self.turns * TURN_MS

    def pressed(self):
        key, self.hardware.key = self.hardware.key, None
        return key

    def scanned(self):
        code, self.hardware.code = self.hardware.code, None
        return code

    def weighed(self):
        return self.hardware.gross

    def turn(self):
        """One turn of the real state machine; sometimes the power fails at a byte of its writing. True if it did."""
        self.turns += 1
        if self.turns > MAX_TURNS:
            raise OSError("the trolley does not get anywhere")
        if self.faults.strikes("cuts"):
            self.flash.cut = self.dice.below(200)
        try:
            self.trolley.step()
        except PowerCut:
            self.restart()
            return True
        if self.flash.cut is not None:
            self.restart()
            return True
        if not self.link.sock:
            time.sleep(0.002)  # the server may be away: its time is real, the trolley's is not
        return False

    def learn(self):
        """Price and weight of each item, from the cards the server gives the display."""
        self.items = []
        for code in self.settings["items"].split(","):
            status, card = 0, None
            while status != 200:
                status, card = self.link.call("GET", "/item/" + code)
                self.turns += 1
            self.items.append((code, card["o"], card["w"]))

    def session(self, stays):
        """A whole session as steps: a generator that yields after each turn, so that a fleet takes turns."""
        while not self.trolley.fresh:
            self.turn()
            yield
        if self.items is None:
            self.learn()
        while not self.trolley.session:
            if self.trolley.state == IDLE and self.trolley.code is None:
                self.hardware.key = "start"
            self.turn()
            shown, self.hardware.shown = self.hardware.shown, None
            if shown and not self.shopper.pair(shown):
                self.trolley.code = None  # as if its time were over: ask for another
            yield
        basket = {}
        for _ in range(1 + self.dice.below(int(self.settings.get("events", 12)))):
            code, _, grams = self.items[self.dice.below(len(self.items))]
            removing = basket.get(code, 0) > 0 and self.dice.percent(25)
            for _ in self.scan(code, grams, removing):
                yield
            basket[code] = basket.get(code, 0) + (-1 if removing else 1)
        while self.trolley.queue.next > self.trolley.queue.acked + 1 or not self.trolley.fresh:
            self.turn()
            yield
        yield self.judged(basket, stays)

    def scan(self, code, grams, removing):
        """Scan until the trolley has it: after a power cut the shopper looks at the display first."""
        before = self.hardware.gross
        while True:
            held = self.trolley.queue.next
            self.hardware.gross = before
            self.trolley.settled = before
            self.hardware.key = "remove" if removing else None
            self.hardware.code = code
            cut = self.turn()
            yield
            while not cut and self.trolley.queue.next == held and self.trolley.scan:
                self.hardware.gross = before - grams if removing else before + grams
                cut = self.turn()
                yield
            self.hardware.code = self.hardware.key = None
            if self.holds(held):
                self.hardware.gross = before - grams if removing else before + grams
                self.trolley.settled = self.hardware.gross
                return

    def holds(self, s):
        """Whether event s reached the flash."""
        found = self.trolley.queue.record(s)
        return found is not None and found[0] == s

    def judged(self, basket, stays):
        """What should be in the cart, what the server last told and what the app shows; then the shopper leaves."""
        trolley = self.trolley
        basket = {code: units for code, units in basket.items() if units}
        prices = {code: price for code, price, _ in self.items}
        units = sum(basket.values())
        total = sum(prices[code] * count for code, count in basket.items())
        lines = self.shopper.lines()
        verdict = {
            "trolley": self.number,
            "session": trolley.session,
            "basket": basket,
            "lines": lines,
            "units": [units, trolley.units],
            "total": [total, trolley.total],
            "open": stays,
            "ok": units == trolley.units and total == trolley.total and lines == basket,
        }
        if not stays:
            self.shopper.leave()
        self.hardware.gross = 0
        trolley.settled = 0
        trolley.session = 0
        trolley.code = None
        trolley.fresh = False
        return verdict


def battery():
    return 87, 3912, 0


def run(settings, say):
    """All sessions of all trolleys, turn by turn; calls `say` with each verdict and gives the sums."""
    dice = Dice(int(settings.get("seed", 1)))
    faults = Faults(dice, settings)
    fleet = [SimulatedTrolley(number, settings, faults) for number in range(len(settings["claims"].split(",")))]
    left = int(settings.get("sessions", 10))
    last = len(fleet) if settings.get("stay") else 0  # so many sessions are left open
    counts = {"sessions": 0, "wrong": 0}
    running = []
    waiting = list(fleet)
    heap = 0
    while left or running:
        while left and waiting:
            trolley = waiting.pop()
            left -= 1
            running.append((trolley, trolley.session(left < last)))
        trolley, session = running.pop(dice.below(len(running)))
        verdict = next(session)
        if verdict is None:
            running.append((trolley, session))
            continue
        counts["sessions"] += 1
        counts["wrong"] += not verdict["ok"]
        trolley.turns = 0
        trolley.trolley.beat_at = trolley.trolley.send_at = 0
        if not verdict["open"]:
            waiting.append(trolley)
        say(verdict)
        gc.collect()
        if hasattr(gc, "mem_alloc"):
            heap = max(heap, gc.mem_alloc())
    for trolley in fleet:
        trolley.power_off()
        trolley.shopper.close()
    counts.update(faults.counts)
    counts["boots"] = sum(trolley.boots for trolley in fleet)
    counts["calls"] = sum(trolley.calls for trolley in fleet)
    counts["sockets"] = sum(trolley.sockets for trolley in fleet)
    counts["events"] = sum(trolley.trolley.queue.next - 1 for trolley in fleet)
    counts["largest"] = max(trolley.largest for trolley in fleet)
    counts["heap"] = heap
    return counts


def main(arguments):
    settings = dict(argument.split("=", 1) for argument in arguments)
    counts = run(settings, lambda verdict: print(json.dumps(verdict)))
    print(json.dumps(counts))
    return 1 if counts["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
