"""Counting long lists."""

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.services.pages import counted


@pytest.mark.parametrize(("rows", "told"), [(0, 0), (1000, 1000), (1001, None), (5000, None)])
def test_rows_are_counted_up_to_a_thousand_and_not_told_beyond(session: Session, rows: int, told: int | None) -> None:
    numbers = select(func.generate_series(1, rows))

    total = session.execute(select(counted(numbers))).scalar_one()

    assert total == told
