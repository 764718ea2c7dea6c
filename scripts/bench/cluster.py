"""The PostgreSQL of a run, with the settings of a careful operator; new, or kept from an earlier run."""

import json
from pathlib import Path

import psutil

from scripts.bench.filling import fill
from scripts.bench.options import Options
from scripts.drills.running import PromiseBroken, say
from scripts.parts.postgres import Postgres, new_cluster

_MARK = "bench.json"
_LARGEST_SHARE = 4 << 30


def settings() -> dict[str, str]:
    """A quarter of this machine's memory for PostgreSQL, and every commit on disk before it is answered."""
    memory = int(psutil.virtual_memory().total)
    return {
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "max_connections": "200",
        "shared_buffers": f"{min(memory // 4, _LARGEST_SHARE) >> 20}MB",
        "effective_cache_size": f"{memory * 3 // 4 >> 20}MB",
        "maintenance_work_mem": "256MB",
        "max_wal_size": "8GB",
        "checkpoint_timeout": "15min",
        "random_page_cost": "1.1",
        "lock_timeout": "10s",
        "jit": "off",
    }


def cluster(folder: Path) -> Postgres:
    """A running server with its files below `folder`: the one that was kept there, else a new one."""
    mark = folder / _MARK
    if not mark.exists():
        folder.mkdir(mode=0o711, parents=True, exist_ok=True)
        server = new_cluster(folder / "postgres", **settings())
        mark.touch(mode=0o600)
        mark.write_text(json.dumps({"password": server.password}))
        return server
    known = json.loads(mark.read_text())
    if "filled" not in known:
        raise PromiseBroken(f"{folder} holds a shop that was not filled to its end; remove it")
    server = Postgres(folder / "postgres", known["password"], settings())
    server.start()
    return server


def filled_once(server: Postgres, options: Options) -> None:
    """Fill it, unless it was kept filled. Raises PromiseBroken when it was filled with something else."""
    mark = server.folder.parent / _MARK
    known = json.loads(mark.read_text())
    wanted = [str(options.catalog or options.products), options.orders]
    if "filled" not in known:
        fill(server.url(), options)
        mark.write_text(json.dumps({**known, "filled": wanted}))
    elif known["filled"] != wanted:
        raise PromiseBroken(f"{mark.parent} holds {known['filled']} products and orders; choose another folder")
    else:
        say(f"using the shop in {mark.parent}")
