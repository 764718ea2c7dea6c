"""The house whose doors are tried, and the figures at the end of the run."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app.extensions import db
from app.openapi_document import build_document
from tests import databases
from tests.conftest import dispose, make_app
from tests.doors import LIST, resources  # noqa: F401 (the second registers the nouns)
from tests.doors.bodies import Paper
from tests.doors.house import House
from tests.doors.visitors import Door, Visitor, visitors
from tests.doors.world import open_world


@pytest.fixture(scope="session")
def built(template: str) -> Iterator[tuple[House, list[Visitor]]]:
    """The house with everybody who knocks, made once for each process."""
    with databases.cloned(template) as url:
        app = make_app(url)
        with app.app_context(), Session(db.engine, expire_on_commit=False) as session:
            house = House(app, open_world(app, session))
            everybody = visitors(house.world)
        house.signed_in = {one.role: one.show(house.world, "", "", b"") for one in everybody if one.role and one.owns}
        yield house, everybody
        dispose(app)


@pytest.fixture
def house(built: tuple[House, list[Visitor]], record_property: Any) -> Iterator[House]:
    """The house, whatever happens in it undone; what was asked of it goes into the figures."""
    house, everybody = built
    house.made.clear()
    house.deviations.clear()
    with house.open():
        yield house
    record_property("doors", {**house.made, "visitors": len(everybody), "routes": len(doors_of(house.app))})


@pytest.fixture
def everybody(built: tuple[House, list[Visitor]]) -> list[Visitor]:
    return built[1]


@pytest.fixture(scope="session")
def paper(built: tuple[House, list[Visitor]]) -> Paper:
    return Paper(build_document(built[0].app))


@pytest.fixture(scope="session")
def doors(built: tuple[House, list[Visitor]]) -> list[Door]:
    """Every route of the table, with who may enter it by the list."""
    return doors_of(built[0].app)


def doors_of(app: Flask) -> list[Door]:
    listed = {(method, path): who for who, method, path in (line.split() for line in LIST.read_text().splitlines())}
    found = []
    for rule in app.url_map.iter_rules():
        entry = app.extensions["table"].get(rule.endpoint.rpartition(".")[0])
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}) if entry else ():
            path = shown(rule.rule)
            found.append(Door(method, path, listed.get((method, path), ""), rule.endpoint, entry.is_optional))
    return found


def shown(rule: str) -> str:
    """An address as the document writes it."""
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """The figures of the matrix, from whichever processes it ran in."""
    told = [
        value
        for reports in terminalreporter.stats.values()
        for report in reports
        if getattr(report, "when", "") == "teardown"
        for name, value in report.user_properties
        if name == "doors"
    ]
    if not told:
        return
    routes, visitors_, total = told[0].pop("routes"), told[0].pop("visitors"), Counter[str]()
    for made in told:
        total.update({name: number for name, number in made.items() if name not in ("routes", "visitors")})
    deviations, requests = total.pop("deviations", 0), total.pop("requests", 0)
    terminalreporter.section("doors")
    terminalreporter.write_line(
        f"{routes:>7,}  routes\n{visitors_:>7,}  kinds of visitors\n{requests:>7,}  requests made"
    )
    for name, number in sorted(total.items()):
        terminalreporter.write_line(f"{number:>7,}  {name}")
    terminalreporter.write_line(f"{deviations:>7,}  deviations")
