"""Around the shop: shipping information for everyone, wishlist and notifications for the signed-in user."""

from flask import Blueprint, Response

from app.middleware.answers import answer
from app.middleware.guards import current_caller
from app.openapi import endpoint
from app.schemas.notifications import NotificationAnswer, Notifications, ReadNotifications
from app.schemas.pagination import CursorPage
from app.schemas.shipping import ShippingInfo
from app.schemas.wishlist import NewWish, RemovedWish, Wish, Wishlist
from app.services import notifications, shipping, wishlist

public = Blueprint("store_public", __name__)
mine = Blueprint("store_mine", __name__)


@public.get("/shipping-info")
@endpoint(answers={200: ShippingInfo})
def shipping_info() -> Response:
    """Tell how goods reach the customer, and how they come back."""
    return answer(shipping.info())


@mine.get("/wishlist")
@endpoint(query=CursorPage, answers={200: Wishlist})
def show_wishlist(query: CursorPage) -> Response:
    """List the wished products, newest first."""
    return answer(wishlist.show(query, current_caller()))


@mine.post("/wishlist")
@endpoint(body=NewWish, answers={200: Wish}, errors=(wishlist.WishedProductNotFound,))
def add_wish(body: NewWish) -> Response:
    """Put a product on the wishlist; a second time changes its note alone."""
    return answer(wishlist.add(body, current_caller()))


@mine.delete("/wishlist/<int:product_id>")
@endpoint(answers={200: RemovedWish})
def remove_wish(product_id: int) -> Response:
    """Take a product off the wishlist, whether or not it was there."""
    return answer(wishlist.remove(current_caller(), product_id=product_id))


@mine.get("/notifications")
@endpoint(query=CursorPage, answers={200: Notifications})
def show_notifications(query: CursorPage) -> Response:
    """List the notifications, newest first, and count the unread ones."""
    return answer(notifications.show(query, current_caller()))


@mine.post("/notifications/<int:notification_id>/read")
@endpoint(answers={200: NotificationAnswer}, errors=(notifications.NotificationNotFound,))
def read_notification(notification_id: int) -> Response:
    """Mark one notification as read."""
    return answer(notifications.mark_read(current_caller(), notification_id=notification_id))


@mine.post("/notifications/read-all")
@endpoint(answers={200: ReadNotifications})
def read_all_notifications() -> Response:
    """Mark every notification as read."""
    return answer(notifications.mark_all_read(current_caller()))
