"""EXPORT_LIMIT_PER_USER: an export reads everything of a person, so nobody asks for it again and again."""

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from tests.factories import make_user, sign_in
from tests.limiting import limiting

EXPORT = "/api/v1/me/export"


@pytest.fixture(scope="module")
def limited_app(template: str) -> Iterator[Flask]:
    with limiting(template, export_limit_per_user="2 per minute") as application:
        yield application


def test_each_user_has_a_few_exports_and_no_more(limited_app: Flask, limited: Session) -> None:
    client = limited_app.test_client()
    first, second = (sign_in(limited, make_user(limited)) for _ in range(2))

    asked = [client.get(EXPORT, headers=first) for _ in range(3)]
    for answer in asked[:2]:
        assert answer.get_data(), "read to its end"

    assert [answer.status_code for answer in asked] == [200, 200, 429]
    assert asked[2].json["error"]["code"] == "HTTP_429"
    assert client.get(EXPORT, headers=second).status_code == 200
