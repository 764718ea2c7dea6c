"""The radio beacons a trolley hears over Bluetooth: from the nearest of them the server tells where it is."""

from binascii import hexlify, unhexlify

import bluetooth

SCAN_RESULT = 5
MOST = 6


class Beacons:
    """Listens all the time, a twentieth of it, for addresses that begin with the shop's BEACON_PREFIX."""

    def __init__(self, settings):
        self.prefix = unhexlify(settings.BEACON_PREFIX)
        self.near = {}
        ble = bluetooth.BLE()
        ble.active(True)
        ble.irq(self.heard)
        ble.gap_scan(0, 1000000, 50000)

    def heard(self, event, data):
        if event == SCAN_RESULT:
            address, strength = bytes(data[1]), data[3]
            if address[:4] == self.prefix:
                self.near[hexlify(address[4:]).decode()] = strength

    def read(self):
        """What was heard since the last time: beacons by the last four digits of their address, the nearest first."""
        near, self.near = sorted(self.near.items(), key=lambda beacon: -beacon[1])[:MOST], {}
        return {"bc": [list(beacon) for beacon in near]} if near else {}
