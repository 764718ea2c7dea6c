"""Whether staff look into a trolley before it is paid, with every reason told."""

from dataclasses import replace

import pytest

from app.domain.devices.spot_checks import Basket, CheckPolicy, CheckReason, History, check_reasons, drawn

BASKET = Basket(total=50_000, guarded=False, mismatches=0)
KNOWN = History(sessions=10, clean_checks=1, last_failed=False)
NEVER = CheckPolicy(random_share=0, new_shopper_share=0, trusted_share=0)


def test_an_ordinary_trolley_may_go() -> None:
    assert check_reasons(BASKET, KNOWN, NEVER, "1") == ()


@pytest.mark.parametrize(
    ("basket", "history", "reason"),
    [
        (replace(BASKET, total=1_000_000), KNOWN, CheckReason.BASKET_VALUE),
        (replace(BASKET, guarded=True), KNOWN, CheckReason.PRODUCT_CLASS),
        (replace(BASKET, mismatches=2), KNOWN, CheckReason.MISMATCHES),
        (BASKET, replace(KNOWN, last_failed=True), CheckReason.HISTORY),
    ],
)
def test_each_rule_gives_its_reason(basket: Basket, history: History, reason: CheckReason) -> None:
    assert check_reasons(basket, history, NEVER, "1") == (reason,)


@pytest.mark.parametrize("basket", [replace(BASKET, total=999_999), replace(BASKET, mismatches=1)])
def test_just_below_a_threshold_is_no_reason(basket: Basket) -> None:
    assert check_reasons(basket, KNOWN, NEVER, "1") == ()


def test_every_reason_that_applies_is_told() -> None:
    basket = Basket(total=2_000_000, guarded=True, mismatches=5)

    assert len(check_reasons(basket, replace(KNOWN, last_failed=True), NEVER, "1")) == 4


@pytest.mark.parametrize(
    ("history", "share", "reason"),
    [
        (History(0, 0, False), 0.10, CheckReason.NEW_SHOPPER),
        (KNOWN, 0.02, CheckReason.RANDOM),
        (History(50, 5, False), 0.005, CheckReason.RANDOM),
    ],
    ids=["new", "known", "trusted"],
)
def test_a_share_is_drawn_by_how_well_the_shopper_is_known(history: History, share: float, reason: CheckReason) -> None:
    drawings = [check_reasons(BASKET, history, CheckPolicy(), str(seed)) for seed in range(20_000)]

    chosen = [reasons for reasons in drawings if reasons]
    assert set(chosen) == {(reason,)}
    assert len(chosen) / 20_000 == pytest.approx(share, rel=0.2)


def test_asking_twice_draws_once() -> None:
    assert drawn("session 7, review 1") == drawn("session 7, review 1")
    assert drawn("session 7, review 1") != drawn("session 7, review 2")
