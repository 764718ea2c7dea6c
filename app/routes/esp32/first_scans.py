"""What the first trolleys send, who know neither events nor signatures."""

from flask import Blueprint, Response

from app.errors import AuthRequired, Busy
from app.middleware.answers import answer
from app.middleware.device_answers import signed_request
from app.openapi import endpoint
from app.schemas.trolleys import ChangedLine, FirstScanForm, FirstWeighingForm
from app.services.trolleys import first_scans, refusals
from app.services.trolleys.basket import TrolleyFull
from app.services.trolleys.changing import WeighOnTrolley
from app.services.trolleys.goods import ProductNotSold

scans = Blueprint("first_scans", __name__)

_ERRORS = (
    AuthRequired,
    first_scans.DeviceNotProven,
    first_scans.DeviceOff,
    first_scans.ReplayedRequest,
    first_scans.NotThisTrolley,
    first_scans.NobodyConnected,
    refusals.TrolleyNotFound,
    refusals.CartLocked,
    ProductNotSold,
    TrolleyFull,
    Busy,
)


@scans.post("/add_item")
@endpoint(body=FirstScanForm, answers={200: ChangedLine}, errors=(*_ERRORS, WeighOnTrolley))
def add_scanned(body: FirstScanForm) -> Response:
    """Put one piece of a product into the trolley with a number.

    Each request counts: a device that repeats one for want of an answer adds another piece. POST /api/v1/device/ev
    does not.
    """
    return answer(first_scans.add(body, signed_request()))


@scans.post("/update_item")
@endpoint(body=FirstWeighingForm, answers={200: ChangedLine}, errors=(*_ERRORS, first_scans.WeightUnknown))
def weigh_scanned(body: FirstWeighingForm) -> Response:
    """Make what lies in the trolley with a number of a product as much as the weight says; of nothing, none."""
    return answer(first_scans.weigh(body, signed_request()))
