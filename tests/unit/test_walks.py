"""The way through the aisles."""

from app.domain.walks import bin_order


def test_bins_are_walked_by_number_and_goods_without_a_bin_come_last() -> None:
    bins = ["B-1", None, "A-10", "a-2", "", "7", "A-2-1"]

    assert sorted(bins, key=bin_order)[:5] == ["7", "a-2", "A-2-1", "A-10", "B-1"]


def test_any_two_bins_can_be_compared() -> None:
    bins = ["12A", "A12", "٣", "²", "-", "A", "1", "A-B", "A1B"]

    assert len(sorted(bins, key=bin_order)) == len(bins)
