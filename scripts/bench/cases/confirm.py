"""The confirm: beside its floor, with many products and with five; and with a provider that takes its time.

`pgbench` says what the floor is. Carts are filled beforehand. Nobody acts on the events that confirms write: in
production that is Celery's work, in processes of its own.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from scripts.bench import pgbench
from scripts.bench.buyers import CONFIRM, CREATED, DEMO_CARD, Basket, Buyers, buyers_of, hot, wide
from scripts.bench.cases.case import Case
from scripts.bench.counting import counted
from scripts.bench.figures import Figure, at_least
from scripts.bench.inside_lock import InsideLock
from scripts.bench.rounds import Round, Side, against_floor, alternate, summed_up
from scripts.bench.stage import Stage
from scripts.bench.traffic import Load
from scripts.drills.running import PromiseBroken
from scripts.parts.web import Web

AT_ONCE = 16
SLOW_AT_ONCE = 64
SLOW_THREADS = 32
SLOW_MS = 200


@dataclass
class Shopping:
    """One basket for everybody, bought again and again, by whichever side."""

    buyers: Buyers
    basket: Basket
    carts: list[int] = field(default_factory=list)
    requests: list[bytes] = field(default_factory=list)

    def refill(self) -> None:
        self.carts = self.buyers.fill(self.basket)
        self.requests = self.buyers.confirms(self.carts)

    def over_http(self, port: int, at_once: int) -> Load:
        """Every buyer's confirm."""
        return self.buyers.send(port, self.requests, at_once, CREATED)

    def by_steps(self) -> Load:
        """The same rows by pgbench."""
        slots, stage = self.buyers.slots, self.buyers.stage
        told = {
            "first_cart": self.carts[0],
            "first_slot": slots[0],
            "slots": len(slots),
            "warehouse": stage.world.warehouse_id,
        }
        return pgbench.run(stage.database, pgbench.Steps(AT_ONCE, len(self.carts) // AT_ONCE, told))


def against_pgbench(stage: Stage) -> list[Figure]:
    """Wide and hot, sixteen buyers at once."""
    buyers = buyers_of(stage, AT_ONCE * (4 if stage.options.is_short else 25))
    sent = float(statements_of_a_confirm(buyers))
    return [
        _beside_the_floor("wide", Shopping(buyers, wide(stage)), 0.65, sent),
        _beside_the_floor("hot", Shopping(buyers, hot(stage)), 1.5, sent),
    ]


def _beside_the_floor(name: str, shopping: Shopping, least: float, sent: float) -> Figure:
    stage, web = shopping.buyers.stage, shopping.buyers.stage.web
    sides = {
        "floor": Side(shopping.by_steps, None, shopping.refill),
        "ours": Side(lambda: shopping.over_http(web.port, AT_ONCE), web.pid, shopping.refill),
    }
    rounds = alternate(stage, sides)
    return against_floor("confirm", f"confirm over HTTP, {name}", rounds, at_least(least), statements=sent)


def statements_of_a_confirm(buyers: Buyers) -> int:
    """The statements of one confirm of five lines, counted in process; the sign-in check and the sandbox's included."""
    stage = buyers.stage
    client, carts = stage.app.test_client(), buyers.fill(hot(stage))
    body = {"payment_token_id": DEMO_CARD, "fulfillment_type": "PICKUP", "branch_id": stage.world.branch_id}
    for shopper, cart in zip(buyers.shoppers[:2], carts, strict=False):  # the first opens the connections
        headers = {"Authorization": f"Bearer {shopper.token}", "Idempotency-Key": f"counted-{cart}"}
        with counted() as seen:
            answer = client.post(CONFIRM, json={**body, "cart_id": cart}, headers=headers)
        if answer.status_code != 201:
            raise PromiseBroken(f"a confirm answered {answer.status_code}: {answer.text[:200]}")
    return len(seen)


def slow_provider(stage: Stage) -> list[Figure]:
    """The same five products for everybody, and a provider of 200 ms: asked after the commit, or inside the lock.

    The wait is over the sandbox, on both sides alike. Who waits for a provider keeps a thread: two workers of eight
    would allow eighty answers a second, so that both have 32 here (WEB_THREADS), one for each of the 64 buyers. Inside
    the lock one sale follows the other whatever there is of both; only eight buyers then stand in line, as a longer
    line than three seconds is refused.
    """
    buyers = buyers_of(stage, 8 if stage.options.is_short else SLOW_AT_ONCE * 6)
    few = Buyers(stage, buyers.shoppers[: 8 if stage.options.is_short else 24])
    shopping, waiting = Shopping(buyers, hot(stage)), Shopping(few, hot(stage))
    threads = str(SLOW_THREADS)
    with (
        stage.web_with("slow", WEB_THREADS=threads, SANDBOX_PAYMENT_LATENCY_MS=str(SLOW_MS)) as after,
        _inside_lock(stage, WEB_THREADS=threads) as inside,
    ):
        rounds = alternate(
            stage,
            {
                "inside": Side(lambda: waiting.over_http(inside.port, 8), inside.pid, waiting.refill),
                "after": Side(lambda: shopping.over_http(after.port, SLOW_AT_ONCE), after.pid, shopping.refill),
            },
        )
    return [_times(rounds["after"], rounds["inside"])]


@contextmanager
def _inside_lock(stage: Stage, **settings: str) -> Iterator[Web]:
    told = {**stage.settings, **settings, "BENCH_INSIDE_LOCK_MS": str(SLOW_MS)}
    with InsideLock(stage.folder / "inside-lock.log", told) as web:
        yield web


def _times(after: Sequence[Round], inside: Sequence[Round]) -> Figure:
    times = [a.load.rate / b.load.rate for a, b in zip(after, inside, strict=True)]
    ours = summed_up(after)
    return Figure(
        case="slow-provider",
        title="provider of 200 ms: times payment inside lock",
        value=sorted(times)[len(times) // 2],
        unit="x",
        promise=at_least(35),
        spread=(min(times), max(times)),
        ours=ours,
        floor=summed_up(inside),
        more={"threads of a worker": SLOW_THREADS, "buyers": SLOW_AT_ONCE},
    )


CASES = (
    Case("confirm", "confirm over HTTP, wide and hot, beside pgbench", against_pgbench),
    Case("slow-provider", "confirm with a provider of 200 ms, beside the payment inside the lock", slow_provider),
)
