"""Forms of a setting that several groups share, and what a group is."""

from typing import Annotated

from limits import parse_many
from pydantic import AfterValidator, BeforeValidator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


def _split(value: object) -> object:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def _known_limit(value: str) -> str:
    try:
        parse_many(value)
    except ValueError:
        raise ValueError(f"{value!r} is no rate limit; write it like '100 per minute, 1000 per hour'") from None
    return value


CommaList = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
RateLimit = Annotated[str, AfterValidator(_known_limit)]


class SettingsGroup(BaseSettings):
    """A part of the settings by theme; only all of them together are ever read, so none is built by itself."""

    model_config = SettingsConfigDict(defer_build=True)
