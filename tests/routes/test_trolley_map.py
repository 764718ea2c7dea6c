"""The page with the map of the trolleys: local, without data, and fenced in by its own policy."""

import re

import pytest
from flask.testing import FlaskClient

PAGE = "/admin/trolleys"
FILES = {"": "text/html", "/map.js": "text/javascript", "/map.css": "text/css"}


@pytest.mark.parametrize("path", FILES)
def test_everybody_gets_the_page_under_the_policy_of_the_dashboard(client: FlaskClient, path: str) -> None:
    answer = client.get(PAGE + path)

    assert answer.status_code == 200
    assert answer.content_type.startswith(FILES[path])
    assert (
        answer.headers["Content-Security-Policy"] == client.get("/admin/dashboard").headers["Content-Security-Policy"]
    )


def test_the_page_names_only_files_that_are_served_here(client: FlaskClient) -> None:
    named = re.findall(r'(?:src|href)="([^"#][^"]*)"', client.get(PAGE).text)

    assert {f"{PAGE}/map.js", f"{PAGE}/map.css", "/admin/dashboard"} < set(named)
    assert {client.get(address).status_code for address in named} == {200}


def test_nothing_stands_in_the_page_that_the_policy_forbids(client: FlaskClient) -> None:
    page = client.get(PAGE).text

    assert re.findall(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|javascript:", page) == []


@pytest.mark.parametrize("path", FILES)
def test_no_file_names_an_address_elsewhere_or_writes_markup(client: FlaskClient, path: str) -> None:
    text = client.get(PAGE + path).text.replace("http://www.w3.org/2000/svg", "")

    assert re.findall(r"https?://|url\(|@import|[\"'(]//", text) == []
    assert re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|localStorage", text) == []
