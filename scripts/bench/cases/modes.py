"""What must hold while many confirm at once: the last pieces, popular goods, the same confirm twice.

Race: 60 buyers of the last 20 pieces; exactly 20 get one. Popular: four of five picks fall on a fifth of the products.
Double: each confirm is sent twice at the same moment; one order and one charge each.
"""

from dataclasses import replace

from scripts.bench.buyers import Buyers, buyers_of, popular, wide
from scripts.bench.cases.case import Case
from scripts.bench.cases.confirm import AT_ONCE, Shopping
from scripts.bench.figures import Figure, at_least, at_most
from scripts.bench.rounds import Side, against_floor, alternate
from scripts.bench.stage import Stage
from scripts.bench.traffic import Load
from scripts.drills.running import PromiseBroken

BUYERS, LEFT, PLENTY = 60, 20, 1_000_000
_DECIDED = frozenset({200, 201})
_SOLD_OR_NOT = frozenset({201, 409})

_LEAVE = """
    WITH changed AS (
        UPDATE inventory AS stock SET available_quantity = %(left)s FROM inventory AS before
        WHERE before.id = stock.id AND stock.stock_location_id = %(place)s AND stock.product_id = %(product)s
        RETURNING stock.product_id, %(left)s - before.available_quantity AS change
    )
    INSERT INTO stock_movements (stock_location_id, product_id, kind, available_change, reserved_change, source_type,
                                 source_id)
    SELECT %(place)s, product_id, 'adjust', change, 0, 'bench', (SELECT count(*) FROM stock_movements WHERE
           source_type = 'bench') FROM changed
"""
_REMAINS = "SELECT available_quantity FROM inventory WHERE stock_location_id = %s AND product_id = %s"
_ORDERS = "SELECT count(*), count(DISTINCT cart_id) FROM orders WHERE cart_id = ANY(%s)"
_CHARGES = """
    SELECT count(*) FROM sandbox_payments JOIN payments USING (reference) JOIN orders ON orders.id = payments.order_id
    WHERE orders.cart_id = ANY(%s) AND sandbox_payments.status = 'authorized'
"""


def race(stage: Stage) -> list[Figure]:
    """The last pieces of one product, sold exactly. Raises PromiseBroken otherwise."""
    buyers, last = buyers_of(stage, BUYERS), stage.world.products[-1]
    rounds = [_raced(buyers, last) for _ in range(stage.options.rounds)]
    _leave(stage, last, PLENTY)
    sold = sum(load.statuses[201] for load in rounds) / (LEFT * len(rounds))
    slowest = max(load.percentile(99) for load in rounds)
    title = f"race: share sold of {LEFT} pieces, {BUYERS} buyers"
    return [Figure("race", title, sold, "share", at_least(1), more={"p99 ms": slowest})]


def _raced(buyers: Buyers, product: int) -> Load:
    stage, place = buyers.stage, buyers.stage.world.warehouse_id
    carts = buyers.fill(lambda _: [product])
    _leave(stage, product, LEFT)
    load = buyers.send(stage.web.port, buyers.confirms(carts), BUYERS, _SOLD_OR_NOT)
    left = stage.database.ask(_REMAINS, place, product)
    if (load.statuses[201], load.statuses[409], left) != (LEFT, BUYERS - LEFT, 0):
        raise PromiseBroken(f"{load.statuses[201]} of the last {LEFT} pieces were sold, {left} are left")
    return load


def _leave(stage: Stage, product: int, pieces: int) -> None:
    """So many pieces in the warehouse, the books told."""
    with stage.database.connect() as connection:
        connection.execute(_LEAVE, {"left": pieces, "place": stage.world.warehouse_id, "product": product})


def popular_baskets(stage: Stage) -> list[Figure]:
    """Popular baskets against baskets of any products."""
    buyers = buyers_of(stage, AT_ONCE * (4 if stage.options.is_short else 25))
    anything, favourites = Shopping(buyers, wide(stage)), Shopping(buyers, popular(stage))
    port, pid = stage.web.port, stage.web.pid
    rounds = alternate(
        stage,
        {
            "wide": Side(lambda: anything.over_http(port, AT_ONCE), pid, anything.refill),
            "popular": Side(lambda: favourites.over_http(port, AT_ONCE), pid, favourites.refill),
        },
    )
    title = "popular baskets, share of the wide rate"
    figure = against_floor("popular", title, rounds, at_least(0.8), ours="popular", floor="wide")
    return [replace(figure, unit="x")]


def double(stage: Stage) -> list[Figure]:
    """Each confirm twice at once: a single order and a single charge. Raises PromiseBroken otherwise."""
    buyers = buyers_of(stage, 16 if stage.options.is_short else 128)
    orders = [_doubled(buyers) for _ in range(stage.options.rounds)]
    wanted = len(buyers.shoppers) * len(orders)
    return [Figure("double", "double: orders for a confirm sent twice", sum(orders) / wanted, "x", at_most(1))]


def _doubled(buyers: Buyers) -> int:
    """How many orders came of it."""
    stage, carts = buyers.stage, buyers.fill(wide(buyers.stage))
    twice = [request for request in buyers.confirms(carts) for _ in range(2)]
    buyers.send(stage.web.port, twice, AT_ONCE, _DECIDED)
    with stage.database.connect() as connection:
        [[orders, bought]] = connection.execute(_ORDERS, [carts]).fetchall()
        [[charges]] = connection.execute(_CHARGES, [carts]).fetchall()
    if (orders, bought, charges) != (len(carts),) * 3:
        raise PromiseBroken(f"{len(carts)} carts, each confirmed twice: {orders} orders and {charges} charges")
    return int(orders)


CASES = (
    Case("race", "60 buyers of the last 20 pieces", race),
    Case("popular", "popular baskets beside baskets of anything", popular_baskets),
    Case("double", "each confirm sent twice at once", double),
)
