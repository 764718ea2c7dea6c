"""Aisle: one grocery backend for three ways to shop. Start reading at `app.api`."""

from importlib import import_module
from typing import Any

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from app.api import register_routes
from app.cli import register_commands
from app.compat import mount_adapters
from app.config import load_settings
from app.dead_connections import replace_dead
from app.embedded_postgres import database_url
from app.extensions import db, jwt
from app.flask_app import FlaskApp
from app.flask_config import flask_config
from app.middleware.cors import register_cors
from app.middleware.error_handlers import register_error_handlers
from app.middleware.guards import register_guards
from app.middleware.limits import register_limits
from app.middleware.metrics import register_metrics, watch_database
from app.middleware.replica import register_replica
from app.middleware.request_log import register_request_log
from app.middleware.stalls import register_stalls
from app.routes.docs import register_docs
from app.services.tokens import register_signing_keys


def create_app(**overrides: Any) -> Flask:
    """Build the application from the environment, `overrides` on top.

    Raises ConfigurationError when a setting is missing, malformed or, in production, unsafe.
    """
    settings = load_settings(**overrides)
    app = FlaskApp(__name__, static_folder=None)
    app.extensions["settings"] = settings
    app.config.update(flask_config(settings, database_url(settings)))
    if settings.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.trusted_proxies, x_proto=settings.trusted_proxies)  # type: ignore[method-assign]

    register_metrics(app)
    if settings.otel_exporter_otlp_endpoint:
        _tracing().register_tracing(app, settings)
    register_request_log(app, settings.log_level)
    register_error_handlers(app)
    register_stalls(app)
    register_guards(app)
    db.init_app(app)
    jwt.init_app(app)
    register_signing_keys(jwt)
    register_limits(app)
    if settings.database_read_url:
        register_replica(app, settings.redis_url)
    register_cors(app, settings)
    register_routes(app)
    register_docs(app)
    register_commands(app)
    with app.app_context():
        app.extensions["read_bind"] = db.engines["read"]
        watch_database(settings.db_pool_size)
        for engine in db.engines.values():
            replace_dead(engine)
        if "tracing" in app.extensions:
            _tracing().trace_database(app)
    mount_adapters(app)
    return app


def _tracing() -> Any:
    """Imported only where traces are wanted."""
    return import_module("app.middleware.tracing")
