"""Which moves an order may make."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.enums import OrderStatus as S
from app.domain.order_states import CANCELLABLE_BY_OWNER, SUPERMARKET_MOVES, UNDECIDED
from app.domain.shop_order_states import SHOP_ORDER_MOVES

STATES = sorted(SUPERMARKET_MOVES)
ENDS = {S.DELIVERED, S.CANCELED}
PAID = sorted(set(STATES) - UNDECIDED - {S.CANCELED})


def reachable(start: S) -> set[S]:
    """Every state some walk of at least one move leads to."""
    found: set[S] = set()
    open_states = {start}
    while open_states:
        open_states = {to for now in open_states for to in SUPERMARKET_MOVES[now]} - found
        found |= open_states
    return found


def test_the_tables_of_both_channels_know_every_state() -> None:
    assert SUPERMARKET_MOVES.keys() | SHOP_ORDER_MOVES.keys() == set(S)
    assert SUPERMARKET_MOVES.keys() & SHOP_ORDER_MOVES.keys() == ENDS


@pytest.mark.parametrize("state", STATES)
def test_every_state_is_reached_from_a_new_order_and_leads_to_an_end(state: S) -> None:
    assert state in reachable(S.PENDING_PAYMENT) | {S.PENDING_PAYMENT}
    assert state in ENDS or reachable(state) & ENDS


@pytest.mark.parametrize("state", ENDS)
def test_an_end_is_final(state: S) -> None:
    assert not SUPERMARKET_MOVES[state]


@pytest.mark.parametrize("state", STATES)
def test_no_state_moves_to_itself(state: S) -> None:
    assert state not in SUPERMARKET_MOVES[state]


def test_behind_the_fence_an_order_can_only_be_cancelled() -> None:
    assert set(SUPERMARKET_MOVES[S.CANCELLING]) == {S.CANCELED}


@pytest.mark.parametrize("state", PAID)
def test_a_paid_order_never_becomes_undecided_again(state: S) -> None:
    assert not reachable(state) & UNDECIDED


def test_only_an_order_nobody_picks_is_cancelled_by_its_owner() -> None:
    assert {S.PENDING_PAYMENT, S.CREATED} == CANCELLABLE_BY_OWNER
    assert all(S.CANCELED in reachable(state) for state in CANCELLABLE_BY_OWNER)


@given(st.lists(st.sampled_from(STATES), max_size=12))
def test_no_walk_leaves_an_end_or_delivers_what_was_not_paid(wishes: list[S]) -> None:
    state, path = S.PENDING_PAYMENT, [S.PENDING_PAYMENT]
    for wish in wishes:
        if wish in SUPERMARKET_MOVES[state]:
            state = wish
            path.append(wish)

    assert not any(state in ENDS for state in path[:-1])
    assert S.DELIVERED not in path or S.CREATED in path
    assert path.count(S.PENDING_PAYMENT) == 1
