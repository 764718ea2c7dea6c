"""The dashboard page: local, without data, and fenced in by its own policy."""

import re

import pytest
from flask.testing import FlaskClient

PAGE = "/admin/dashboard"
FILES = {"dashboard.js": "text/javascript", "dashboard.css": "text/css", "icon.svg": "image/svg+xml"}
POLICY = {
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' blob:",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
}


@pytest.mark.parametrize("path", ["", "/", *(f"/{name}" for name in FILES)])
def test_everybody_gets_the_page_and_its_files_under_a_strict_policy(client: FlaskClient, path: str) -> None:
    answer = client.get(PAGE + path)

    assert answer.status_code == 200
    assert set(answer.headers["Content-Security-Policy"].split("; ")) == POLICY
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.content_type.startswith(FILES.get(path.strip("/"), "text/html"))


def test_the_policy_of_the_page_is_not_that_of_the_api(client: FlaskClient) -> None:
    policy = client.get("/api/v1/branches").headers["Content-Security-Policy"]

    assert policy == "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"


def test_the_page_names_only_files_that_are_served_here(client: FlaskClient) -> None:
    named = re.findall(r'(?:src|href)="([^"#][^"]*)"', client.get(PAGE).text)

    assert set(named) == {*(f"{PAGE}/{name}" for name in FILES), "/admin/trolleys"}
    assert {client.get(address).status_code for address in named} == {200}


def test_nothing_stands_in_the_page_that_the_policy_forbids(client: FlaskClient) -> None:
    page = client.get(PAGE).text

    assert re.findall(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|javascript:", page) == []


@pytest.mark.parametrize("name", ["", *(f"/{name}" for name in FILES)])
def test_no_file_names_an_address_elsewhere(client: FlaskClient, name: str) -> None:
    text = client.get(PAGE + name).text.replace("http://www.w3.org/2000/svg", "")

    assert re.findall(r"https?://|url\(|@import|[\"'(]//", text) == []


def test_the_script_writes_text_and_never_markup(client: FlaskClient) -> None:
    script = client.get(f"{PAGE}/dashboard.js").text

    assert re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|localStorage", script) == []


def test_a_browser_asks_again_whether_the_page_changed(client: FlaskClient) -> None:
    first = client.get(PAGE)
    again = client.get(PAGE, headers={"If-None-Match": first.headers["ETag"]})

    assert first.headers["Cache-Control"] == "private, no-cache"
    assert again.status_code == 304


def test_no_other_file_is_served(client: FlaskClient) -> None:
    assert client.get(f"{PAGE}/../routes/health.py").status_code == 404
    assert client.get(f"{PAGE}/index.html").status_code == 404
