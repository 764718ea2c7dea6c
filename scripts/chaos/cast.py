"""Who takes part in a run, each with a name that says which dice they throw."""

from dataclasses import dataclass

from scripts.chaos.crowd import Actor
from scripts.chaos.neighbours import Neighbour, Vendor
from scripts.chaos.pickers import STAFF, Picker
from scripts.chaos.record import Record
from scripts.chaos.shoppers import Shopper
from scripts.chaos.stage import Stage
from scripts.chaos.trolleys import TrolleyShopper, claim_codes

SHOPPERS, NEIGHBOURS, TROLLEYS = 20, 4, 4


@dataclass(frozen=True)
class Cast:
    """Buyers make checkouts; helpers do what follows from them."""

    shoppers: list[Shopper]
    neighbours: list[Neighbour]
    trolleys: list[TrolleyShopper]
    helpers: list[Actor]

    @property
    def buyers(self) -> list[Actor]:
        return [*self.shoppers, *self.neighbours, *self.trolleys]


def assemble(base: str, record: Record, stage: Stage, seed: int) -> Cast:
    """Register everybody, with cards, wallets and trolleys, while the provider still behaves."""
    carts = _names(seed, "trolley", TROLLEYS)
    codes = claim_codes(base, record, stage, carts)
    return Cast(
        shoppers=[Shopper(base, record, stage, name) for name in _names(seed, "shopper", SHOPPERS)],
        neighbours=[Neighbour(base, record, stage, name) for name in _names(seed, "neighbour", NEIGHBOURS)],
        trolleys=[TrolleyShopper(base, record, stage, *pair) for pair in zip(carts, codes, strict=True)],
        helpers=[*_staff(base, record, stage, seed), Vendor(base, record, f"chaos-{seed}-vendor")],
    )


def _staff(base: str, record: Record, stage: Stage, seed: int) -> list[Picker]:
    branches = (stage.branch, stage.warehouse)
    pairs = zip(STAFF, branches, strict=True)
    return [
        Picker(base, record, f"chaos-{seed}-picker-{branch}", user.email, user.password, branch)
        for user, branch in pairs
    ]


def _names(seed: int, what: str, size: int) -> list[str]:
    return [f"chaos-{seed}-{what}-{number}" for number in range(size)]
