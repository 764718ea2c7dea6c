"""How a user wants to be told of things, and the links in mails that need no signing in."""

from flask import Blueprint, Response

from app.middleware.answers import answer, never_stored
from app.middleware.guards import current_caller, current_origin
from app.openapi import File, endpoint
from app.schemas.message_settings import NotificationSettings, NotificationSettingsChange, UnsubscribeQuery
from app.services.messages import preferences, unsubscribing

message_settings = Blueprint("message_settings", __name__)
links = Blueprint("message_links", __name__)

links.after_request(never_stored)

_HTML = "text/html"


@message_settings.get("/notification-settings")
@endpoint(answers={200: NotificationSettings})
def show_notification_settings() -> Response:
    """Show in which language and by which channels the user is told of things."""
    return answer(preferences.show(current_caller()))


@message_settings.patch("/notification-settings")
@endpoint(
    body=NotificationSettingsChange,
    answers={200: NotificationSettings},
    errors=(preferences.AccountMessagesAlwaysOn,),
)
def change_notification_settings(body: NotificationSettingsChange) -> Response:
    """Change language and channels; what is left out stays.

    Messages about the account itself always come. Text messages and WhatsApp go to a phone number that was proven by a
    code, and WhatsApp where the shop has a number there.
    """
    return answer(preferences.change(body, current_caller()))


@links.get("/unsubscribe")
@endpoint(
    query=UnsubscribeQuery,
    answers={200: File(_HTML, "A page with a button.")},
    errors=(unsubscribing.InvalidUnsubscribeLink,),
)
def ask_to_unsubscribe(query: UnsubscribeQuery) -> Response:
    """Ask whether mails of a kind should end: what the link in a mail opens. It changes nothing yet."""
    return Response(unsubscribing.ask(query.token), mimetype=_HTML)


@links.post("/unsubscribe")
@endpoint(
    query=UnsubscribeQuery,
    answers={200: File(_HTML, "A page that says so.")},
    errors=(unsubscribing.InvalidUnsubscribeLink,),
)
def unsubscribe(query: UnsubscribeQuery) -> Response:
    """End mails of a kind with the token of a mail's link, as mail programs do with one click (RFC 8058).

    The body is not read. Doing it again changes nothing.
    """
    return Response(unsubscribing.end(query.token, current_origin()), mimetype=_HTML)
