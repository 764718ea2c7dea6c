"""Bare servers: one that sends the same bytes to whoever asks, and one behind TLS with a certificate of its own."""

import contextlib
import datetime
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Wrap = Callable[[socket.socket], socket.socket]


@contextlib.contextmanager
def answering(answer: bytes, wrap: Wrap = lambda sock: sock) -> Iterator[int]:
    """The port of a server that gives each connection this answer to each request until it hangs up."""
    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=_serve, args=(listener, answer, wrap), daemon=True)
    thread.start()
    yield listener.getsockname()[1]
    with contextlib.suppress(OSError):
        listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()


def _serve(listener: socket.socket, answer: bytes, wrap: Wrap) -> None:
    while True:
        try:
            plain, _ = listener.accept()
        except OSError:
            return
        with plain, contextlib.suppress(OSError), wrap(plain) as sock:
            sock.settimeout(2)
            sock.recv(4096)
            sock.sendall(answer)


def self_signed(folder: Path, name: str) -> tuple[ssl.SSLContext, bytes]:
    """A server's context for `name`, and its certificate as DER, as the client pins it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name), _OTHER]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, kind, plain = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    chain = folder / f"{certificate.serial_number}.pem"
    chain.write_bytes(certificate.public_bytes(pem) + key.private_bytes(pem, kind, plain))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    return context, certificate.public_bytes(serialization.Encoding.DER)


_OTHER = x509.IPAddress(ipaddress.ip_address("192.0.2.1"))
