"""Telling a repeated request from another one under the same key."""

import hashlib
from typing import Any

import orjson

from app.domain.caller import Caller


def hash_of(route: str, body: dict[str, Any]) -> str:
    """A hash of a validated body as JSON: the same request to a route hashes alike however it was spelled."""
    canonical = orjson.dumps(body, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(route.encode() + b"\n" + canonical).hexdigest()


def own_key(caller: Caller, key: str) -> str:
    """A key of bounded length that is the caller's alone: one admin's keys are not another's."""
    return f"{caller.user_id}:{hashlib.sha256(key.encode()).hexdigest()}"
