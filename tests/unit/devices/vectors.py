"""The test vectors of SC1, shared with the client's tests and the server's."""

import json
from pathlib import Path
from typing import Any

PATH = Path(__file__).with_name("vectors.json")
VECTORS: dict[str, Any] = json.loads(PATH.read_text())
MASTER = bytes.fromhex(VECTORS["master_hex"])
DEVICE = VECTORS["device_id"]
KEY = bytes.fromhex(VECTORS["key_hex"])
