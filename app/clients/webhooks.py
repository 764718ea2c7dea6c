"""Sending one message to an integrator's address, and never to a machine of our own network (SSRF).

The name is resolved once, every address it has is checked, and the connection goes to exactly such an address, while
certificate and Host header stay those of the name. So a name that changes its address in between (DNS rebinding) gains
nothing. No proxy of the environment is used and no redirect followed.
"""

import re
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from ipaddress import ip_address

import httpcore
import httpx

from app.domain.public_addresses import is_public
from app.domain.webhooks import retry_after

SECONDS = 10.0
"""For all of a call after the name is resolved, however slowly the other side drips."""

CONNECT_SECONDS = 3.0
MOST_ANSWER_BYTES = 4096
_PORTS = frozenset({80, 443, *range(8000, 10_000)})
_MOST_ADDRESSES = 4


class AddressRefused(Exception):
    """The message says why nothing is sent to an address, in words fit for whoever entered it."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What is taken besides https to public addresses; `private` is for tests and development alone."""

    plain_http: bool
    private: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """How a call went: a status, or in `error` why there is none. `retry_after` is what the other side asked for."""

    status: int | None
    error: str | None = None
    retry_after: timedelta | None = None

    @property
    def is_taken(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def resolve(host: str, port: int) -> list[str]:
    """The IP addresses of a name as texts. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def check(url: str, policy: Policy) -> list[str]:
    """The addresses a message to this URL may go to, resolved now. Raises AddressRefused."""
    parts = _parsed(url, policy)
    try:
        addresses = resolve(parts.raw_host.decode("ascii"), _port(parts))
    except (OSError, UnicodeError):  # the latter for an empty or a too long part between two dots
        raise AddressRefused("The name in the address cannot be resolved.") from None
    if not addresses or not (policy.private or all(is_public(address) for address in addresses)):
        raise AddressRefused("The address does not lead to the public internet.")
    return addresses[:_MOST_ADDRESSES]


def send(
    url: str, body: bytes, headers: Mapping[str, str], *, policy: Policy, trust: ssl.SSLContext | None = None
) -> Answer:
    """POST a JSON body. Never raises for what the other side does; the errors it tells name no address and no content.

    `trust` replaces the certificate authorities that are believed.
    """
    try:
        addresses = check(url, policy)
    except AddressRefused as error:
        return Answer(None, str(error))
    deadline = time.monotonic() + SECONDS
    try:
        with httpx.Client(transport=_Pinned(addresses, deadline, trust), trust_env=False) as client:
            return _post(client, url, body, headers)
    except httpx.HTTPError as error:
        return Answer(None, _told(error))


def _post(client: httpx.Client, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    sent = {"Content-Type": "application/json", "User-Agent": "Aisle-Webhooks/1", "Accept-Encoding": "identity"}
    with client.stream("POST", url, content=body, headers={**sent, **headers}, timeout=SECONDS) as response:
        with suppress(httpx.HTTPError):  # the status has come: what follows it changes nothing
            _read_some(response.iter_raw(MOST_ANSWER_BYTES))
        wish = retry_after(response.headers.get("Retry-After", ""), datetime.now(UTC))
        error = None if response.is_success else f"answered {response.status_code}"
        return Answer(response.status_code, error, wish)


def _told(error: BaseException) -> str:
    """Why there is no answer, by its kind alone: the text of an error may quote the address."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return f"no answer (TLS: {type(cause).__name__})"
        cause = cause.__cause__ or cause.__context__
    return f"no answer ({type(error).__name__})"


def _read_some(chunks: Iterable[bytes]) -> None:
    """Let the other side finish a short answer; a long one is cut off."""
    read = 0
    for chunk in chunks:
        read += len(chunk)
        if read >= MOST_ANSWER_BYTES:
            return


def _parsed(url: str, policy: Policy) -> httpx.URL:
    """The URL as the client itself reads it, so that nothing is checked that is not called. Raises AddressRefused."""
    try:
        parts = httpx.URL(url)
        refusal = next((reason for is_refused, reason in _RULES if is_refused(parts, policy)), None)
    except (httpx.InvalidURL, ValueError):  # also of a name in other scripts, which is decoded when it is looked at
        raise AddressRefused("The address cannot be read.") from None
    if refusal:
        raise AddressRefused(refusal)
    return parts


def _port(parts: httpx.URL) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


def _is_name(host: bytes) -> bool:
    """As it goes over the wire, so that names in other scripts are in their ASCII form (IDNA)."""
    return re.fullmatch(rb"[A-Za-z0-9._-]+", host) is not None


def _is_ip(host: str) -> bool:
    with suppress(ValueError):
        return bool(ip_address(host))
    return False


_RULES: tuple[tuple[Callable[[httpx.URL, Policy], object], str], ...] = (
    (lambda url, _: url.scheme not in ("http", "https") or not url.host, "The address must begin with https:// ."),
    (lambda url, policy: url.scheme == "http" and not policy.plain_http, "The address must begin with https:// ."),
    (lambda url, _: url.userinfo, "The address must not hold a user name or password."),
    (lambda url, _: url.fragment, "The address must not have a fragment (#...)."),
    (lambda url, policy: _is_ip(url.host) and not policy.private, "The address must have a name, not an IP address."),
    (lambda url, _: not _is_name(url.raw_host) and not _is_ip(url.host), "The name in the address cannot be read."),
    (
        lambda url, policy: _port(url) not in _PORTS and not policy.private,
        "The port must be 443, 80 or one of 8000 to 9999.",
    ),
)


class _Pinned(httpx.HTTPTransport):
    """Speaks HTTP to the given addresses, whatever name the URL has, until the deadline (monotonic seconds)."""

    def __init__(self, addresses: list[str], deadline: float, trust: ssl.SSLContext | None) -> None:
        context = trust or _trust()
        super().__init__(verify=context, trust_env=False)
        self._pool = httpcore.ConnectionPool(ssl_context=context, network_backend=_Backend(addresses, deadline))


class _Backend(httpcore.SyncBackend):
    """Connects to the addresses in turn, and to nothing else."""

    def __init__(self, addresses: list[str], deadline: float) -> None:
        self._addresses = addresses
        self._deadline = deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """A connection to the first address that answers. Raises what the last one raised."""
        failure: Exception = httpcore.ConnectError("no address")
        for address in self._addresses:
            wait = min(CONNECT_SECONDS, _left(self._deadline))
            try:
                stream = super().connect_tcp(address, port, wait, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return _Hurried(stream, self._deadline)
        raise failure


class _Hurried(httpcore.NetworkStream):
    """A stream on which nothing may last beyond the deadline."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Some bytes. Raises ReadTimeout."""
        return self._stream.read(max_bytes, _left(self._deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """All bytes. Raises WriteTimeout."""
        self._stream.write(buffer, _left(self._deadline))

    def close(self) -> None:
        """Let go of the socket."""
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """The same stream, encrypted; the certificate must be that of the name."""
        return _Hurried(self._stream.start_tls(ssl_context, server_hostname, _left(self._deadline)), self._deadline)

    def get_extra_info(self, info: str) -> object:
        """What the stream knows of its socket."""
        return self._stream.get_extra_info(info)


def _left(deadline: float) -> float:
    """Seconds until the deadline. Raises ReadTimeout past it."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("the deadline has passed")
    return left


@lru_cache(maxsize=1)
def _trust() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)
