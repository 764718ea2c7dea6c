"""Which moves a vendor's order may make, and the words clients know its states by."""

import pytest

from app.domain.enums import OrderStatus as S
from app.domain.shop_order_states import (
    ENDED_UNSOLD,
    HANDED_OVER,
    OPEN,
    SHOP_ORDER_MOVES,
    Move,
    after,
    asked,
    changes_nothing,
    shown,
)


def reachable(start: S) -> set[S]:
    """Every state some walk of at least one move leads to."""
    found: set[S] = set()
    waiting = {start}
    while waiting:
        waiting = {to for now in waiting for to in SHOP_ORDER_MOVES[now].values()} - found
        found |= waiting
    return found


def test_every_state_is_open_handed_over_or_ended() -> None:
    assert SHOP_ORDER_MOVES.keys() == OPEN | HANDED_OVER | ENDED_UNSOLD
    assert len(OPEN) + len(HANDED_OVER) + len(ENDED_UNSOLD) == len(SHOP_ORDER_MOVES)


@pytest.mark.parametrize("state", sorted(SHOP_ORDER_MOVES))
def test_every_state_is_reached_from_a_new_order(state: S) -> None:
    assert state in reachable(S.PENDING) | {S.PENDING}


@pytest.mark.parametrize("state", sorted(HANDED_OVER))
def test_what_was_handed_over_is_never_open_or_ended_again(state: S) -> None:
    assert reachable(state) <= HANDED_OVER


@pytest.mark.parametrize("state", sorted(ENDED_UNSOLD))
@pytest.mark.parametrize("move", Move)
def test_an_ended_order_makes_no_move(state: S, move: Move) -> None:
    assert after(move, state) is None
    assert not changes_nothing(move, state)


def test_only_a_repeated_yes_or_delivery_changes_nothing() -> None:
    found = {(move, state) for move in Move for state in S if changes_nothing(move, state)}

    assert found == {(Move.ACCEPT, S.ACCEPTED), (Move.DELIVER, S.DELIVERED)}


def test_a_state_no_shop_order_has_makes_no_move() -> None:
    assert after(Move.ACCEPT, S.IN_PROGRESS) is None


def test_clients_know_states_by_lower_case_words_and_british_cancelling() -> None:
    assert (shown(S.CANCELED), shown(S.AWAITING_CONSUMER_CONFIRMATION)) == (
        "cancelled",
        "awaiting_consumer_confirmation",
    )
    assert (asked("cancelled"), asked("canceled"), asked("ready")) == (S.CANCELED, None, None)
    assert all(asked(shown(state)) is state for state in SHOP_ORDER_MOVES)
