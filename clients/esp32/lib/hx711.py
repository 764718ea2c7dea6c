"""The load cell under the basket, through an HX711: 24-bit readings, settled when the last few agree."""

from machine import Pin

READINGS = 8
SPREAD_G = 10


class Scale:
    """`read()` gives gross grams, or None while the basket swings. Counts per gram come from calibration."""

    def __init__(self, settings):
        self.clock = Pin(settings.SCALE_CLOCK, Pin.OUT, value=0)
        self.data = Pin(settings.SCALE_DATA, Pin.IN)
        self.per_gram = settings.SCALE_COUNTS_PER_GRAM
        self.zero = settings.SCALE_ZERO
        self.last = []

    def read(self):
        if not self.data.value():
            self.last.append((self._raw() - self.zero) // self.per_gram)
            self.last = self.last[-READINGS:]
        if len(self.last) < READINGS or max(self.last) - min(self.last) > SPREAD_G:
            return None
        return sorted(self.last)[READINGS // 2]

    def tare(self):
        """What lies in the basket now is nothing from now on."""
        grams = self.read()
        if grams is not None:
            self.zero += grams * self.per_gram
            self.last = []

    def _raw(self):
        """24 bits, most significant first; a 25th pulse keeps channel A at gain 128."""
        value = 0
        for _ in range(24):
            self.clock(1)
            value = value << 1 | self.data.value()
            self.clock(0)
        self.clock(1)
        self.clock(0)
        return value - (1 << 24) if value & 0x800000 else value
