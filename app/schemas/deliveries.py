"""The driver's steps."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import StringConstraints, model_validator

from app.schemas.envelope import Printable, Request, RowId
from app.schemas.picking import Reason


class DriverRequest(Request):
    """Who drives: somebody of the staff who works at the order's branch."""

    example: ClassVar[Mapping[str, Any]] = {"driver_id": 3}

    driver_id: RowId


class HandOverRequest(Request):
    """Proof of the hand-over: who took it, a reference to a photo, or both."""

    example: ClassVar[Mapping[str, Any]] = {"received_by": "Noa Levi"}

    received_by: Annotated[Printable, StringConstraints(min_length=2, max_length=128)] | None = None
    photo_reference: Annotated[Printable, StringConstraints(min_length=1, max_length=255)] | None = None

    @model_validator(mode="after")
    def _some_proof(self) -> "HandOverRequest":
        if self.received_by is None and self.photo_reference is None:
            raise ValueError("send received_by, photo_reference or both")
        return self


class FailedAttemptRequest(Request):
    example: ClassVar[Mapping[str, Any]] = {"reason": "Nobody at home"}

    reason: Reason
