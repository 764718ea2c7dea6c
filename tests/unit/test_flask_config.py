"""How connections are made, by the settings."""

from typing import Any

from app.config import load_settings
from app.flask_config import flask_config

HERE = "postgresql+psycopg://db/shop"


def config(**settings: Any) -> dict[str, Any]:
    return flask_config(load_settings(jwt_secret_key="x" * 40, **settings), HERE)


def test_behind_a_pooler_of_transactions_no_statement_is_prepared_for_a_session() -> None:
    pooled, direct = config(db_pooler="transaction"), config()

    assert pooled["SQLALCHEMY_ENGINE_OPTIONS"]["connect_args"]["prepare_threshold"] is None
    assert pooled["SQLALCHEMY_BINDS"]["read"]["connect_args"]["prepare_threshold"] is None
    assert "prepare_threshold" not in direct["SQLALCHEMY_ENGINE_OPTIONS"]["connect_args"]


def test_a_replica_has_a_pool_of_its_own_and_little_patience() -> None:
    binds = config(database_read_url="postgresql://db2/shop", redis_url="redis://cache/0")["SQLALCHEMY_BINDS"]

    assert binds["replica"]["url"] == "postgresql+psycopg://db2/shop"
    assert binds["replica"]["isolation_level"] == "AUTOCOMMIT"
    assert binds["replica"]["connect_args"]["connect_timeout"] == 2
    assert binds["read"]["url"] == HERE
    assert list(config()["SQLALCHEMY_BINDS"]) == ["read"]
