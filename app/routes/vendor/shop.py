"""A vendor's shop: what it is and when it is open."""

from flask import Blueprint, Response

from app.middleware.answers import answer, listed
from app.middleware.guards import current_caller
from app.openapi import endpoint
from app.schemas.envelope import Listed, Message
from app.schemas.pagination import Page
from app.schemas.shops import (
    Holiday,
    HolidayQuery,
    InvalidIsOpen,
    MadeShop,
    MissingShopFields,
    NewShop,
    NoHours,
    OwnShop,
    SavedHours,
    ShopChange,
    ShopSwitch,
    ShownHoliday,
    ShownHours,
    StatusLogEntry,
    SwitchedShop,
    WeeklyHours,
)
from app.services.shops import editing, holidays, hours, making, showing_own, switching
from app.services.shops.own import ShopNotFound

shop = Blueprint("vendor_shop", __name__)


@shop.post("/shop")
@shop.post("/create-shop")
@endpoint(body=NewShop, answers={200: MadeShop}, errors=(MissingShopFields, making.NoVendorProfile, making.ShopExists))
def create_shop(body: NewShop) -> Response:
    """Open one's shop, where one lives. Each vendor has one."""
    return answer(MadeShop(message="Shop created", shop_id=making.create(body, current_caller())))


@shop.post("/shop/edit")
@endpoint(body=ShopChange, answers={200: Message}, errors=(ShopNotFound,))
def edit_shop(body: ShopChange) -> Response:
    """Change one's shop; what is left out stays. `verified` and `featured` are for the office and ignored."""
    editing.change(body, current_caller())
    return answer(Message(message="Shop updated"))


@shop.get("/shop/my")
@endpoint(answers={200: OwnShop}, errors=(ShopNotFound,))
def show_shop() -> Response:
    """Show one's shop."""
    return answer(showing_own.mine(current_caller()))


@shop.post("/shop/hours")
@endpoint(body=WeeklyHours, answers={200: SavedHours}, errors=(NoHours, ShopNotFound))
def set_hours(body: WeeklyHours) -> Response:
    """Replace the hours of the whole week, in SHOP_TIMEZONE. Outside them nobody can order."""
    week = hours.replace(body, current_caller())
    return answer(SavedHours(message="Shop hours updated", weekly_hours=week))


@shop.get("/shop/hours")
@endpoint(answers={200: ShownHours}, errors=(ShopNotFound,))
def show_hours() -> Response:
    """Show the hours of the week."""
    return answer(ShownHours(weekly_hours=hours.mine(current_caller())))


@shop.post("/shop/toggle-status")
@endpoint(body=ShopSwitch, answers={200: SwitchedShop}, errors=(InvalidIsOpen, ShopNotFound))
def toggle_shop(body: ShopSwitch) -> Response:
    """Open or close one's shop. An open one sells within its hours."""
    return answer(_switched(body))


@shop.post("/shop/toggle_status")
@endpoint(
    body=ShopSwitch,
    answers={200: SwitchedShop},
    errors=(InvalidIsOpen, ShopNotFound),
    operation_id="postVendorShopToggleStatusOlder",
)
def toggle_shop_of_older_clients(body: ShopSwitch) -> Response:
    """Open or close one's shop, under the address that older clients know."""
    return answer(_switched(body))


def _switched(body: ShopSwitch) -> SwitchedShop:
    switching.switch(current_caller(), is_open=body.is_open)
    word = "opened" if body.is_open else "closed"
    return SwitchedShop(message=f"Shop marked as {word}", is_open=body.is_open)


@shop.get("/shop/status-log")
@endpoint(query=Page, answers={200: Listed[StatusLogEntry]}, errors=(ShopNotFound,))
def list_status_changes(query: Page) -> Response:
    """List when one's shop was opened and closed, newest first."""
    return listed(*switching.log(query, current_caller()))


@shop.get("/shop/holidays")
@endpoint(answers={200: list[ShownHoliday]}, errors=(ShopNotFound,))
def list_holidays() -> Response:
    """List the days to come on which one's shop is closed."""
    return answer(holidays.coming(current_caller()))


@shop.post("/shop/holidays")
@endpoint(body=Holiday, answers={200: Message}, errors=(holidays.HolidayOutOfReach, ShopNotFound))
def add_holiday(body: Holiday) -> Response:
    """Close one's shop for a day within the coming year."""
    holidays.add(body, current_caller())
    return answer(Message(message="Holiday saved"))


@shop.delete("/shop/holidays")
@endpoint(query=HolidayQuery, answers={200: Message}, errors=(ShopNotFound, holidays.HolidayNotFound))
def remove_holiday(query: HolidayQuery) -> Response:
    """Open one's shop on that day after all."""
    holidays.remove(current_caller(), day=query.day)
    return answer(Message(message="Holiday removed"))
