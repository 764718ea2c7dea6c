"""How a process runs: where it listens, what it stores its rows in, who may call it."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from app.config.types import CommaList, SettingsGroup

PROJECT = Path(__file__).resolve().parent.parent.parent


class ProcessSettings(SettingsGroup):
    """Of every process, web or worker."""

    app_env: Literal["development", "testing", "production"] = "development"
    host: str = "127.0.0.1"
    port: int = Field(default=5000, ge=1, le=65535)
    web_concurrency: int = Field(default=2, ge=1, le=256)
    web_threads: int = Field(default=8, ge=2, le=512)
    web_max_requests: int = Field(default=0, ge=0)
    data_dir: Path = PROJECT / ".data"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    trusted_proxies: int = Field(default=0, ge=0, le=5)
    cors_allowed_origins: CommaList = ("*",)
    public_base_url: str = Field(default="", pattern=r"^(https?://[^/\s]+)?$")
    frontend_base_url: str = "http://localhost:5173"

    database_url: str = ""
    database_direct_url: str = ""
    database_read_url: str = ""
    db_pool_size: int = Field(default=8, ge=1, le=64)
    db_pooler: Literal["none", "transaction"] = "none"
    redis_url: str = ""
    background: Literal["in_process", "celery", "off"] = "in_process"

    metrics_token: str = ""
    otel_exporter_otlp_endpoint: str = Field(default="", pattern=r"^(https?://\S+)?$")
    otel_service_name: str = "aisle"
    otel_traces_sampler_arg: float = Field(default=1.0, ge=0, le=1)

    live_streams_per_process: int = Field(default=4, ge=0)
    live_streams_per_user: int = Field(default=2, ge=1)
    live_stream_seconds: float = Field(default=600, gt=0)

    @property
    def in_production(self) -> bool:
        return self.app_env == "production"
