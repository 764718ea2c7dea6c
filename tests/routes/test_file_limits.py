"""FILE_LIMIT_PER_USER: one budget for the files a vendor sends and fetches, with the limiter switched on."""

import io
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from tests.factories import make_shop, make_vendor, sign_in
from tests.limiting import limiting

VENDOR = "/api/v1/vendor"


@pytest.fixture(scope="module")
def limited_app(template: str) -> Iterator[Flask]:
    with limiting(template, file_limit_per_user="3 per minute") as application:
        yield application


def a_vendor(session: Session) -> dict[str, str]:
    vendor = make_vendor(session)
    make_shop(session, vendor)
    return sign_in(session, vendor)


def upload(client: FlaskClient, headers: dict[str, str]) -> Any:
    file = {"file": (io.BytesIO(b"title,price\nRice,5\n"), "items.csv")}
    return client.post(f"{VENDOR}/item/bulk-upload", data=file, headers=headers)


def test_files_sent_and_fetched_share_one_budget(limited_app: Flask, limited: Session) -> None:
    client, headers = limited_app.test_client(), a_vendor(limited)

    first = [upload(client, headers), client.get(f"{VENDOR}/item/export", headers=headers)]
    first.append(client.get(f"{VENDOR}/wallet/statement", headers=headers))
    after = [upload(client, headers), client.get(f"{VENDOR}/wallet/statement", headers=headers)]

    assert [answer.status_code for answer in first] == [202, 200, 200]
    assert [answer.status_code for answer in after] == [429, 429]


def test_one_vendor_does_not_use_up_anothers(limited_app: Flask, limited: Session) -> None:
    client, first, second = limited_app.test_client(), a_vendor(limited), a_vendor(limited)
    for _ in range(4):
        upload(client, first)

    assert upload(client, second).status_code == 202
