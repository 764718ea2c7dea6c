"""What the image runs, run without one: a user without a name or a home, a source tree nobody may write to."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from app.config import load_settings
from scripts.ports import free_port
from tests import databases
from tests.clients.mail_server import mail_server
from tests.redis_server import redis_server
from tests.shipping.doorway import over_tcp
from tests.shipping.shipped import Running, Shipped, command_of, production, shipped
from tests.shipping.shop_server import answers
from tests.system.celery_process import until

pytestmark = pytest.mark.alone
"""One process makes the tree, which takes seconds, for all of them."""

WEB = ["scripts/gunicorn.sh"]
STOP_SECONDS = 10.0


@pytest.fixture(scope="module")
def shop() -> Iterator[Shipped]:
    with shipped() as made:
        yield made


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shipped")


def register(base: str) -> httpx.Response:
    form = {"email": "somebody@example.com", "password": "groceries-17", "full_name": "Dana Levi"}
    return httpx.post(f"{base}/api/v1/auth/register", json=form, timeout=30)


def ready(web: Running, base: str) -> bool:
    assert web.process.poll() is None, web.printed()
    return answers(base)


@pytest.mark.timeout(300)
def test_with_productions_settings_it_migrates_serves_and_works_from_a_tree_it_cannot_write_to(
    shop: Shipped, folder: Path
) -> None:
    databases.server()
    empty = databases.clone("template0")
    before, port = shop.listing(), free_port()
    base = f"http://127.0.0.1:{port}"
    try:
        with redis_server(folder) as redis, over_tcp(empty) as address, mail_server() as mailbox, ExitStack() as stack:
            settings = production(
                DATABASE_URL=address,
                REDIS_URL=redis.url,
                PORT=str(port),
                SMTP_HOST=mailbox.host,
                SMTP_PORT=str(mailbox.port),
                SMTP_SECURITY="none",
                SMTP_USERNAME="",
                OTEL_EXPORTER_OTLP_ENDPOINT="",
            )

            def run(name: str, command: list[str], **more: str) -> Running:
                return stack.enter_context(shop.running(command, folder / f"{name}.log", settings | more))

            web = run("web", WEB, RUN_MIGRATIONS="1")
            until(lambda: ready(web, base), web.printed)
            worker, beat = run("worker", command_of("worker")), run("beat", command_of("beat"))
            registered = register(base)
            token = {"Authorization": f"Bearer {registered.json()['data']['access_token']}"}
            cart = httpx.get(f"{base}/api/v1/cart", headers=token, timeout=30)
            limits = redis.client().keys("*fixed-window*")
            until(lambda: mailbox.mails, worker.printed)
            stopped = {name: each.stop(30) for name, each in (("beat", beat), ("worker", worker), ("web", web))}

        assert registered.status_code == 201
        assert (cart.status_code, cart.json()["data"]["items"]) == (200, [])
        assert mailbox.recipients == [["somebody@example.com"]]
        assert limits
        assert {name: code for name, (code, _) in stopped.items()} == {"beat": 0, "worker": 0, "web": 0}
        assert stopped["web"][1] < STOP_SECONDS
        assert shop.listing() == before
        assert [each.log.name for each in (web, worker, beat) if "Traceback" in each.printed()] == []
    finally:
        databases.drop(empty)


def test_the_tree_is_one_the_process_cannot_write_to(shop: Shipped) -> None:
    assert [folder for folder in (shop.tree, shop.tree / "app", shop.tree / "scripts") if shop.may_write(folder)] == []
    assert shop.may_write(shop.data)


def test_settings_that_cannot_be_used_are_refused_before_anything_is_done(shop: Shipped, folder: Path) -> None:
    with shop.running(WEB, folder / "refused.log", {"APP_ENV": "production", "RUN_MIGRATIONS": "1"}) as web:
        code = web.process.wait(60)

    [said] = web.printed().splitlines()
    assert code == 1
    assert said.startswith("aisle: ")
    assert "DATABASE_URL is required in production" in said
    assert "JWT_SECRET_KEY is required in production" in said


def test_an_unclear_wish_for_migrations_is_refused(shop: Shipped, folder: Path) -> None:
    with shop.running(WEB, folder / "unclear.log", {"RUN_MIGRATIONS": "perhaps"}) as web:
        code = web.process.wait(60)

    assert (code, web.printed()) == (1, "aisle: RUN_MIGRATIONS must be 1 or 0, not perhaps\n")


def test_productions_example_filled_in_is_all_that_production_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in production().items():
        monkeypatch.setenv(name, value)

    settings = load_settings(_env_file=None)

    assert settings.in_production
    assert settings.metrics_token
