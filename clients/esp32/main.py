"""A trolley: what it does in each state of its life (contract B.9), whatever its scanner, scale and display are.

`Trolley.step()` is one turn and never waits longer than one request; `run()` at the end builds the real hardware.
Runs under MicroPython and CPython.
"""

IDLE, SHOPPING, REVIEW, PAYING, PAID, ASSIST, LOST, MAINTENANCE = range(8)
SCREENS = (
    "Press start",
    "Scan your items",
    "Check your list",
    "Paying",
    "Paid, thank you",
    "Staff are coming",
    "Please call staff",
    "Out of service",
)
RESULTS = {
    2: "Not known here",
    3: "Weight is off: place it again",
    4: "Not in your cart",
    5: "Pair with your phone first",
    6: "Locked for checkout",
    8: "Staff will check this",
    10: "Weigh it, please",
    11: "Not sold here",
}
SETTLE_MS = 3000
UNSCANNED_G = 30
POLL_MS = 2000
LENGTHS = (4, 5, 8, 12, 13, 14)
VERSION = "1.0.0"
HARDWARE = "esp32s3"


class Trolley:
    """Scanner, scale, keys, display and power are objects with one method each; `ticks` counts milliseconds.

    `places`, where there is one, reads the fields of a heartbeat that tell where the trolley is.
    """

    def __init__(self, client, scanner, scale, keys, display, power, ticks, places=None):
        self.client, self.queue = client, client.queue
        self.scanner, self.scale, self.keys = scanner, scale, keys
        self.display, self.power, self.ticks, self.places = display, power, ticks, places
        self.state = IDLE
        self.session = self.units = self.total = self.expected = 0
        self.code = None  # shown for pairing, until code_until
        self.code_until = 0
        self.period = 60000
        self.beat_at = self.send_at = ticks()
        self.removing = False
        self.scan = None  # code, weight before it, deadline
        self.settled = None
        self.refused = 0
        self.error = ""
        self.update = None
        self.fresh = False  # whether the server was heard since the start
        self.queue.boot += 1
        self.queue.save()

    def step(self):
        """One turn: look at the hardware, then speak if it is time."""
        now = self.ticks()
        self._read_keys(now)
        self._read_scanner(now)
        self._read_scale(now)
        if now < self.send_at:
            return
        if not self.fresh or now >= self.beat_at:
            self._beat(now)
        elif self.queue.next > self.queue.acked + 1:
            self._heard(now, *self.client.deliver())

    def pair(self, doc=None):
        """Ask for a pairing code, or pair by a shopper's token or phone number."""
        now = self.ticks()
        status, answer = self.client.call("POST", "/pair", doc or {})
        if status == 200 and "c" in answer:
            self.code, self.code_until = answer["c"], now + answer["x"] * 1000
            self.display.pairing(answer["c"], answer["u"])
        elif status == 200:
            self.code, self.code_until = "", now + 60000
        else:
            held = self.send_at
            self._trouble(now, status, answer)
            if answer.get("e") == "busy":
                self.send_at = held  # somebody may have the trolley: only its report tells, whoever presses start
        self.beat_at = min(self.beat_at, now + POLL_MS)

    def _read_keys(self, now):
        key = self.keys.read()
        if key == "start" and self.state == IDLE and not self.session:
            self.pair()
        elif key == "remove":
            self.removing = not self.removing
            self.display.show("Take it out" if self.removing else SCREENS[self.state], "")
        elif key == "help":
            self._event("h", "", 0)
        elif key == "finish":
            self._event("f", "", 0)
        elif key == "dock":
            self._event("d", "", 0)

    def _read_scanner(self, now):
        code = self.scanner.read()
        if not code:
            return
        if not code.isdigit():
            if self.state == IDLE:
                self.pair({"tok": code})
        elif len(code) in LENGTHS:
            self._flush_scan(self.settled)
            self.scan = (code, self.settled, now + SETTLE_MS)

    def _read_scale(self, now):
        grams = self.scale.read()  # None while it swings
        if grams is None and not (self.scan and now >= self.scan[2]):
            return
        if grams is None:
            self._flush_scan(None)
            return
        before, self.settled = self.settled, grams
        if self.scan:
            if grams != self.scan[1] or now >= self.scan[2]:
                self._flush_scan(grams)
        elif before is not None and abs(grams - before) > UNSCANNED_G and self.session:
            self._event("x", "", grams - before)
            self._event("w", "", grams)

    def _flush_scan(self, grams):
        """Turn a scan into an event, with the change of weight since it; 0 when that is unknown."""
        if not self.scan:
            return
        code, before, _ = self.scan
        self.scan = None
        delta = 0 if grams is None or before is None else grams - before
        kind = "r" if self.removing else "p" if len(code) < 6 else "a"
        self.removing = False
        if self._event(kind, code, delta) and grams is not None:
            self._event("w", "", grams)

    def _event(self, kind, code, grams):
        s = self.queue.push(kind, code, grams, self.client.now())
        if s:
            self.display.beep()
        else:
            self.display.show("One moment", "no connection")
        return s

    def _beat(self, now):
        percent, millivolts, charging = self.power.read()
        doc = {"fw": VERSION, "hw": HARDWARE, "b": percent, "mv": millivolts, "ch": charging}
        if self.settled is not None:
            doc["g"] = self.settled
        if self.places:
            doc.update(self.places.read())
        if self.error:
            doc["er"] = self.error
        status, answer = self.client.call("POST", "/hb", doc)
        if status == 200:
            self.error = ""
            self.fresh = True
            self.queue.settle(answer["a"])
        self._heard(now, status, answer)

    def _heard(self, now, status, answer):
        if status != 200:
            self._trouble(now, status, answer)
            return
        self.refused = 0
        self.client.later(False)
        waiting = self.code is not None and not self.session and now < self.code_until
        self.beat_at = now + (POLL_MS if waiting else self.period)
        if answer is None:
            return
        self.session, self.units, self.total, self.expected = answer["z"], answer["q"], answer["p"], answer["w"]
        self._enter(answer["st"])
        for s, result, quantity, price in answer.get("r", ()):
            self.display.item(s, RESULTS.get(result, ""), quantity, price)
        for notice in answer["n"]:
            self._notice(notice)

    def _enter(self, state):
        if state != self.state:
            self.state = state
            self.period = 15000 if state in (SHOPPING, REVIEW, PAYING, PAID, ASSIST) else 60000
            self.display.show(SCREENS[state], "")
        if self.session:
            self.code = None

    def _notice(self, notice):
        word = notice[0]
        if word == "rot":
            self.client.rotate(notice[1], notice[2])
        elif word == "st":
            self._enter(notice[1])
        elif word == "msg":
            self.display.show(SCREENS[self.state], notice[1])
        elif word == "hb":
            self.period = notice[1] * 1000
        elif word == "tare":
            self.scale.tare()
        elif word == "fw":
            self.update = notice[1]
        elif word == "loc":
            self.display.blink()
        elif word == "bye":
            self.session = self.units = self.total = 0
            self._enter(IDLE)

    def _trouble(self, now, status, answer):
        """What B.4 has a device do with each refusal."""
        error = answer.get("e", "")
        if error in ("gap", "big"):
            return  # the client has seen to it: send again at once
        if error:
            self.error = error
        self.refused += 1
        wait = self.client.later(True)
        if "r" in answer:
            wait = answer["r"] * 1000
        elif error == "bad":
            wait = 0
        elif error == "off":
            self.session = self.units = self.total = 0
            self.state, wait = LOST, 60000
        elif error == "clash" or (error in ("auth", "sig", "dev") and self.refused >= 3):
            self.state = MAINTENANCE
        elif error == "fw":
            self.update = self.update or "?"
        if self.state in (LOST, MAINTENANCE):
            self.display.show(SCREENS[LOST], error)
        elif not status:
            self.display.show(SCREENS[self.state], "no connection")
        self.send_at = now + wait


def run(settings):
    """A real trolley; `settings` is the module of that name on its flash. Ends only by a fault."""
    import random
    import time

    from lib.beacons import Beacons
    from lib.display import Display
    from lib.hx711 import Scale
    from lib.queue import Files, Queue
    from lib.sc1 import Client
    from lib.scanner import Keys, Power, Scanner

    client = Client(settings.URL, Queue(Files("/")), settings.CA, time.time, random.random)
    display = Display(settings)
    while not client.queue.kid:
        display.show("Claiming", settings.CLAIM_CODE)
        if client.claim(settings.CLAIM_CODE, settings.SERIAL, HARDWARE, VERSION) != 201:
            time.sleep_ms(client.later(True))
    ticks = _unwrapped(time.ticks_ms, time.ticks_diff)
    scanner, scale, keys, power = Scanner(settings), Scale(settings), Keys(settings), Power(settings)
    trolley = Trolley(client, scanner, scale, keys, display, power, ticks, Beacons(settings))
    while True:
        trolley.step()
        time.sleep_ms(20)


def _unwrapped(ticks_ms, ticks_diff):
    """Milliseconds that do not start over after twelve days, as the hardware's counter does."""
    state = [ticks_ms(), 0]

    def ticks():
        now = ticks_ms()
        state[1] += ticks_diff(now, state[0])
        state[0] = now
        return state[1]

    return ticks


if __name__ == "__main__":
    import settings

    run(settings)
