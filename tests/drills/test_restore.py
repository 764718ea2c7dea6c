"""Every row comes back from backup and archive, and the comparison sees one that does not."""

import psycopg
import pytest

from scripts.drills import snapshots
from scripts.drills.snapshots import Content
from tests import databases
from tests.drills.running import run_drill

pytestmark = pytest.mark.alone


@pytest.mark.timeout(400)
def test_name_and_time_both_bring_back_every_row() -> None:
    done = run_drill("restore", "--shoppers", "4", "--seconds", "3")

    assert done.returncode == 0, done.stderr
    assert "Every row is as it was" in done.stdout


CHANGES = {
    "a changed row": ("UPDATE things SET name = 'c' WHERE id = 2", "table things has other rows than it had"),
    "a row more": ("INSERT INTO things VALUES (3, 'c')", "table things has 3 rows instead of 2"),
    "a row less": ("DELETE FROM things WHERE id = 1", "table things has 1 rows instead of 2"),
    "one for another": (
        "DELETE FROM things WHERE id = 1; INSERT INTO things VALUES (3, 'a')",
        "table things has other rows than it had",
    ),
    "a table less": ("DROP TABLE things", "table things is missing"),
    "a table more": ("CREATE TABLE more (id int)", "table more is new"),
    "a row without a key": ("INSERT INTO keyless VALUES ('x')", "table keyless has 2 rows instead of 1"),
}


@pytest.mark.parametrize(("change", "said"), CHANGES.values(), ids=CHANGES.keys())
def test_one_change_is_seen(change: str, said: str) -> None:
    with databases.cloned("template0") as address:
        url = address.replace("+psycopg", "")
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE TABLE things (id int PRIMARY KEY, name text)")
            connection.execute("INSERT INTO things VALUES (2, 'b'), (1, 'a')")
            connection.execute("CREATE TABLE keyless (name text)")
            connection.execute("INSERT INTO keyless VALUES ('x')")
            before = snapshots.take(url)
            assert before["things"].rows == 2

            connection.execute(change)

        assert list(snapshots.differences(before, snapshots.take(url))) == [said]


def test_the_order_in_which_rows_were_written_does_not_matter() -> None:
    digests = set()
    for rows in ("(1, 'a'), (2, 'b')", "(2, 'b'), (1, 'a')"):
        with databases.cloned("template0") as address:
            url = address.replace("+psycopg", "")
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute("CREATE TABLE things (id int PRIMARY KEY, name text)")
                connection.execute(f"INSERT INTO things VALUES {rows}")
            digests.add(snapshots.take(url)["things"])

    assert len(digests) == 1


def test_equal_contents_have_no_difference() -> None:
    assert list(snapshots.differences({"a": Content(1, "x")}, {"a": Content(1, "x")})) == []
