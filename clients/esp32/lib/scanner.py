"""The barcode reader on a serial line, the buttons, and the battery's voltage."""

from machine import ADC, UART, Pin

MAX_CODE = 200
FULL_MV = 4150
EMPTY_MV = 3300


class Scanner:
    """A reader that ends each code with a line feed, as all of them can be set to do."""

    def __init__(self, settings):
        self.uart = UART(settings.SCANNER_UART, baudrate=9600, tx=settings.SCANNER_TX, rx=settings.SCANNER_RX)
        self.heard = b""

    def read(self):
        self.heard += self.uart.read() or b""
        line, end, rest = self.heard.partition(b"\n")
        if not end:
            self.heard = self.heard[-MAX_CODE:]
            return None
        self.heard = rest
        try:
            return line.strip().decode()
        except UnicodeError:
            return None


class Keys:
    """Buttons that pull their pin to ground, by name: start, remove, help, finish."""

    def __init__(self, settings):
        self.pins = {name: Pin(pin, Pin.IN, Pin.PULL_UP) for name, pin in settings.KEYS.items()}
        self.down = None

    def read(self):
        pressed = [name for name, pin in self.pins.items() if not pin.value()]
        name = pressed[0] if pressed else None
        new = name if name != self.down else None
        self.down = name
        return new


class Power:
    """Percent, millivolts and whether it charges, from half the cell's voltage on an ADC pin."""

    def __init__(self, settings):
        self.adc = ADC(Pin(settings.BATTERY_ADC))
        self.adc.atten(ADC.ATTN_11DB)
        self.charger = Pin(settings.CHARGING, Pin.IN, Pin.PULL_UP)

    def read(self):
        millivolts = self.adc.read_uv() // 500
        percent = (millivolts - EMPTY_MV) * 100 // (FULL_MV - EMPTY_MV)
        return max(0, min(100, percent)), millivolts, 1 - self.charger.value()
