"""Is the address free to listen on? Asked before anything slow begins. Standard library only."""

import errno
import socket


class PortRefused(Exception):
    """The server cannot listen there; the message says why in one line."""


def check(host: str, port: str | int) -> None:
    """Raise PortRefused when nothing can listen on the address now."""
    if not str(port).isdecimal() or not 1 <= int(port) <= 65535:
        raise PortRefused(f"PORT must be a number from 1 to 65535, not {str(port)!r}.")
    number = int(port)
    try:
        found = socket.getaddrinfo(host, number, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except socket.gaierror:
        raise PortRefused(f"{host}:{port} is not an address to listen on; set HOST and PORT.") from None
    family, kind, protocol, _, address = found[0]
    with socket.socket(family, kind, protocol) as probe:
        # As the server does: connections of a server that has just stopped are no hindrance.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            raise PortRefused(_reason(error, host, number)) from None


def free_port(host: str = "127.0.0.1") -> int:
    """A port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def _reason(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is taken; stop what uses it or choose another: PORT={port + 1} python3 run.py"
    if error.errno == errno.EACCES:
        return f"this user may not listen on port {port}; choose one above 1023: PORT=5000 python3 run.py"
    return f"cannot listen on {host}:{port}: {error.strerror}."
