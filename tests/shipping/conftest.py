"""One demo shop behind gunicorn for all tests of clients, as it takes seconds to start."""

from collections.abc import Iterator

import pytest

from tests.shipping.shop_server import demo_shop


@pytest.fixture(scope="session")
def shop_address(template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with demo_shop(template, tmp_path_factory.mktemp("demo-shop")) as base:
        yield base
