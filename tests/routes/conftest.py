"""Who calls and what is there; a file that needs somebody or something particular has a fixture of the same name."""

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.extensions import limiter
from app.models import Product, StockLocation, User
from tests.conftest import rolled_back
from tests.factories import make_location, make_product, make_user, sign_in
from tests.managing import Manager, make_manager


@pytest.fixture
def user(session: Session) -> User:
    """A customer."""
    return make_user(session)


@pytest.fixture
def headers(session: Session, user: User) -> dict[str, str]:
    """Headers that make a request in the user's name."""
    return sign_in(session, user)


@pytest.fixture
def manager(client: FlaskClient, session: Session) -> Manager:
    return make_manager(session, client)


@pytest.fixture
def as_manager(manager: Manager) -> dict[str, str]:
    """Headers that make a request in the manager's name."""
    return manager.headers


@pytest.fixture
def branch(session: Session) -> StockLocation:
    """A store."""
    return make_location(session)


@pytest.fixture
def product(session: Session) -> Product:
    return make_product(session)


@pytest.fixture
def limited(limited_app: Flask) -> Iterator[Session]:
    """The database of a module's own `limited_app`, with every budget full and what is done rolled back."""
    limiter.reset()
    with rolled_back(limited_app) as session:
        yield session
