"""A payment provider as a process of its own: `python -m scripts.chaos.provider_server`. Standard library only.

It speaks as much of Stripe's API as the shop uses, keeps idempotency keys as Stripe does, and misbehaves by a seed. A
second port is for whoever runs the show: to switch the mischief on and off, to hide the provider, to read its books.
"""

import argparse
import contextlib
import json
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from scripts.chaos.mischief import Dice, Mischief
from scripts.chaos.provider_books import Answer, Books, Form, Refused
from scripts.chaos.webhooks import Webhooks

_V1 = "/v1/"


class Provider:
    """Requests against the books, with the mischief between."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.dice = Dice(options.seed)
        webhooks = Webhooks(options.webhooks, options.secret, self.dice)
        self.books = Books(Path(options.journal), webhooks.tell)
        self.latency: float = options.latency
        self._patience: float = options.patience

    def answer(self, method: str, path: str, form: Form, key: str | None) -> Answer | None:
        """The answer to a request of the shop; None closes the connection without one."""
        parts = path.removeprefix(_V1).split("/")
        is_authorization = method == "POST" and parts == ["payment_intents"]
        mischief = self.dice.of_request(is_write=method == "POST", may_decline=is_authorization)
        if mischief is Mischief.BUSY:
            return 503, {"error": {"type": "api_error"}}
        if mischief is Mischief.LOST_REQUEST:
            time.sleep(self._patience)
            return None
        answer = self._looked_up(parts, form) if key is None else self._done_once(parts, form, key, mischief)
        if mischief is Mischief.LATE:
            time.sleep(self._patience)
        return None if mischief is Mischief.LOST_ANSWER else answer

    def _done_once(self, parts: list[str], form: Form, key: str, mischief: Mischief) -> Answer:
        """Carry a request out, once for each key; sent again it has the same answer, a 500 included."""
        request = (tuple(parts), tuple(sorted(form.items())))
        try:
            kept = self.books.begin(key, request)
            if kept is not None:
                return kept
            if mischief is Mischief.LATE_DONE:
                time.sleep(self._patience)
            answer = self._done(parts, form, mischief)
        except Refused as refused:
            answer = refused.answer
            if refused.code in ("idempotency_key_in_use", "idempotency_error"):
                return answer
        if mischief is Mischief.BROKEN:
            answer = 500, {"error": {"type": "api_error"}}
        self.books.end(key, request, answer)
        return answer

    def _done(self, parts: list[str], form: Form, mischief: Mischief) -> Answer:
        match parts:
            case ["payment_intents"]:
                answer = self.books.authorize(form, decline=mischief is Mischief.DECLINED)
                time.sleep(self.latency)
                return answer
            case ["payment_intents", name, "capture"]:
                return self.books.capture(name, form)
            case ["payment_intents", name, "cancel"]:
                return self.books.cancel(name)
            case ["refunds"]:
                return self.books.refund(form)
            case ["customers"]:
                return 200, {"id": f"cus_{form['metadata[card]']}"}
            case ["payment_methods", name, "attach"]:
                return 200, {"id": name}
        raise Refused("unknown_path", status=404)

    def _looked_up(self, parts: list[str], query: Form) -> Answer:
        try:
            match parts:
                case ["payment_intents", "search"]:
                    return self.books.search(query["query"])
                case ["payment_intents"]:
                    return self.books.listed(query)
                case ["payment_intents", name]:
                    return self.books.read(name)
                case ["refunds"]:
                    return self.books.refunds_of(query["payment_intent"])
                case ["payment_methods", name]:
                    return 200, {"id": name, "card": {"last4": "4242"}}
        except Refused as refused:
            return refused.answer
        return Refused("unknown_path", status=404).answer


class Handler(BaseHTTPRequestHandler):
    """One connection; what is asked is given to `reply`."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        url = urllib.parse.urlsplit(self.path)
        self._send(self.reply("GET", url.path, dict(urllib.parse.parse_qsl(url.query)), None))

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length)
        if len(body) < length:  # whoever sent it was killed before the end of the sentence
            self.close_connection = True
            return
        form = dict(urllib.parse.parse_qsl(body.decode()))
        self._send(self.reply("POST", self.path, form, self.headers.get("Idempotency-Key")))

    def reply(self, method: str, path: str, form: Form, key: str | None) -> Answer | None:
        raise NotImplementedError

    def log_message(self, *_: object) -> None:
        """The journal tells what happened."""

    def _send(self, answer: Answer | None) -> None:
        if answer is None:
            self.close_connection = True
            return
        status, body = answer
        content = json.dumps(body).encode()
        with contextlib.suppress(OSError):  # whoever asked may have given up
            self.send_response_only(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)


class Server(ThreadingHTTPServer):
    """Many connections, none of which keeps the process alive."""

    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_: object) -> None:
        """A connection that breaks is the other side's affair."""


class Show:
    """The provider before its public, whom it leaves for a moment when told to."""

    def __init__(self, provider: Provider, port: int) -> None:
        self._provider, self._port = provider, port
        self._away = 0.0
        self._is_hidden = False
        self._server: Server | None = None

    def run(self) -> None:
        while True:
            self._is_hidden = False
            self._server = Server(("127.0.0.1", self._port), self._shop_handler())
            self._server.serve_forever(poll_interval=0.02)
            self._server.server_close()
            time.sleep(self._away)

    def control(self, path: str, form: Form) -> Answer:
        """What the one who runs the show asks for."""
        dice, books = self._provider.dice, self._provider.books
        match path:
            case "/trouble":
                dice.on = form["on"] == "1"
            case "/away":
                self._away, self._is_hidden = float(form["seconds"]), True
                if self._server is not None:
                    self._server.shutdown()
            case "/books":
                drawn = dict(dice.drawn)
                return 200, {"intents": books.all(), "mischief": drawn, "misused_keys": books.misused_keys}
        return 200, {}

    def control_handler(self) -> type[Handler]:
        show = self

        class Control(Handler):
            def reply(self, method: str, path: str, form: Form, key: str | None) -> Answer:
                return show.control(path, form)

        return Control

    def _shop_handler(self) -> type[Handler]:
        show, provider = self, self._provider

        class Shop(Handler):
            def reply(self, method: str, path: str, form: Form, key: str | None) -> Answer | None:
                return None if show._is_hidden else provider.answer(method, path, form, key)

        return Shop


def main(arguments: list[str] | None = None) -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    for name, kind in (("port", int), ("control", int), ("seed", int), ("latency", float), ("patience", float)):
        parser.add_argument(f"--{name}", type=kind, required=True)
    for name in ("journal", "webhooks", "secret"):
        parser.add_argument(f"--{name}", required=True)
    options = parser.parse_args(arguments)
    show = Show(Provider(options), options.port)
    control = Server(("127.0.0.1", options.control), show.control_handler())
    threading.Thread(target=control.serve_forever, daemon=True).start()
    show.run()


if __name__ == "__main__":
    main()
