"""What everything around a view costs: token, user, limits, CORS and log line of a signed-in request."""

import contextlib
import os
import statistics
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask

from app.middleware.answers import answer
from app.middleware.request_log import configure_logging
from scripts.bench import floor_app
from scripts.bench.cases.case import Case
from scripts.bench.cases.in_process import times, wsgi_call
from scripts.bench.counting import statements
from scripts.bench.figures import Figure, at_most
from scripts.bench.people import signed_in
from scripts.bench.stage import Stage, in_process
from scripts.bench.timing import in_turn

_PATH = "/api/v1/me/nothing"


def plumbing(stage: Stage) -> list[Figure]:
    """A view that does nothing, signed in to the shop, against one of bare Flask that does nothing."""
    [shopper] = signed_in(stage.world.users[128:129])
    headers = {"Authorization": f"Bearer {shopper.token}", "Origin": "https://shop.example"}
    with _logging_app(stage) as app:
        found = in_turn(
            {"bare": wsgi_call(floor_app.app, "/bare"), "ours": wsgi_call(app, _PATH, headers)},
            rounds=stage.options.rounds,
            times=3 * times(stage),
        )
        sent = statements(app, "GET", _PATH, token=shopper.token)
    added = [ours - bare for ours, bare in zip(found["ours"], found["bare"], strict=True)]
    spread = (min(added), max(added))
    title = "added to a signed-in request"
    return [Figure("plumbing", title, statistics.median(added), "ms", at_most(0.6), spread, statements=sent)]


@contextmanager
def _logging_app(stage: Stage) -> Iterator[Flask]:
    """The application with its access log, into nothing, and with a view that does nothing among the signed-in ones."""
    with (
        open(os.devnull, "w") as nowhere,
        contextlib.redirect_stderr(nowhere),
        in_process(stage.settings, log_level="INFO") as app,
    ):
        app.add_url_rule(_PATH, "me.nothing", lambda: answer({}))
        yield app
    configure_logging("ERROR")


CASES = (Case("plumbing", "what is around a signed-in request", plumbing),)
