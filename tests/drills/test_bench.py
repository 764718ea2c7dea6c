"""The benchmark runs from end to end in its short form, and hands over every figure it promises."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from app.config import PROJECT
from scripts.bench.__main__ import chosen_cases
from scripts.bench.cases.registry import ALL
from scripts.bench.figures import Figure, at_least, at_most
from scripts.bench.options import GROWTH, Options
from scripts.drills.running import PromiseBroken

pytestmark = [pytest.mark.alone, pytest.mark.timeout(400)]

SIZES = ("--products", "2000", "--orders", "5000", "--growth", "--growth-products", "2000", "--growth-orders", "5000")
SHORT = (*SIZES, "--rounds", "1", "--seconds", "0.1")


@pytest.fixture(scope="module")
def short_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, Any], Path]:
    """What a short run printed, its JSON, and its chart."""
    folder = tmp_path_factory.mktemp("bench")
    document, chart = folder / "bench.json", folder / "bench.svg"
    command = [sys.executable, "-m", "scripts.bench", *SHORT, "--json", str(document), "--chart", str(chart)]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout, json.loads(document.read_text()), chart


def test_every_case_hands_over_figures(short_run: tuple[str, dict[str, Any], Path]) -> None:
    _, document, _ = short_run

    assert {figure["case"] for figure in document["figures"]} == {*(case.name for case in ALL), GROWTH}
    assert document["shop"]["products"] >= 2000
    assert document["shop"]["orders"] >= 5000


def test_no_measured_value_is_missing(short_run: tuple[str, dict[str, Any], Path]) -> None:
    _, document, _ = short_run

    for figure in document["figures"]:
        assert figure["value"] > 0, figure
        assert ("promise" in figure) == ("met" in figure), figure
        for side in ("ours", "floor"):
            nothing = [name for name, value in figure.get(side, {}).items() if not value > 0 and name != "app_ms"]
            assert nothing == [], figure


def test_a_share_of_the_floor_over_http_has_both_sides_and_its_statements(
    short_run: tuple[str, dict[str, Any], Path],
) -> None:
    _, document, _ = short_run
    over_http = [figure for figure in document["figures"] if "over HTTP" in figure["title"]]

    assert len(over_http) >= 7
    for figure in over_http:
        assert {"ours", "floor", "statements", "spread"} <= figure.keys(), figure


def test_the_table_has_a_line_for_each_figure_and_says_which_targets_are_met(
    short_run: tuple[str, dict[str, Any], Path],
) -> None:
    printed, document, _ = short_run

    for figure in document["figures"]:
        [line] = [line for line in printed.splitlines() if line.startswith(figure["title"] + "  ")]
        if "met" in figure:
            assert ("MISSED" in line) != figure["met"], line


def test_the_chart_is_a_picture_of_every_target(short_run: tuple[str, dict[str, Any], Path]) -> None:
    _, document, chart = short_run
    shown = {text.text for text in ElementTree.fromstring(chart.read_text()).iter("{http://www.w3.org/2000/svg}text")}

    assert {figure["title"] for figure in document["figures"] if "promise" in figure} <= shown


@pytest.mark.parametrize(
    ("promise", "value", "verdict"),
    [
        (at_least(0.6), 0.6, "met"),
        (at_least(0.6), 0.59, "MISSED"),
        (at_most(15), 15, "met"),
        (at_most(15), 15.1, "MISSED"),
        (None, 1, ""),
    ],
)
def test_a_target_is_met_at_its_very_value(promise: Any, value: float, verdict: str) -> None:
    assert Figure("case", "title", value, "x", promise).verdict == verdict


def test_a_case_that_is_none_is_refused_before_anything_starts() -> None:
    with pytest.raises(PromiseBroken, match="no such case: lists; --list names them"):
        chosen_cases(Options(only=("list", "lists")))
