"""A trolley's life: the table of moves, and when silence means something."""

import pytest

from app.domain.devices import lifecycle
from app.domain.devices.lifecycle import CART_MOVES, CartMove, Presence, after
from app.domain.enums import TrolleyState as S


def test_a_session_from_pairing_to_paid_exit() -> None:
    state: S | None = S.IDLE
    seen = []

    for move in (CartMove.PAIR, CartMove.REVIEW, CartMove.PAY, CartMove.PAID, CartMove.RETURN):
        assert state is not None
        state = after(move, state)
        seen.append(state)

    assert seen == [S.SHOPPING, S.REVIEW, S.PAYING, S.PAID, S.IDLE]


@pytest.mark.parametrize(
    ("now", "move", "then"),
    [
        (S.REVIEW, CartMove.CANCEL_REVIEW, S.SHOPPING),
        (S.PAYING, CartMove.PAYMENT_FAILED, S.REVIEW),
        (S.SHOPPING, CartMove.CALL_STAFF, S.ASSIST),
        (S.ASSIST, CartMove.STAFF_DONE, S.SHOPPING),
        (S.SHOPPING, CartMove.ABANDON, S.MAINTENANCE),
        (S.LOST, CartMove.FOUND, S.MAINTENANCE),
        (S.MAINTENANCE, CartMove.RELEASE, S.IDLE),
        (S.SHOPPING, CartMove.TRANSFER, S.IDLE),
    ],
)
def test_side_ways_lead_where_the_contract_says(now: S, move: CartMove, then: S) -> None:
    assert after(move, now) is then


@pytest.mark.parametrize("now", [state for state in S if state is not S.IDLE])
def test_only_an_idle_trolley_can_be_paired(now: S) -> None:
    assert after(CartMove.PAIR, now) is None
    assert not lifecycle.may_pair(now, 100)


@pytest.mark.parametrize("now", [S.PAYING, S.PAID])
def test_who_pays_or_has_paid_neither_leaves_nor_abandons(now: S) -> None:
    assert after(CartMove.LEAVE, now) is None
    assert after(CartMove.ABANDON, now) is None
    assert not lifecycle.is_abandoned(now, 10**6, 9000, 8000)


def test_every_state_is_in_the_table_and_can_be_left() -> None:
    assert set(CART_MOVES) == set(S)
    assert all(CART_MOVES[state] for state in S)


@pytest.mark.parametrize(
    ("silent", "state", "expected"),
    [
        (299, S.SHOPPING, Presence.FRESH),
        (300, S.SHOPPING, Presence.STALE),
        (1799, S.PAID, Presence.STALE),
        (1800, S.SHOPPING, Presence.LOST),
        (10**6, S.IDLE, Presence.FRESH),
        (10**6, S.MAINTENANCE, Presence.FRESH),
    ],
)
def test_silence_in_a_session_means_stale_then_lost(silent: int, state: S, expected: Presence) -> None:
    assert lifecycle.presence(silent, state) is expected


@pytest.mark.parametrize(
    ("quiet", "gross", "abandoned"), [(2700, 8001, True), (2699, 9000, False), (2700, 8000, False)]
)
def test_goods_left_for_45_minutes_are_abandoned(quiet: int, gross: int, abandoned: bool) -> None:
    assert lifecycle.is_abandoned(S.SHOPPING, quiet, gross, 8000) is abandoned


@pytest.mark.parametrize(("gross", "light", "emptied"), [(8030, 60, True), (8031, 60, False), (8000, 59, False)])
def test_a_basket_light_for_a_minute_is_empty(gross: int, light: int, emptied: bool) -> None:
    assert lifecycle.is_emptied(gross, 8000, light) is emptied


@pytest.mark.parametrize(("battery", "pairs"), [(20, True), (19, False), (None, True)])
def test_a_weak_battery_takes_no_new_shopper(battery: int | None, pairs: bool) -> None:
    assert lifecycle.may_pair(S.IDLE, battery) is pairs


@pytest.mark.parametrize(
    ("battery", "state", "told"), [(7, S.SHOPPING, True), (8, S.SHOPPING, False), (7, S.IDLE, False)]
)
def test_a_failing_battery_is_told_to_the_shopper(battery: int, state: S, told: bool) -> None:
    assert lifecycle.should_move(battery, state) is told
