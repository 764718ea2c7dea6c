"""The sender of webhooks over real sockets: what counts as taken, how long it waits, and where it never goes."""

import ipaddress
import ssl
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from app.clients import webhooks
from app.clients.webhooks import AddressRefused, Answer, Policy
from tests.receiving import Receiver, answering, dripping, endless, hanging, hanging_up, receiving

ANYWHERE = Policy(plain_http=True, private=True)
PRODUCTION = Policy(plain_http=False, private=False)
NAME = "hooks.example.test"
BODY = b'{"id":"evt_1"}'


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as server:
        yield server


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Say what every name resolves to, one list for each time it is asked; answers who was asked for."""
    asked: list[str] = []

    def will(*answers: list[str]) -> list[str]:
        coming = list(answers)

        def resolve(host: str, port: int) -> list[str]:
            asked.append(f"{host}:{port}")
            return coming.pop(0) if len(coming) > 1 else coming[0]

        monkeypatch.setattr(webhooks, "resolve", resolve)
        return asked

    return will


def send(url: str, *, policy: Policy = ANYWHERE, trust: ssl.SSLContext | None = None) -> Answer:
    return webhooks.send(url, BODY, {"webhook-id": "evt_1"}, policy=policy, trust=trust)


def hurry(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    monkeypatch.setattr(webhooks, "SECONDS", seconds)


def test_a_message_is_posted_as_json_with_its_headers(receiver: Receiver) -> None:
    answer = send(f"{receiver.url}/aisle?shop=1")

    (seen,) = receiver.received
    assert answer == Answer(200)
    assert answer.is_taken
    assert (seen.path, seen.body) == ("/hooks/aisle?shop=1", BODY)
    assert seen.headers["content-type"] == "application/json"
    assert seen.headers["webhook-id"] == "evt_1"
    assert seen.headers["host"] == f"127.0.0.1:{receiver.port}"


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_every_status_of_success_is_taken(receiver: Receiver, status: int) -> None:
    receiver.answers = [answering(status)]

    assert send(receiver.url) == Answer(status)


@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 401, 404, 410, 429, 500, 503])
def test_any_other_status_is_a_failure(receiver: Receiver, status: int) -> None:
    receiver.answers = [answering(status, b"secret inside")]

    answer = send(receiver.url)

    assert answer == Answer(status, f"answered {status}")
    assert not answer.is_taken


def test_a_redirect_is_not_followed(receiver: Receiver) -> None:
    with receiving() as elsewhere:
        receiver.answers = [answering(307, Location=elsewhere.url)]

        answer = send(receiver.url)

    assert answer.status == 307
    assert elsewhere.received == []
    assert len(receiver.received) == 1


def test_retry_after_is_handed_on(receiver: Receiver) -> None:
    receiver.answers = [answering(429, Retry_After="120")]

    assert send(receiver.url) == Answer(429, "answered 429", timedelta(seconds=120))


def test_a_server_that_hangs_is_left_at_the_deadline(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    hurry(monkeypatch, 0.3)
    receiver.answers = [hanging]
    began = time.monotonic()

    answer = send(receiver.url)

    assert answer == Answer(None, "no answer (ReadTimeout)")
    assert 0.2 < time.monotonic() - began < 2


def test_a_server_that_drips_is_left_at_the_deadline_too(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    hurry(monkeypatch, 0.5)
    receiver.answers = [dripping]
    began = time.monotonic()

    answer = send(receiver.url)

    assert answer == Answer(None, "no answer (ReadTimeout)")
    assert 0.4 < time.monotonic() - began < 2


def test_a_server_that_hangs_up_gave_no_answer(receiver: Receiver) -> None:
    receiver.answers = [hanging_up]

    assert send(receiver.url) == Answer(None, "no answer (RemoteProtocolError)")


def test_nobody_there_is_no_answer() -> None:
    with receiving() as gone:
        url = gone.url

    assert send(url) == Answer(None, "no answer (ConnectError)")


def test_an_endless_body_is_cut_off_and_its_status_counts(receiver: Receiver) -> None:
    receiver.answers = [endless]
    began = time.monotonic()

    answer = send(receiver.url)

    assert answer == Answer(200)
    assert time.monotonic() - began < 2
    assert len(receiver.received) == 1


def test_a_call_may_last_ten_seconds_in_all() -> None:
    assert webhooks.SECONDS == 10.0
    assert webhooks.CONNECT_SECONDS < webhooks.SECONDS


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://hooks.example.com/", "must begin with https"),
        ("ftp://hooks.example.com/", "must begin with https"),
        ("file:///etc/passwd", "must begin with https"),
        ("//hooks.example.com/", "must begin with https"),
        ("https:///path", "must begin with https"),
        ("https://user@hooks.example.com/", "user name or password"),
        ("https://user:word@hooks.example.com/", "user name or password"),
        ("https://hooks.example.com/#part", "fragment"),
        ("https://93.184.216.34/", "not an IP address"),
        ("https://[2606:4700::1111]/", "not an IP address"),
        ("https://hooks.example.com:22/", "port must be"),
        ("https://hooks.example.com:6379/", "port must be"),
        ("https://hooks.example.com:99999/", "port must be"),
        ("https://hooks.example.com:x/", "cannot be read"),
        ("https://exa mple.com/", "cannot be read"),
        ("https://example.com%2f@127.0.0.1/", "user name or password"),
        ("https://example%00.com/", "cannot be read"),
        ("https://xn--a/", "cannot be read"),
    ],
)
def test_an_address_of_the_wrong_form_is_refused_unasked(
    names: Callable[..., list[str]], url: str, reason: str
) -> None:
    asked = names(["93.184.216.34"])

    with pytest.raises(AddressRefused, match=reason):
        webhooks.check(url, PRODUCTION)

    assert asked == []


@pytest.mark.parametrize("host", ["hooks..example.com", ".example.com", f"{'a' * 64}.example.com"])
def test_a_name_that_no_name_server_could_be_asked_for_is_refused(host: str) -> None:
    with pytest.raises(AddressRefused, match="cannot be resolved"):
        webhooks.check(f"https://{host}/", PRODUCTION)


@pytest.mark.parametrize("port", ["", ":443", ":80", ":8000", ":8443", ":9999"])
def test_a_good_address_is_resolved_and_taken(names: Callable[..., list[str]], port: str) -> None:
    asked = names(["93.184.216.34", "2606:4700::1111"])

    found = webhooks.check(f"https://hooks.example.com{port}/aisle", PRODUCTION)

    assert found == ["93.184.216.34", "2606:4700::1111"]
    assert asked == [f"hooks.example.com:{port.removeprefix(':') or 443}"]


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["169.254.169.254"],
        ["::ffff:10.0.0.1"],
        ["93.184.216.34", "10.0.0.1"],
        ["fd00:ec2::254"],
        [],
    ],
)
def test_one_private_address_among_those_of_a_name_is_enough_to_refuse_it(
    names: Callable[..., list[str]], addresses: list[str]
) -> None:
    names(addresses)

    with pytest.raises(AddressRefused, match="does not lead to the public internet"):
        webhooks.check("https://hooks.example.com/", PRODUCTION)


@pytest.mark.parametrize("host", ["localhost", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "localhost."])
def test_loopback_by_any_other_name_is_refused(host: str) -> None:
    with pytest.raises(AddressRefused):
        webhooks.check(f"https://{host}/", PRODUCTION)


def test_a_name_in_another_script_is_looked_up_in_its_ascii_form(names: Callable[..., list[str]]) -> None:
    asked = names(["93.184.216.34"])

    webhooks.check("https://bücher.example/", PRODUCTION)

    assert asked == ["xn--bcher-kva.example:443"]


def test_a_name_nobody_knows_is_refused() -> None:
    with pytest.raises(AddressRefused, match="cannot be resolved"):
        webhooks.check("https://nowhere.invalid/", PRODUCTION)


def test_an_address_is_checked_again_when_a_message_is_sent(
    receiver: Receiver, names: Callable[..., list[str]]
) -> None:
    names(["127.0.0.1"])

    answer = send(f"http://{NAME}:{receiver.port}/", policy=Policy(plain_http=True, private=False))

    assert answer.status is None
    assert receiver.received == []


def test_a_name_that_changes_its_address_after_the_check_gains_nothing(
    receiver: Receiver, names: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = names(["93.184.216.34"], ["127.0.0.1"])
    connected: list[str] = []
    real = webhooks.httpcore.SyncBackend.connect_tcp

    def connect(self: object, host: str, *args: object) -> object:
        connected.append(host)
        raise webhooks.httpcore.ConnectError("no way out of the test")

    monkeypatch.setattr(webhooks.httpcore.SyncBackend, "connect_tcp", connect)
    answer = send("https://hooks.example.com:8000/", policy=PRODUCTION)
    monkeypatch.setattr(webhooks.httpcore.SyncBackend, "connect_tcp", real)

    assert asked == ["hooks.example.com:8000"]
    assert connected == ["93.184.216.34"]
    assert answer == Answer(None, "no answer (ConnectError)")
    assert receiver.received == []


def test_the_connection_goes_to_the_address_and_the_request_names_the_host(
    receiver: Receiver, names: Callable[..., list[str]]
) -> None:
    names(["127.0.0.1"])

    answer = send(f"http://{NAME}:{receiver.port}/hooks")

    assert answer.is_taken
    assert receiver.received[0].headers["host"] == f"{NAME}:{receiver.port}"


def test_when_one_address_does_not_answer_the_next_is_tried(
    receiver: Receiver, names: Callable[..., list[str]]
) -> None:
    names(["127.0.0.2", "127.0.0.1"])  # nobody listens on the first

    assert send(f"http://{NAME}:{receiver.port}/hooks").is_taken


def test_a_proxy_of_the_environment_is_not_used(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    with receiving() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")

        answer = send(receiver.url)

    assert answer.is_taken
    assert (len(receiver.received), proxy.received) == (1, [])


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for NAME that is its own authority, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "certificate.pem"
    plain = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def tls(certificate: Path) -> Iterator[tuple[Receiver, list[str | None]]]:
    """A receiver over TLS, and the names that were asked for in the handshake (SNI)."""
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(certificate)
    asked: list[str | None] = []
    serving.sni_callback = lambda _socket, name, _context: asked.append(name)
    with receiving(serving) as server:
        yield server, asked


def test_a_certificate_is_held_against_the_name_and_not_the_address(
    tls: tuple[Receiver, list[str | None]], certificate: Path, names: Callable[..., list[str]]
) -> None:
    server, asked = tls
    names(["127.0.0.1"])

    answer = send(f"https://{NAME}:{server.port}/hooks", trust=ssl.create_default_context(cafile=str(certificate)))

    assert answer == Answer(200)
    assert asked == [NAME]
    assert server.received[0].headers["host"] == f"{NAME}:{server.port}"


def test_the_certificate_of_another_name_is_refused(
    tls: tuple[Receiver, list[str | None]], certificate: Path, names: Callable[..., list[str]]
) -> None:
    server, _ = tls
    names(["127.0.0.1"])

    answer = send(f"https://other.test:{server.port}/", trust=ssl.create_default_context(cafile=str(certificate)))

    assert answer == Answer(None, "no answer (TLS: SSLCertVerificationError)")
    assert server.received == []


def test_a_certificate_of_an_unknown_authority_is_refused(
    tls: tuple[Receiver, list[str | None]], names: Callable[..., list[str]]
) -> None:
    server, _ = tls
    names(["127.0.0.1"])

    answer = send(f"https://{NAME}:{server.port}/")

    assert answer == Answer(None, "no answer (TLS: SSLCertVerificationError)")
    assert server.received == []


def test_resolving_gives_addresses_as_texts_each_once() -> None:
    found = webhooks.resolve("localhost", 80)

    assert len(found) == len(set(found))
    assert all(ipaddress.ip_address(address).is_loopback for address in found)
