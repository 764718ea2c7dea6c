"""WALLET_LIMIT_PER_USER: one budget for all that changes a user's money, with the limiter switched on."""

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from tests.factories import make_consumer, make_shop, make_vendor, sign_in
from tests.limiting import limiting

CONSUMER = "/api/v1/consumer/wallet"
VENDOR = "/api/v1/vendor/wallet"


@pytest.fixture(scope="module")
def limited_app(template: str) -> Iterator[Flask]:
    with limiting(template, wallet_limit_per_user="3 per minute") as application:
        yield application


def codes(app: Flask, headers: dict[str, str], *paths: str) -> list[int]:
    client = app.test_client()
    return [client.post(path, json={"amount": 1}, headers=headers).status_code for path in paths]


def test_a_consumer_has_one_budget_for_every_change_and_none_for_looking(limited_app: Flask, limited: Session) -> None:
    headers = sign_in(limited, make_consumer(limited))

    changed = codes(limited_app, headers, *(f"{CONSUMER}{path}" for path in ("/refund", "/debit", "/load", "/refund")))

    assert changed == [200, 200, 200, 429]
    assert codes(limited_app, headers, f"{CONSUMER}/load", f"{CONSUMER}/debit") == [429, 429]
    assert limited_app.test_client().get(CONSUMER, headers=headers).status_code == 200


def test_so_has_a_vendor(limited_app: Flask, limited: Session) -> None:
    vendor = make_vendor(limited)
    make_shop(limited, vendor)
    headers = sign_in(limited, vendor)

    changed = codes(
        limited_app, headers, *(f"{VENDOR}{path}" for path in ("/credit", "/debit", "/withdraw", "/credit"))
    )

    assert changed == [200, 200, 409, 429]


def test_one_user_does_not_use_up_anothers(limited_app: Flask, limited: Session) -> None:
    first, second = (sign_in(limited, make_consumer(limited)) for _ in range(2))
    codes(limited_app, first, *[f"{CONSUMER}/refund"] * 4)

    assert codes(limited_app, second, f"{CONSUMER}/refund") == [200]
