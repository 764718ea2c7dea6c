"""Letting the prices that lists are sorted by follow the clock when a sale begins or ends."""

from sqlalchemy import bindparam, update

from app.models import Product
from app.services import locks
from app.services.catalog.prices import PRICE
from app.transaction import transaction

MOST_BATCHES = 50
"""How many batches one pass takes on, so that other work gets its turn when thousands of sales begin at once."""

# The time of the last change stays: nobody changed the product, and a list is sorted by that.
_FOLLOW = (
    update(Product)
    .where(Product.id.in_(bindparam("ids", expanding=True)))
    .values(current_price=PRICE, updated_at=Product.updated_at)
    .execution_options(synchronize_session=False)
)


def sweep_prices() -> int:
    """Correct what is out of date, in small batches; answers how many products. Any number of sweepers may run."""
    corrected = 0
    for _ in range(MOST_BATCHES):
        batch = _sweep_batch()
        if not batch:
            break
        corrected += batch
    return corrected


def _sweep_batch() -> int:
    with transaction() as session:
        locks.limit_waits(session)
        ids = locks.outdated_prices(session)
        if ids:
            session.execute(_FOLLOW, {"ids": list(ids)})
    return len(ids)
