"""Trolleys that need the staff, where they all are, and baskets that a till takes over."""

from flask import Blueprint, Response

from app.errors import Busy
from app.middleware.answers import answer, listed
from app.middleware.guards import current_caller
from app.openapi import endpoint
from app.schemas.envelope import Listed
from app.schemas.trolley_staff import (
    ExitForm,
    ExitPass,
    HandoffBasket,
    OpenQuery,
    ResolveAssist,
    ShownAssist,
    ShownIncident,
    ShownTrolley,
    TrolleyQuery,
)
from app.services.checkout import errors as checkout
from app.services.checkout.trolley_placing import StaffCheckNeeded, TrolleyNotPayable, WeightMismatch
from app.services.payment_tokens import PaymentTokenNotFound
from app.services.trolleys import assists, exiting, incidents, maintenance, taking_over, watching
from app.services.trolleys.checking_out import NoMeansOfPayment
from app.services.trolleys.till import NotPaid

trolleys = Blueprint("staff_trolleys", __name__)
till = Blueprint("till", __name__)


@trolleys.get("/trolleys")
@endpoint(query=TrolleyQuery, answers={200: Listed[ShownTrolley]})
def list_trolleys(query: TrolleyQuery) -> Response:
    """List the trolleys of your branches as they are now."""
    return listed(*watching.page(query, current_caller()))


@trolleys.post("/trolleys/<int:trolley_id>/release")
@endpoint(answers={200: ShownTrolley}, errors=(maintenance.StaffTrolleyNotFound, maintenance.TrolleyNotReleasable))
def release_trolley(trolley_id: int) -> Response:
    """Release a trolley from maintenance, emptied and looked over; a session still open on it ends."""
    maintenance.release(trolley_id=trolley_id, caller=current_caller())
    return answer(watching.show(trolley_id=trolley_id, caller=current_caller()))


@trolleys.post("/trolleys/<int:trolley_id>/locate")
@endpoint(answers={200: ShownTrolley}, errors=(maintenance.StaffTrolleyNotFound,))
def locate_trolley(trolley_id: int) -> Response:
    """Have a trolley blink and beep, within a minute, so that you find it."""
    maintenance.locate(trolley_id=trolley_id, caller=current_caller())
    return answer(watching.show(trolley_id=trolley_id, caller=current_caller()))


@trolleys.post("/trolleys/exit")
@endpoint(
    body=ExitForm,
    answers={200: ExitPass},
    errors=(
        exiting.ExitUnknown,
        exiting.ExitClosed,
        NotPaid,
        NoMeansOfPayment,
        PaymentTokenNotFound,
        checkout.CartClosed,
        checkout.CartEmpty,
        checkout.CartNotFound,
        checkout.KeyInProgress,
        checkout.KeyReused,
        checkout.PaymentDeclined,
        checkout.PaymentTokenInactive,
        checkout.UnsupportedProvider,
        StaffCheckNeeded,
        TrolleyNotPayable,
        WeightMismatch,
        Busy,
    ),
)
def open_gate(body: ExitForm) -> Response:
    """Let a trolley out, once, that is paid for: by the token on the shopper's phone, or by its device at the gate.

    With `device_id` a basket under review is paid for at the gate, with the shopper's default means of payment.
    """
    return answer(exiting.leave(body, current_caller()))


@trolleys.get("/assist")
@endpoint(query=OpenQuery, answers={200: Listed[ShownAssist]})
def list_assists(query: OpenQuery) -> Response:
    """List the calls of trolleys at your branches for the staff, longest waiting first."""
    return listed(*assists.page(query, current_caller()))


@trolleys.post("/assist/<int:assist_id>/ack")
@endpoint(answers={200: ShownAssist}, errors=(assists.AssistNotFound, assists.AssistResolved, assists.AssistTaken))
def acknowledge_assist(assist_id: int) -> Response:
    """Say that you are on the way to a trolley that called."""
    return answer(assists.acknowledge(assist_id=assist_id, caller=current_caller()))


@trolleys.post("/assist/<int:assist_id>/resolve")
@endpoint(body=ResolveAssist, answers={200: ShownAssist}, errors=(assists.AssistNotFound, assists.AssistResolved))
def resolve_assist(assist_id: int, body: ResolveAssist) -> Response:
    """Settle a call of a trolley; the shopper goes on.

    `accepted` takes the weight as it is for the right one, and passes goods with an age limit; `removed` takes such
    goods out of the basket.
    """
    return answer(assists.resolve(body, assist_id=assist_id, caller=current_caller()))


@trolleys.get("/incidents")
@endpoint(query=OpenQuery, answers={200: Listed[ShownIncident]})
def list_incidents(query: OpenQuery) -> Response:
    """List the incidents with the trolleys of your branches, newest first.

    Copied keys, events that contradict each other or are lost, scans after paying, opened lids, lost trolleys.
    """
    return listed(*incidents.page(query, current_caller()))


@trolleys.post("/incidents/<int:incident_id>/resolve")
@endpoint(answers={200: ShownIncident}, errors=(incidents.IncidentNotFound, incidents.IncidentResolved))
def resolve_incident(incident_id: int) -> Response:
    """Close an incident that was looked into."""
    return answer(incidents.resolve(incident_id=incident_id, caller=current_caller()))


@till.post("/handoff/<code>")
@endpoint(
    answers={200: HandoffBasket},
    errors=(
        taking_over.HandoffUnknown,
        taking_over.HandoffGone,
        TrolleyNotPayable,
        StaffCheckNeeded,
        WeightMismatch,
    ),
)
def take_basket_over(code: str) -> Response:
    """Take a shopper's basket over for payment at the till, by the code on the phone, once.

    The goods are sold and the trolley is free from then on; money is taken at the till alone.
    """
    return answer(taking_over.take_over(code, current_caller()))
