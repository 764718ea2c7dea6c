"""The client is small: 4 kB compiled, 32 kB of heap under MicroPython, where it signs as it does here."""

import ast
import json
from pathlib import Path

import pytest

from tests.device.fleet import Fleet
from tests.device.programs import CLIENT, micropython, mpy_cross, run
from tests.unit.devices.vectors import VECTORS

pytestmark = pytest.mark.xdist_group("device")

CORE = ("sc1", "queue")
CORE_BYTES = 4096
BARE_SOURCE_BYTES = 9200
"""The core's source without comments when it compiles to CORE_BYTES: the stand-in where no compiler is."""

HEAP = """
import gc, json, sys
sys.path.insert(0, {folder!r})
from lib.sc1 import Client
from lib.queue import Files, Queue
queue = Queue(Files({flash!r}))
queue.boot += 1
queue.save()
import time
client = Client({url!r}, queue, None, time.time, lambda: 0.5)
assert client.claim({code!r}, "00:11", "unix", "1.0.0") == 201
largest = 0
for number in range(200):
    for _ in range(number % 8 + 1):
        assert queue.push("a", "8901234567890", 515, client.now())
    while client.deliver()[1]:
        pass
    gc.collect()
    largest = max(largest, gc.mem_alloc())
client.close()
print(json.dumps([largest, client.sockets, queue.acked]))
"""

SIGN = """
import json, sys
sys.path.insert(0, {folder!r})
from lib.sc1 import Client, mac
class Memory:
    id, kid, boot = b"c0ffee01", 1, 1
    def save(self):
        pass
vectors = json.loads(open({vectors!r}).read())
for case in vectors["hmac_sha256"]:
    assert mac(bytes.fromhex(case["key_hex"]), bytes.fromhex(case["data_hex"])).hex() == case["mac"]
memory = Memory()
memory.key = bytes.fromhex(vectors["key_hex"])
request = vectors["requests"][0]
client = Client("http://x/", memory, None, lambda: request["ts"], None)
client.n = 1
print(client.authorization("POST", request["path"], request["body"].encode())[-64:])
client.rotate(2, vectors["rotation"]["nonce"])
print(memory.key.hex())
"""


def compiled(folder: Path) -> int:
    """Bytes of the core as MicroPython keeps it, compiled into the folder."""
    compiler = mpy_cross()
    (folder / "lib").mkdir()
    for name in CORE:
        source, target = CLIENT / "lib" / f"{name}.py", folder / "lib" / f"{name}.mpy"
        run(compiler, "-O3", "-s", source.name, "-o", str(target), str(source))
    return sum((folder / "lib" / f"{name}.mpy").stat().st_size for name in CORE)


def bare_source() -> int:
    """Bytes of the core's source without comments and docstrings."""
    return sum(len(_bare((CLIENT / "lib" / f"{name}.py").read_text())) for name in CORE)


def _bare(source: str) -> str:
    tree = ast.parse(source)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if (
            isinstance(body, list)
            and body
            and isinstance(body[0], ast.Expr)
            and isinstance(body[0].value, ast.Constant)
        ):
            body[:1] = [] if len(body) > 1 else [ast.Pass()]
    return ast.unparse(tree)


def test_the_source_of_the_core_is_short_enough_to_compile_to_four_kilobytes() -> None:
    assert bare_source() <= BARE_SOURCE_BYTES


def test_the_compiled_core_fits_four_kilobytes(tmp_path: Path) -> None:
    assert 0 < compiled(tmp_path) <= CORE_BYTES


def test_only_drivers_import_the_machine() -> None:
    hardware = ("from machine import", "import bluetooth")
    importers = {path.stem for path in CLIENT.rglob("*.py") if any(line in path.read_text() for line in hardware)}

    assert importers == {"hx711", "scanner", "display", "beacons"}


def test_micropython_signs_as_the_contract_has_it(tmp_path: Path) -> None:
    vectors = tmp_path / "vectors.json"
    vectors.write_text(json.dumps(VECTORS))

    printed = run(micropython(), "-c", SIGN.format(folder=str(CLIENT), vectors=str(vectors))).split()

    assert printed == [VECTORS["requests"][0]["sig"], VECTORS["rotation"]["key_hex"]]


def test_the_client_runs_in_32_kilobytes_of_heap(fleet: Fleet, tmp_path: Path) -> None:
    program = micropython()
    compiled(tmp_path)
    text = HEAP.format(folder=str(tmp_path), flash=str(tmp_path), url=fleet.url, code=fleet.claim_code())

    largest, sockets, taken = json.loads(run(program, "-X", "heapsize=32k", "-c", text))

    assert largest < 32 * 1024
    assert sockets == 1
    assert taken == 900


def test_a_certificate_is_checked_under_micropython(https: tuple[str, bytes, bytes], tmp_path: Path) -> None:
    url, own, foreign = https
    text = TLS.format(folder=str(CLIENT), flash=str(tmp_path), url=url, own=own, foreign=foreign)

    assert run(micropython(), "-c", text).split() == ["200", "0"]


TLS = """
import sys, time
sys.path.insert(0, {folder!r})
from lib.sc1 import Client
from lib.queue import Files, Queue
for ca in ({own!r}, {foreign!r}):
    print(Client({url!r}, Queue(Files({flash!r})), ca, time.time, lambda: 0).call("GET", "/item/1")[0])
"""
