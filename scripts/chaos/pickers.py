"""The staff: they take orders from the queue, pick them with gaps, pack them, which charges the card, and hand over."""

import time
from typing import Any

from app.services.seed.people import DEMO_USERS
from scripts.chaos.people import Person
from scripts.chaos.record import Record

STAFF = tuple(user for user in DEMO_USERS if user.role in ("EMPLOYEE", "MANAGER"))
_REFUSED = {200, 403, 404, 409}
_TO_PICK = 20
_SHARE = 0.15
"""Of all orders, for the staff to pick: it takes more requests than to buy."""


class Picker(Person):
    """One of the staff; another may be faster at any order."""

    def __init__(self, base: str, record: Record, name: str, email: str, password: str, branch: int) -> None:
        super().__init__(base, record, name)
        self._branch = branch
        self.sign_in(email, password)

    def turn(self) -> None:
        """One order, from the queue to the bag."""
        if len(self.record.ready) > _SHARE * len(self.record.bought):
            time.sleep(1.0)
            return
        query = {"status": "CREATED", "branch_id": self._branch, "limit": _TO_PICK, "picker": "none"}
        waiting = self.ask("GET", "/ops/orders", params=query).data
        if not waiting:
            time.sleep(0.3)
            return
        self._pick(self.chance.choice(waiting)["id"])

    def _pick(self, order_id: int) -> None:
        path = f"/ops/orders/{order_id}"
        claimed = self.ask("POST", f"{path}/claim", json={}, expected=_REFUSED)
        if claimed.status != 200:
            self.record.count("staff: somebody was faster")
            return
        if self._mark(path, claimed.data):
            self.ask("PATCH", f"{path}/status", json={"status": "MISSING"}, expected=_REFUSED)
        self.ask("PATCH", f"{path}/status", json={"status": "READY"}, expected=_REFUSED)
        status = self._status(path)
        self.record.count(f"staff: {status}")
        if status == "READY":
            self.record.ready.add(order_id)
            self._hand_over(path)

    def _mark(self, path: str, order: dict[str, Any]) -> bool:
        """Every line into the bag, but some that are not there; answers whether there was one of these.

        A mark that is sent again marks a line as it is marked already.
        """
        gap = False
        for item in order["items"]:
            is_missing = self.chance.random() < 0.1
            gap |= is_missing
            mark = {"picked_status": "MISSING", "reason": "Shelf empty"} if is_missing else {"picked_status": "PICKED"}
            self.ask("PATCH", f"{path}/items/{item['id']}/picked-status", json=mark, expected=_REFUSED)
        return gap

    def _hand_over(self, path: str) -> None:
        """Half of what is fetched is fetched at once; what is not paid for yet stays here."""
        if self.chance.random() < 0.5:
            done = self.ask("POST", f"{path}/delivered", json={"received_by": "Dana Levi"}, expected=_REFUSED)
            self.record.count("staff: handed over" if done.status == 200 else f"staff: {done.code}")

    def _status(self, path: str) -> str:
        return str(self.ask("GET", path).data["status"])
