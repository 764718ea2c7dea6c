"""The shop works through PgBouncer in transaction mode, and the drill sees an error in its log."""

from pathlib import Path

import pytest

from scripts.drills import pooler
from scripts.drills.running import PromiseBroken
from tests.drills.running import run_drill

pytestmark = pytest.mark.alone


@pytest.mark.timeout(600)
def test_the_whole_journey_and_a_crowd_go_through_four_connections() -> None:
    done = run_drill("pooler", "--shoppers", "12", "--seconds", "3")

    assert done.returncode == 0, done.stderr
    assert "PgBouncer" in done.stdout


@pytest.mark.parametrize(
    "line", ['{"level": "ERROR", "message": "x"}', 'prepared statement "_pg3_0" does not exist', "Traceback (most"]
)
def test_an_error_in_the_log_breaks_the_promise(tmp_path: Path, line: str) -> None:
    log = tmp_path / "log"
    log.write_text('{"level": "WARNING", "message": "fine"}\n' + line + "\n")

    with pytest.raises(PromiseBroken, match="logged an error"):
        pooler._check_log(log)
