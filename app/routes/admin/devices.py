"""The fleet of trolleys and the devices on them."""

from flask import Blueprint, Response

from app.middleware.answers import answer, listed
from app.middleware.guards import current_caller
from app.openapi import endpoint
from app.schemas.devices import (
    BeaconsForm,
    BearerToken,
    ClaimCode,
    DeviceChange,
    DeviceList,
    DeviceMade,
    DeviceQuery,
    ManagedDevice,
    NewDevice,
    ShownBeacon,
)
from app.services.branches import BranchNotFound
from app.services.devices import beacons, fleet, provisioning
from app.services.devices.finding import DeviceNotFound

devices = Blueprint("admin_devices", __name__)
device_keys = Blueprint("admin_device_keys", __name__)


@device_keys.after_request
def _never_stored(response: Response) -> Response:
    """Codes and tokens that are shown once stay out of every cache."""
    response.headers["Cache-Control"] = "no-store"
    return response


@devices.get("/devices")
@endpoint(query=DeviceQuery, answers={200: DeviceList})
def list_devices(query: DeviceQuery) -> Response:
    """List the devices on the trolleys with the last that was heard of them."""
    return listed(*fleet.list_devices(query))


@devices.get("/devices/<device_id>")
@endpoint(answers={200: ManagedDevice}, errors=(DeviceNotFound,))
def show_device(device_id: str) -> Response:
    """Show a device, named by its public id or its number."""
    return answer(fleet.show(device_id))


@devices.patch("/devices/<device_id>")
@endpoint(body=DeviceChange, answers={200: ManagedDevice}, errors=(DeviceNotFound, provisioning.DeviceRevoked))
def change_device(body: DeviceChange, device_id: str) -> Response:
    """Suspend or revoke a device, let it in again, or change how often it reports; from its next request on.

    A revoked device comes back only by claiming a new key.
    """
    return answer(fleet.show(provisioning.change(body, current_caller(), name=device_id)))


@devices.get("/branches/<int:branch_id>/beacons")
@endpoint(answers={200: list[ShownBeacon]}, errors=(BranchNotFound,))
def list_beacons(branch_id: int) -> Response:
    """List the radio beacons of a branch."""
    return answer(beacons.list_beacons(branch_id))


@devices.put("/branches/<int:branch_id>/beacons")
@endpoint(body=BeaconsForm, answers={200: list[ShownBeacon]}, errors=(BranchNotFound,))
def put_beacons(body: BeaconsForm, branch_id: int) -> Response:
    """Replace the radio beacons of a branch, by which its trolleys are found."""
    return answer(beacons.put(body, current_caller(), branch_id=branch_id))


@device_keys.post("/devices")
@endpoint(
    body=NewDevice,
    answers={201: DeviceMade},
    errors=(BranchNotFound, provisioning.DeviceExists, provisioning.TrolleyTaken),
)
def create_device(body: NewDevice) -> Response:
    """Register a device on a trolley and get the code by which it claims its key.

    The trolley is made where the branch has none with that label. The code is shown this once, good for 15 minutes.
    """
    return answer(provisioning.create(body, current_caller()), status=201)


@device_keys.post("/devices/<device_id>/claim-code")
@endpoint(answers={201: ClaimCode}, errors=(DeviceNotFound,))
def renew_claim_code(device_id: str) -> Response:
    """Get a new claim code for a device, good once and for 15 minutes.

    The key in use stays good until the device claims with it.
    """
    return answer(provisioning.renew_code(current_caller(), name=device_id), status=201)


@device_keys.post("/devices/<device_id>/rotate")
@endpoint(
    answers={200: ManagedDevice},
    errors=(
        DeviceNotFound,
        provisioning.DeviceRevoked,
        provisioning.DeviceNotClaimed,
        provisioning.RotationUnderWay,
    ),
)
def rotate_key(device_id: str) -> Response:
    """Have a device change to its next key.

    It hears of it with its next answer. Not for a key that leaked, as the next one follows from it: revoke the device
    and let it claim anew.
    """
    return answer(fleet.show(provisioning.rotate(current_caller(), name=device_id)))


@device_keys.post("/devices/<device_id>/bearer")
@endpoint(answers={201: BearerToken}, errors=(DeviceNotFound, provisioning.DeviceRevoked))
def allow_bearer(device_id: str) -> Response:
    """Let a device in with a token instead of signatures, for firmware too simple to sign.

    The token is shown this once. Whoever reads it has it, so TLS is a must.
    """
    return answer(provisioning.allow_bearer(current_caller(), name=device_id), status=201)


@device_keys.delete("/devices/<device_id>/bearer")
@endpoint(answers={200: ManagedDevice}, errors=(DeviceNotFound,))
def forbid_bearer(device_id: str) -> Response:
    """Void the token of a device."""
    return answer(fleet.show(provisioning.forbid_bearer(current_caller(), name=device_id)))
