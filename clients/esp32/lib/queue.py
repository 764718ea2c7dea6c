"""What a trolley must not forget when its power fails: its name and key, its counters, its events.

Two files of records with a CRC each, so that a write cut off at any byte leaves either the old record or the new one.

`state`   two slots written in turn: turn, boot, reserved, kid, device id, key. The slot of the higher turn counts.
`events`  a ring of SLOTS records; event s lies in slot (s - 1) % SLOTS, overwritten only once the server has it.

Runs under MicroPython and CPython.
"""

import struct
from binascii import crc32

SLOTS = 128
BLOCK = 64
BATCH = 16
_STATE = "<IIIH8s32s"
_EVENT = "<IIIiBB14s"


class Files:
    """The flash as files of a folder."""

    def __init__(self, folder):
        self.folder = folder

    def read(self, name, at, size):
        try:
            with open(self.folder + "/" + name, "rb") as file:
                file.seek(at)
                return file.read(size)
        except OSError:
            return b""

    def write(self, name, at, data):
        path = self.folder + "/" + name
        try:
            file = open(path, "r+b")
        except OSError:
            file = open(path, "w+b")
        with file:
            file.seek(at)
            file.write(data)
            file.flush()


class Queue:
    """Counters and events. `boot` goes up with every start, `next` is the number of the next event, for ever."""

    def __init__(self, flash):
        self.flash = flash
        self.turn = self.boot = self.reserved = self.kid = 0
        self.id = self.key = b""
        for slot in (0, 1):
            found = self._read("state", slot, _STATE)
            if found and found[0] > self.turn:
                self.turn, self.boot, self.reserved, self.kid, self.id, self.key = found
        newest = (0, 0)
        for slot in range(SLOTS):
            found = self.record(slot)
            if found and found[0] > newest[0]:
                newest = found
        # A ring that holds nothing although numbers were given out was lost: none of them may be used again.
        self.next = 1 + (newest[0] or self.reserved)
        self.acked = newest[1] if newest[0] else self.reserved

    def save(self):
        """Write the counters and the key; called before anything is sent that rests on them."""
        self.turn += 1
        packed = struct.pack(_STATE, self.turn, self.boot, self.reserved, self.kid, self.id, self.key)
        self._write("state", self.turn & 1, packed)

    def push(self, kind, code, grams, time):
        """Keep an event: its number, or 0 when the ring is full of events the server does not have yet."""
        if self.next - self.acked > SLOTS:
            return 0
        if self.next > self.reserved:
            self.reserved = self.next + BLOCK - 1
            self.save()
        code = code.encode()
        packed = struct.pack(_EVENT, self.next, self.acked, time, grams, ord(kind), len(code), code)
        self._write("events", (self.next - 1) % SLOTS, packed)
        self.next += 1
        return self.next - 1

    def batch(self, most=BATCH):
        """The oldest events the server does not have, and their first number if some before them are lost (else 0)."""
        events = []
        first = s = max(self.acked + 1, self.next - SLOTS)
        while s < self.next and len(events) < most:
            found = self.record(s)
            if found and found[0] == s:
                events.append([s, chr(found[4]), found[6][: found[5]].decode(), found[3], found[2]])
            elif events:
                break
            s += 1
        lowest = events[0][0] if events else 0
        return events, lowest if lowest > min(first, self.acked + 1) else 0

    def settle(self, s):
        """The server has everything up to s and nothing above. If that is more than was given out, go on from there."""
        self.acked = s
        self.next = max(self.next, s + 1)

    def drop(self, s):
        """Forget an event the server will never take."""
        self._write("events", (s - 1) % SLOTS, bytes(struct.calcsize(_EVENT)))

    def record(self, s):
        """What lies in the slot of event s; None when that is broken."""
        return self._read("events", (s - 1) % SLOTS, _EVENT)

    def _read(self, name, slot, form):
        size = struct.calcsize(form) + 4
        raw = self.flash.read(name, slot * size, size)
        if len(raw) == size and struct.unpack("<I", raw[-4:])[0] == crc32(raw[:-4]):
            return struct.unpack(form, raw[:-4])
        return None

    def _write(self, name, slot, packed):
        self.flash.write(name, slot * (len(packed) + 4), packed + struct.pack("<I", crc32(packed)))
