"""What a trolley's scale says against what was scanned, as the rules of `domain.devices.weights` have it (B.6)."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.domain.devices import notices as wire
from app.domain.devices.lifecycle import CartMove, after
from app.domain.devices.notices import Notice
from app.domain.devices.weights import Learned, Line, UnitWeight, Watch, tolerance, unit_weight
from app.domain.enums import AssistReason, SoldBy
from app.domain.enums import WeightState as State
from app.models import CartSession
from app.models.base import AnyRow
from app.services.trolleys import batch_goods, calls

LEARNED_ENOUGH = 1000
"""Samples after which a product's weight is known: no scan of it waits for that row any more."""

TOLD: dict[State, Notice] = {
    State.SUSPECT: wire.message("Please put the last item in again"),
    State.MISMATCH: wire.message("The weight does not fit: check the cart"),
    State.ASSIST: wire.message("Somebody of the staff is coming"),
}


def watch_of(session: Session, opened: CartSession) -> Watch:
    """The weight state of a locked session. A step."""
    state = opened.weight_state
    return Watch(
        state,
        int(opened.weight_since.timestamp()) if opened.weight_since else 0,
        opened.failed_samples,
        opened.mismatches,
        asked=state is State.ASSIST and calls.is_open(session, opened, AssistReason.HELP),
    )


def keep(session: Session, opened: CartSession, before: Watch, now: Watch) -> None:
    """Keep a weight state; call the staff for the weight or call them off. A step on a locked session."""
    if now == before:
        return
    opened.weight_state = now.state
    opened.weight_since = datetime.fromtimestamp(now.since, UTC)
    opened.failed_samples, opened.mismatches = now.failures, now.mismatches
    if now.state is before.state:
        return
    if now.state is State.ASSIST and not now.asked:
        calls.call(session, opened, AssistReason.WEIGHT)
    elif before.state is State.ASSIST:
        calls.call_off(session, opened, AssistReason.WEIGHT)


def follow(opened: CartSession, before: Watch, now: Watch) -> None:
    """Move a locked session along with its weight state. What is being paid or paid stays so."""
    if now.state is before.state or State.ASSIST not in (now.state, before.state):
        return
    move = CartMove.CALL_STAFF if now.state is State.ASSIST else CartMove.STAFF_DONE
    state = after(move, opened.state)
    if state is not None:
        opened.state = state
        opened.snapshot = None


def unit_of(product: AnyRow, scale_step: int) -> UnitWeight | None:
    """One piece of a row of `batch_goods`: its weight and how far it may be off; None where nobody knows it."""
    learned = Learned(product.samples, product.mean_grams, product.squares) if product.samples else None
    grams = product.weight_grams or product.estimated_weight_grams
    return unit_weight(grams, scale_step, product.weight_tolerance_grams, learned)


def weighed(grams: int, scale_step: int) -> UnitWeight:
    """So many grams of something sold by weight, as one piece."""
    return UnitWeight(grams, tolerance(grams, scale_step))


def basket(lines: Iterable[batch_goods.Line], scale_step: int) -> list[Line]:
    """The lines of a trolley as the check of the basket takes them."""
    return [_line(line, scale_step) for line in lines]


def _line(line: batch_goods.Line, scale_step: int) -> Line:
    if line.product.sold_by is SoldBy.WEIGHT:
        return Line(1, weighed(line.weight_grams or 0, scale_step))
    return Line(line.quantity, unit_of(line.product, scale_step))


# Welford's running mean, in product order: the last rows a request locks.
LEARN = """
    INSERT INTO product_weights AS known (product_id, samples, mean_grams, squares)
    SELECT product_id, 1, grams, 0 FROM unnest(CAST(:learnt_products AS bigint[]), CAST(:learnt_grams AS float8[]))
        AS sample(product_id, grams) ORDER BY product_id
    ON CONFLICT (product_id) DO UPDATE SET
        samples = known.samples + 1,
        mean_grams = known.mean_grams + (excluded.mean_grams - known.mean_grams) / (known.samples + 1),
        squares = known.squares + (excluded.mean_grams - known.mean_grams) * (excluded.mean_grams - known.mean_grams)
                  * known.samples / (known.samples + 1)
"""
"""Takes what `learning` answers; may be a part of a longer statement, after every lock but that of news."""
_LEARN = text(LEARN)


def learn(session: Session, samples: Sequence[tuple[AnyRow, int]]) -> None:
    """Remember what accepted pieces weighed, one sample of each product. A step, after every lock but that of news."""
    values = learning(samples)
    if values["learnt_products"]:
        session.execute(_LEARN, values)


def learning(samples: Sequence[tuple[AnyRow, int]]) -> dict[str, list[Any]]:
    """What there is to LEARN from samples of rows of `batch_goods`."""
    by_product = {product.id: float(grams) for product, grams in samples if (product.samples or 0) < LEARNED_ENOUGH}
    return {"learnt_products": list(by_product), "learnt_grams": list(by_product.values())}
