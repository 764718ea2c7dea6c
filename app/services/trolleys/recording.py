"""What came of a batch of events, written in one statement: a trolley sends them more often than anything else comes.

Events, basket, stock, the session's and the device's rows are all parts of it. What they should be was decided on rows
locked before (`bench`), so nothing in it depends on another part but for the numbers of new rows.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

import orjson
from psycopg.types.numeric import Int8
from sqlalchemy import column, text
from sqlalchemy.orm import Session

from app.domain.devices.events import Event
from app.models import CartSession, Device
from app.prepared import Step
from app.services import locks, reservations
from app.services.trolleys import news, weighing
from app.services.trolleys.batch_goods import Line
from app.services.trolleys.bench import Bench, Move, Outcome, moment

Done = Sequence[tuple[Event, Outcome]]

_EVENTS = """
WITH stored AS (
    INSERT INTO device_events (device_id, seq, payload_hash, kind, code, grams, happened_at, session_id, product_id,
                               result, quantity_now, unit_price)
    SELECT CAST(:device_id AS bigint), event.* FROM json_to_recordset(CAST(:events AS json)) AS event(
        seq bigint, payload_hash text, kind text, code text, grams integer, happened_at timestamptz, session_id bigint,
        product_id bigint, result smallint, quantity_now integer, unit_price numeric)
    RETURNING id, seq
), walking AS (
    UPDATE cart_sessions
    SET last_event_at = now(), updated_at = now(), version = :version, expected_grams = :expected_grams,
        gross_grams = :session_gross_grams
    WHERE id = :session_id
), heard AS (
    UPDATE devices
    SET updated_at = now(), last_seen_at = :last_seen_at, kid = :kid, rotation_until = :rotation_until,
        last_boot = :last_boot, last_n = :last_n, last_signed_at = :last_signed_at, last_seq = :last_seq,
        gross_grams = :device_gross_grams, notices = CAST(:notices AS jsonb)
    WHERE id = :device_id
)"""
_MOVES = """
, moved AS (
    INSERT INTO basket_moves (session_id, product_id, pieces, grams, device_event_id)
    SELECT CAST(:session_id AS bigint), product_id, pieces, move.grams, stored.id
    FROM json_to_recordset(CAST(:moves AS json)) AS move(seq bigint, product_id bigint, pieces integer, grams integer)
    JOIN stored USING (seq)
    ORDER BY seq
    RETURNING id, product_id
), emptied AS (
    DELETE FROM cart_items WHERE cart_id = :cart_id AND product_id = ANY (CAST(:gone_products AS bigint[]))
), filled AS (
    INSERT INTO cart_items (cart_id, product_id, quantity, weight_grams, unit_price)
    SELECT CAST(:cart_id AS bigint), line.* FROM json_to_recordset(CAST(:lines AS json)) AS line(
        product_id bigint, quantity integer, weight_grams integer, unit_price numeric)
    ON CONFLICT (cart_id, product_id) DO UPDATE SET quantity = excluded.quantity,
        weight_grams = excluded.weight_grams, unit_price = excluded.unit_price, updated_at = now()
)"""
_CHANGE = """
, change AS (
    SELECT product_id, change.pieces, max(moved.id) AS move_id
    FROM unnest(CAST(:moved_products AS bigint[]), CAST(:moved_pieces AS integer[])) AS change(product_id, pieces)
    JOIN moved USING (product_id) GROUP BY product_id, change.pieces
)"""
_TAKEN = f"""
, taken AS (
    SELECT product_id, pieces, move_id FROM change WHERE pieces > 0
), {reservations.TAKE}"""  # noqa: S608 (constants)
_RETURNED = f"""
, returned AS (
    SELECT product_id, -pieces AS pieces, move_id FROM change WHERE pieces < 0
), {reservations.GIVE_BACK}"""  # noqa: S608 (constants)
_LAST = f"""
, learnt AS ({weighing.LEARN})
, told AS ({locks.FEED})"""


@cache
def _statement(*, moves: bool, takes: bool, returns: bool) -> Step:
    """The parts that a batch needs, in the order of locks."""
    parts = [(True, _EVENTS), (moves, _MOVES), (takes or returns, _CHANGE), (takes, _TAKEN), (returns, _RETURNED)]
    parts += [(moves, _LAST), (True, " SELECT 1 AS done")]
    return Step(text("".join(part for is_needed, part in parts if is_needed)).columns(column("done")))


def record(session: Session, bench: Bench, done: Done, *, is_all: bool) -> None:
    """Write events with their results, the basket they leave and the rows of session and device. A step.

    `is_all`: nothing comes after it, so the shopper is told too, and scales' samples are learned from.
    """
    opened, values = bench.opened, _of_events(bench, done) | _of_device(bench.device)
    moves = [(event.s, outcome.move) for event, outcome in done if outcome.move is not None]
    changed: dict[int, int] = {}
    if opened is not None and moves:
        changed = _pieces_by_product(bench, moves)
        _lock(session, opened, changed)
        values |= _of_basket(bench, moves) | _of_stock(opened, changed)
        values |= weighing.learning(bench.samples if is_all else ()) | _of_news(opened if is_all else None)
    values |= _of_session(opened)
    takes, returns = any(many > 0 for many in changed.values()), any(many < 0 for many in changed.values())
    _statement(moves=bool(moves), takes=takes, returns=returns).within(session, **values)


def _of_events(bench: Bench, done: Done) -> dict[str, Any]:
    return {"events": orjson.dumps([_event(bench, event, outcome) for event, outcome in done]).decode()}


def _event(bench: Bench, event: Event, outcome: Outcome) -> dict[str, Any]:
    return {
        "seq": event.s,
        "payload_hash": event.payload_hash,
        "kind": event.kind.value,
        "code": event.code,
        "grams": event.grams,
        "happened_at": moment(bench.at(event)).isoformat() if event.time else None,
        "session_id": outcome.session_id,
        "product_id": outcome.product_id,
        "result": int(outcome.code),
        "quantity_now": outcome.quantity,
        "unit_price": str(outcome.unit_price),
    }


def _of_device(device: Device) -> dict[str, Any]:
    return {
        "device_id": device.id,
        "last_seen_at": device.last_seen_at,
        "kid": device.kid,
        "rotation_until": device.rotation_until,
        "last_boot": device.last_boot,
        "last_n": Int8(device.last_n),
        "last_signed_at": device.last_signed_at,
        "last_seq": Int8(device.last_seq),
        "device_gross_grams": _whole(device.gross_grams),
        "notices": orjson.dumps(device.notices).decode(),
    }


def _of_session(opened: CartSession | None) -> dict[str, Any]:
    return {
        "session_id": opened.id if opened else None,
        "version": Int8(opened.version if opened else 0),
        "expected_grams": Int8(opened.expected_grams if opened else 0),
        "session_gross_grams": _whole(opened.gross_grams if opened else None),
    }


def _whole(number: int | None) -> Int8 | None:
    """A number as one type whatever its size: a statement is planned anew for other types of its parameters."""
    return None if number is None else Int8(number)


def _pieces_by_product(bench: Bench, moves: Sequence[tuple[int, Move]]) -> dict[int, int]:
    """Pieces that are more or fewer in the trolley than before, by product, where they are."""
    products = {move.product.id for _, move in moves}
    changes = {one: _quantity(bench.lines, one) - _quantity(bench.lines_before, one) for one in products}
    return {one: change for one, change in changes.items() if change}


def _quantity(lines: dict[int, Line], product_id: int) -> int:
    return lines[product_id].quantity if product_id in lines else 0


def _lock(session: Session, opened: CartSession, changed: dict[int, int]) -> None:
    reservations.lock_stock(
        session,
        stock_location_id=opened.stock_location_id,
        taken=[one for one, pieces in changed.items() if pieces > 0],
        returned=[one for one, pieces in changed.items() if pieces < 0],
    )


def _of_basket(bench: Bench, moves: Sequence[tuple[int, Move]]) -> dict[str, Any]:
    products = list(dict.fromkeys(move.product.id for _, move in moves))
    return {
        "moves": orjson.dumps([_move(s, move) for s, move in moves]).decode(),
        "gone_products": [one for one in products if one not in bench.lines],
        "lines": orjson.dumps([_line(one, bench.lines[one]) for one in products if one in bench.lines]).decode(),
    }


def _move(s: int, move: Move) -> dict[str, int]:
    return {"seq": s, "product_id": move.product.id, "pieces": move.pieces, "grams": move.grams}


def _line(product_id: int, line: Line) -> dict[str, Any]:
    return {
        "product_id": product_id,
        "quantity": line.quantity,
        "weight_grams": line.weight_grams,
        "unit_price": str(line.unit_price),
    }


def _of_stock(opened: CartSession, changed: dict[int, int]) -> dict[str, Any]:
    return {
        "cart_id": opened.cart_id,
        "stock_location_id": opened.stock_location_id,
        "held_for": reservations.HELD_FOR,
        "moved_products": list(changed),
        "moved_pieces": list(changed.values()),
        "keeps_on": any(pieces > 0 for pieces in changed.values()),
    }


def _of_news(opened: CartSession | None) -> dict[str, Any]:
    told = opened if opened is not None and opened.user_id is not None else None
    return {
        "user_ids": [told.user_id] if told else [],
        "topic": news.TOPIC,
        "payload": orjson.dumps(news.payload(told) if told else {}).decode(),
    }
