"""Typed settings, read once from the environment (and `.env`) when the application is created.

The groups stand in the modules beside this one.
"""

from typing import Any

from flask import current_app
from pydantic import ValidationError
from pydantic_settings import SettingsConfigDict

from app.config.keys import device_master_keys, encryption_keys, kept_secret, webhook_secrets
from app.config.limits import LimitSettings
from app.config.people import PeopleSettings
from app.config.problems import problems
from app.config.process import PROJECT, ProcessSettings
from app.config.providers import ProviderSettings
from app.config.retention import RetentionSettings
from app.config.shop import ShopSettings

__all__ = [
    "PROJECT",
    "ConfigurationError",
    "Settings",
    "device_master_keys",
    "encryption_keys",
    "load_settings",
    "settings",
    "webhook_secrets",
]


class ConfigurationError(Exception):
    """The settings cannot be used; the message names every key at fault."""


class Settings(ProcessSettings, PeopleSettings, ShopSettings, LimitSettings, ProviderSettings, RetentionSettings):
    """Every setting of the application; the environment name is the field name in capitals."""

    model_config = SettingsConfigDict(env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True)

    @property
    def second_factor_required(self) -> bool:
        """Whether MANAGER and ADMIN must have a second factor; unless set, in production only."""
        return self.in_production if self.require_second_factor is None else self.require_second_factor

    @property
    def self_credit_allowed(self) -> bool:
        """Whether users may give themselves money, for tries; unless set, everywhere but in production."""
        return not self.in_production if self.allow_self_wallet_credit is None else self.allow_self_wallet_credit


def load_settings(**overrides: Any) -> Settings:
    """Settings from the environment with `overrides` on top.

    Raises ConfigurationError naming every missing, malformed or unsafe key at once.
    """
    try:
        settings = Settings(**overrides)
    except ValidationError as error:
        lines = [f"{str(item['loc'][0]).upper()}: {item['msg']}" for item in error.errors()]
        raise ConfigurationError("; ".join(lines)) from error
    if found := problems(settings):
        raise ConfigurationError("; ".join(found))
    if not settings.jwt_secret_key:
        settings = settings.model_copy(update={"jwt_secret_key": kept_secret(settings.data_dir)})
    return settings


def settings() -> Settings:
    """The settings of the running application."""
    current: Settings = current_app.extensions["settings"]
    return current
