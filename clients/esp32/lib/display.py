"""An SSD1306 display of 128 x 64 points and a buzzer. Text of the server is shown as its display can: ASCII."""

from machine import I2C, PWM, Pin
from ssd1306 import SSD1306_I2C

COLUMNS = 16


class Display:
    def __init__(self, settings):
        bus = I2C(0, scl=Pin(settings.DISPLAY_SCL), sda=Pin(settings.DISPLAY_SDA))
        self.screen = SSD1306_I2C(128, 64, bus)
        self.buzzer = PWM(Pin(settings.BUZZER), freq=2400, duty=0)

    def show(self, first, second):
        """Two texts, the first in the upper half."""
        self._lines(first[: 2 * COLUMNS], second[: 2 * COLUMNS])

    def pairing(self, code, url):
        self._lines("Type in the app", code)

    def item(self, s, text, quantity, price):
        """What became of a scan; the price in minor units."""
        self._lines(text or "In your cart", "%d x %d.%02d" % (quantity, price // 100, price % 100))

    def beep(self):
        self.buzzer.duty(512)
        self.screen.invert(1)
        self.screen.invert(0)
        self.buzzer.duty(0)

    def blink(self):
        for _ in range(5):
            self.beep()

    def _lines(self, first, second):
        self.screen.fill(0)
        for line, text in enumerate((first[:COLUMNS], first[COLUMNS:], second[:COLUMNS], second[COLUMNS:])):
            self.screen.text(text, 0, 16 * line)
        self.screen.show()
