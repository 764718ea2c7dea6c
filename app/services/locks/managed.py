"""What managers edit: the category tree, branches, delivery slots with their dates, recipes, settings.

Tree, branch, slot, recipe, way to eat and settings are each the first lock of their transaction; the dates of a slot
follow the slot.
"""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import BigInteger, Date, bindparam, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.domain.enums import LocationKind
from app.models import DeliverySlot, FoodType, GlobalSettings, Recipe, SlotOccurrence, StockLocation

_TREE = text("SELECT pg_advisory_xact_lock(hashtextextended('category tree', 0))")


def category_tree(session: Session) -> None:
    """Let one transaction at a time change categories, so that no two moves make a circle together."""
    session.execute(_TREE)


_BRANCH = (
    select(StockLocation)
    .where(StockLocation.id == bindparam("branch_id", type_=BigInteger), StockLocation.kind != LocationKind.SHOP)
    .with_for_update(key_share=True)
    .execution_options(populate_existing=True)
)


def branch(session: Session, *, branch_id: int) -> StockLocation | None:
    """A store or warehouse, locked; None for a vendor's shop."""
    return session.execute(_BRANCH, {"branch_id": branch_id}).scalar_one_or_none()


_SLOT = (
    select(DeliverySlot)
    .where(DeliverySlot.id == bindparam("slot_id", type_=BigInteger))
    .with_for_update(key_share=True)
    .execution_options(populate_existing=True)
)


def delivery_slot(session: Session, *, slot_id: int) -> DeliverySlot | None:
    """A weekly delivery window, locked."""
    return session.execute(_SLOT, {"slot_id": slot_id}).scalar_one_or_none()


_OCCURRENCES = (
    select(SlotOccurrence)
    .where(
        SlotOccurrence.slot_id == bindparam("slot_id", type_=BigInteger),
        SlotOccurrence.delivery_date >= bindparam("first_day", type_=Date),
    )
    .order_by(SlotOccurrence.id)
    .with_for_update(key_share=True)
    .execution_options(populate_existing=True)
)


def occurrences_from(session: Session, *, slot_id: int, first_day: date) -> Sequence[SlotOccurrence]:
    """The dates of a window from a day on that have been booked or set, locked in order of their ids."""
    return session.execute(_OCCURRENCES, {"slot_id": slot_id, "first_day": first_day}).scalars().all()


def slot_day(session: Session, *, slot_id: int, day: date, capacity: int) -> SlotOccurrence:
    """One date of a locked window, made with the given capacity if need be, locked too."""
    made = insert(SlotOccurrence).values(slot_id=slot_id, delivery_date=day, capacity=capacity)
    session.execute(made.on_conflict_do_nothing())
    statement = select(SlotOccurrence).where(SlotOccurrence.slot_id == slot_id, SlotOccurrence.delivery_date == day)
    locked = statement.with_for_update(key_share=True).execution_options(populate_existing=True)
    return session.execute(locked).scalar_one()


def global_settings(session: Session) -> GlobalSettings:
    """The one row of settings, locked."""
    statement = select(GlobalSettings).with_for_update(key_share=True)
    return session.execute(statement.execution_options(populate_existing=True)).scalar_one()


def recipe(session: Session, *, recipe_id: int) -> Recipe | None:
    """A recipe, locked."""
    statement = select(Recipe).where(Recipe.id == recipe_id).with_for_update(key_share=True)
    return session.execute(statement.execution_options(populate_existing=True)).scalar_one_or_none()


def food_type(session: Session, *, food_type_id: int) -> FoodType | None:
    """A way to eat, locked."""
    statement = select(FoodType).where(FoodType.id == food_type_id).with_for_update(key_share=True)
    return session.execute(statement.execution_options(populate_existing=True)).scalar_one_or_none()
