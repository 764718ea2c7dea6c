"""What the web processes hold once everything has been asked of them."""

from scripts.bench.cases.case import Case
from scripts.bench.cases.catalog import LIST, PRODUCTS
from scripts.bench.cases.shopping import ADD, ORDERS
from scripts.bench.figures import Figure, at_most
from scripts.bench.people import signed_in
from scripts.bench.processes import can_tell, proportional_mib
from scripts.bench.stage import Stage
from scripts.bench.traffic import http, turned

_CONNECTIONS = 32


def memory(stage: Stage) -> list[Figure]:
    """After a mixed load on twice as many connections as there are threads; nothing where the system does not tell."""
    if not can_tell():
        return []
    words, goods = stage.world.words, stage.world.products
    requests = [
        request
        for place, shopper in enumerate(signed_in(stage.world.users[130 : 130 + _CONNECTIONS]))
        for request in (
            http("GET", LIST),
            http("GET", f"{PRODUCTS}/{goods[place]}"),
            http("GET", f"{PRODUCTS}/search?q={words[place % len(words)]}"),
            http("GET", ORDERS, token=shopper.token),
            http("POST", ADD, token=shopper.token, body={"product_id": goods[place], "quantity": 1}),
        )
    ]
    stage.job(stage.web.port, turned(requests, _CONNECTIONS), expected=frozenset({200, 201}))
    mib = proportional_mib([stage.web.pid])
    return [Figure("memory", "all web processes after load, PSS", mib, "MiB", at_most(200))]


CASES = (Case("memory", "memory of the web processes", memory),)
