"""The trolley's end of SC1: signed requests over one kept connection, answered in small JSON.

The stock `requests` module closes its connection each time and checks no certificate, hence the few lines of HTTP here.
Runs under MicroPython and CPython.
"""

import json
import socket
from binascii import hexlify, unhexlify
from hashlib import sha256

try:
    import tls

    before_ca = ()
except ImportError:
    import ssl as tls

    before_ca = (None, None)  # CPython takes files first, MicroPython the certificate alone


def mac(key, data):
    """HMAC-SHA256 (RFC 2104): MicroPython has no hmac module."""
    if len(key) > 64:
        key = sha256(key).digest()
    key += bytes(64 - len(key))
    inner = sha256(bytes(k ^ 0x36 for k in key) + data).digest()
    return sha256(bytes(k ^ 0x5C for k in key) + inner).digest()


class Client:
    """One server. `queue` keeps name, key, counters; `clock` tells seconds, right or not; `dice` a number below 1."""

    limit = 1024

    def __init__(self, url, queue, ca, clock, dice):
        scheme, rest = url.split("://")
        host, _, path = rest.partition("/")
        self.host, _, port = host.partition(":")
        self.secure = scheme == "https"
        self.port = int(port or (443 if self.secure else 80))
        self.path = "/" + path
        self.queue = queue
        self.ca = ca
        self.clock = clock
        self.dice = dice
        self.offset = None
        self.n = self.wait = self.sockets = 0
        self.size = 16
        self.sock = self.file = None

    def now(self):
        """Unix seconds as the server counts them; 0 as long as it has told nothing."""
        return 0 if self.offset is None else int(self.clock()) + self.offset

    def authorization(self, method, path, body):
        q = self.queue
        self.n += 1
        ts = self.now() or max(1, int(self.clock()))
        parts = [q.id.decode(), str(q.kid), str(ts), str(q.boot), str(self.n)]
        text = "\n".join(["SC1", method, path] + parts + [hexlify(sha256(body).digest()).decode()])
        return "SC1 " + ".".join(parts + [hexlify(mac(q.key, text.encode())).decode()])

    def call(self, method, path, doc=None):
        """Status and answer; status 0 when the server could not be heard. A new number and signature for every send."""
        path = self.path + path
        body = b"" if doc is None else json.dumps(doc, separators=(",", ":")).encode()
        status, answer = 0, {}
        for _ in range(3):
            kept = self.sock
            head = method + " " + path + " HTTP/1.1\r\nHost: " + self.host + "\r\n"
            if self.queue.kid:
                head += "Authorization: " + self.authorization(method, path, body) + "\r\n"
            head += "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
            try:
                status, answer = self.exchange(head.encode() + body)
            except (OSError, ValueError, IndexError):
                self.close()
                if kept:
                    continue  # it may have died while nobody spoke
                return 0, {}
            if "t" in answer:
                self.offset = answer["t"] - int(self.clock())
            error = answer.get("e")
            if error == "replay":
                if answer["b"] > self.queue.boot:
                    self.queue.boot = answer["b"]
                    self.queue.save()
                self.n = max(self.n, answer["n"])
            elif error != "time":
                break
        return status, answer

    def deliver(self):
        """Send the oldest events. Status and answer; (200, None) when there was nothing to send."""
        q = self.queue
        events, lowest = q.batch(self.size)
        if not events:
            return 200, None
        doc = {"ev": events}
        if lowest:
            doc["lo"] = lowest
        status, answer = self.call("POST", "/ev", doc)
        if "a" in answer:  # taken, or refused as a gap or a clash: either way that is what the server has
            q.settle(answer["a"])
            self.size = 16
        elif status in (400, 413):
            if len(events) > 1:
                self.size = len(events) // 2
            else:
                q.drop(events[0][0])
        return status, answer

    def claim(self, code, serial, hardware, firmware):
        """Get a name and a key; the status. Nothing but a whole key is kept."""
        self.queue.kid = 0
        status, answer = self.call("POST", "/claim", {"code": code, "sn": serial, "hw": hardware, "fw": firmware})
        if status == 201:
            key = unhexlify(answer["key"])
            if len(key) != 32 or len(answer["id"]) != 8:
                return 0
            q = self.queue
            q.id, q.kid, q.key = answer["id"].encode(), answer["k"], key
            q.save()
        return status

    def rotate(self, kid, nonce):
        """Make the next key; a notice heard twice changes nothing."""
        q = self.queue
        if kid == q.kid + 1:
            q.key = mac(q.key, b"rotate|" + q.id + ("|%d|" % kid + nonce).encode())
            q.kid = kid
            q.save()

    def later(self, failed):
        """Milliseconds until the next try: 1, 2, 4 ... 60 s, up to half of it chance; 0 after a success."""
        self.wait = min(60, self.wait * 2 or 1) if failed else 0
        return int(self.wait * (500 + 500 * self.dice()))

    def close(self):
        for end in (self.file, self.sock):
            if end:
                end.close()
        self.sock = self.file = None

    def connect(self):
        family, kind, proto, _, address = socket.getaddrinfo(self.host, self.port, 0, socket.SOCK_STREAM)[0]
        sock = socket.socket(family, kind, proto)
        self.sock = sock
        sock.settimeout(5)
        sock.connect(address)
        if self.secure:
            context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
            context.verify_mode = tls.CERT_REQUIRED
            context.load_verify_locations(*(before_ca + (self.ca,)))
            self.sock = sock = context.wrap_socket(sock, server_hostname=self.host)
        self.file = sock.makefile("rb") if hasattr(sock, "makefile") else sock
        self.sockets += 1

    def exchange(self, data):
        """Send the bytes of one request; status and JSON answer. OSError or ValueError when there is none."""
        if not self.sock:
            self.connect()
        (self.sock.sendall if hasattr(self.sock, "sendall") else self.sock.write)(data)
        status = int(self.file.readline(256).split()[1])
        size, last = 0, False
        while True:
            name, _, value = self.file.readline(256).partition(b":")
            if not value:
                break
            name = name.lower()
            if name == b"content-length":
                size = int(value)
            elif name == b"connection":
                last = b"close" in value
        if not 0 < size <= self.limit:
            raise ValueError
        body = self.file.read(size)
        if last:
            self.close()
        return status, json.loads(body)
