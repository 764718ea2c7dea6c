"""Versions of firmware: which is newer, and which share of the fleet is offered one (smart-cart.md, B.9)."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

_VERSION = re.compile(r"[0-9]{1,4}(\.[0-9]{1,4}){1,3}")
FAILING_DEVICES_TO_HALT = 3
FAILING_PERCENT_TO_HALT = 20


@dataclass(frozen=True, slots=True)
class Release:
    """A version that is not halted, offered to `rollout_percent` of the fleet; a minimum to all of it."""

    version: str
    rollout_percent: int
    is_minimum: bool


def parts(version: str | None) -> tuple[int, ...]:
    """1.5.0 as (1, 5, 0), without zeros at the end; what is not of that form is older than everything."""
    if version is None or not _VERSION.fullmatch(version):
        return ()
    numbers = [int(number) for number in version.split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def offered(device_id: str, running: str | None, releases: Iterable[Release]) -> str | None:
    """The newest version this device is to have, if it is newer than the one it runs."""
    newer = [
        release
        for release in releases
        if parts(release.version) > parts(running)
        and (release.is_minimum or stage(device_id, release.version) < release.rollout_percent)
    ]
    return max(newer, key=lambda release: parts(release.version)).version if newer else None


def is_outdated(running: str | None, releases: Iterable[Release]) -> bool:
    """Whether a device must update before it is used."""
    return any(release.is_minimum and parts(release.version) > parts(running) for release in releases)


def stage(device_id: str, version: str) -> int:
    """0 to 99: which percent of the fleet a device is in; another for each version, so that nobody is always first."""
    return int.from_bytes(hashlib.sha256(f"{device_id}|{version}".encode()).digest()[:4]) % 100


def should_halt(devices: int, failing: int) -> bool:
    """Whether so many of the devices on a version report errors that nobody more is to get it."""
    return failing >= FAILING_DEVICES_TO_HALT and failing * 100 >= FAILING_PERCENT_TO_HALT * devices
