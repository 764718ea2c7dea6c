"""A whole order: five lines put into the cart one by one, a preview, a confirm."""

import random
from collections.abc import Sequence

from scripts.bench.buyers import CONFIRM, DEMO_CARD, LINES, Basket, Buyers, buyers_of, wide
from scripts.bench.cases.case import Case
from scripts.bench.cases.shopping import ADD, PREVIEW
from scripts.bench.counting import counted
from scripts.bench.figures import Figure, at_most
from scripts.bench.people import Shopper
from scripts.bench.rounds import Side, alternate, summed_up
from scripts.bench.stage import Stage
from scripts.bench.traffic import Job, Load, http
from scripts.drills.running import PromiseBroken

REQUESTS = LINES + 2
_ANSWERS = frozenset({200, 201})


def whole_order(stage: Stage) -> list[Figure]:
    """CPU time of application and database together, for one order."""
    buyers = buyers_of(stage, 16 if stage.options.is_short else 200)
    trips = _Trips(buyers, wide(stage))
    rounds = alternate(stage, {"ours": Side(trips.made, stage.web.pid, trips.prepare)})
    ours = summed_up(rounds["ours"])
    app, database = ours.app_ms * REQUESTS, ours.database_ms * REQUESTS
    figure = Figure(
        case="whole-order",
        title="whole order of five lines, CPU",
        value=app + database,
        unit="ms",
        promise=at_most(22),
        ours=ours,
        statements=_statements(buyers),
        more={"app ms of an order": app, "database ms of an order": database},
    )
    return [figure]


class _Trips:
    """What each buyer sends, in order."""

    def __init__(self, buyers: Buyers, basket: Basket) -> None:
        self.buyers, self.basket = buyers, basket
        self.scripts: list[list[bytes]] = []

    def prepare(self) -> None:
        """A trip for each buyer, into a cart that is there and empty, one after the other.

        Side by side the same work takes more seconds where processors share a core, and those are not the order's.
        """
        carts = self.buyers.fill(None)
        confirms = self.buyers.confirms(carts)
        shoppers, chance = self.buyers.shoppers, random.Random(carts[0])
        trips = [
            [*_before(shopper, cart, self.basket(chance)), last]
            for shopper, cart, last in zip(shoppers, carts, confirms, strict=True)
        ]
        self.scripts = [[step for trip in trips for step in trip]]

    def made(self) -> Load:
        """All of them."""
        stage = self.buyers.stage
        return stage.driver.drive(Job(stage.web.port, self.scripts, None, _ANSWERS))


def _before(shopper: Shopper, cart: int, products: Sequence[int]) -> list[bytes]:
    lines = [{"product_id": number, "quantity": 1} for number in products]
    adds = [http("POST", ADD, token=shopper.token, body=line) for line in lines]
    return [*adds, http("POST", PREVIEW, token=shopper.token, body={"cart_id": cart})]


def _statements(buyers: Buyers) -> float:
    """All SQL statements of one order, counted in process."""
    stage, shopper = buyers.stage, buyers.shoppers[0]
    client, [cart, *_] = stage.app.test_client(), buyers.fill(None)
    card = {"cart_id": cart, "payment_token_id": DEMO_CARD, "delivery_slot_id": buyers.slots[0], "address": "Haifa 12"}
    steps = [(ADD, {"product_id": number, "quantity": 1}) for number in stage.world.products[:LINES]]
    headers = {"Authorization": f"Bearer {shopper.token}", "Idempotency-Key": f"counted-{cart}"}
    with counted() as seen:
        for path, body in [*steps, (PREVIEW, {"cart_id": cart}), (CONFIRM, card)]:
            answer = client.post(path, json=body, headers=headers)
            if answer.status_code not in _ANSWERS:
                raise PromiseBroken(f"{path} answered {answer.status_code}: {answer.text[:200]}")
    return float(len(seen))


CASES = (Case("whole-order", "CPU of a whole order of five lines", whole_order),)
