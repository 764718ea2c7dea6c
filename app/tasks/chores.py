"""What is done again and again without anybody asking, whoever does it: the loop beside the web, or Celery."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask

from app.services.catalog.price_sweep import sweep_prices
from app.services.figures.counting import count_due
from app.services.payments.sweeper import sweep
from app.services.relay import relay_due
from app.services.reservations import expire_due
from app.services.retention import running as retention
from app.services.shop_orders.canceling import cancel_unanswered
from app.services.trolleys import sweeping
from app.services.wallets.maturing import mature_due
from app.tasks.senders import send_due
from app.working import failed, look

log = logging.getLogger("aisle.background")

RELAY_BATCH = 50
UNANSWERED_SECONDS = 15.0
RELAY_SECONDS = 1.0
WEBHOOK_SECONDS = 1.0
SWEEP_SECONDS = 5.0
MATURE_SECONDS = 60.0
COUNT_SECONDS = 15.0
RETENTION_SECONDS = 86_400.0


@dataclass
class Chore:
    """Something to do every `seconds`; `due` is a moment of the monotonic clock."""

    name: str
    seconds: float
    work: Callable[[], object]
    due: float = 0.0

    def run(self, app: Flask) -> None:
        """One pass. A failure ends nothing: the next pass tries again."""
        attempt(app, self.name, self.work)
        self.due = time.monotonic() + self.seconds


def attempt(app: Flask, name: str, work: Callable[[], object]) -> None:
    """Do something in an application context; a failure is logged and forgotten."""
    look(f"chore {name}", lambda: _attempt(app, name, work))


def _attempt(app: Flask, name: str, work: Callable[[], object]) -> object:
    try:
        with app.app_context():
            return work()
    except Exception as error:
        failed(error)
        log.exception("background work failed", extra={"chore": name})
        return None


def chores() -> list[Chore]:
    """All of them."""
    return [
        Chore("relay", RELAY_SECONDS, lambda: relay_due(RELAY_BATCH)),
        Chore("webhooks", WEBHOOK_SECONDS, send_due),
        Chore("sweep", SWEEP_SECONDS, sweep),
        Chore("prices", SWEEP_SECONDS, sweep_prices),
        Chore("earnings", MATURE_SECONDS, mature_due),
        Chore("reservations", SWEEP_SECONDS, expire_due),
        Chore("trolleys", SWEEP_SECONDS, sweeping.sweep),
        Chore("unanswered", UNANSWERED_SECONDS, cancel_unanswered),
        Chore("figures", COUNT_SECONDS, count_due),
        Chore("retention", RETENTION_SECONDS, retention.daily),
    ]
