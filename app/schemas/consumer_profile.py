"""What a consumer tells about themselves."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from app.schemas.envelope import Answer, LenientRequest
from app.schemas.onboarding import Named
from app.schemas.text import BLANK_IS_NONE, Line
from app.schemas.web_address import WebAddress

_FIRST_BIRTHDAY = date(1900, 1, 1)
_LENGTH_OF_DATE = len("1990-05-17")


def _day(value: Any) -> Any:
    """Pydantic would read a number, or the digits of one, as seconds since 1970."""
    if isinstance(value, date) or (isinstance(value, str) and len(value) == _LENGTH_OF_DATE and value[4] == "-"):
        return value
    raise ValueError("must be a date like 1990-05-17")


def _of_the_living(value: date) -> date:
    if not _FIRST_BIRTHDAY <= value < datetime.now(UTC).date():
        raise ValueError("must be in the past, and not before 1900")
    return value


Birthday = Annotated[date, BeforeValidator(_day), AfterValidator(_of_the_living), Field(examples=["1990-05-17"])]


class ConsumerOnboarding(LenientRequest):
    """Everything is optional; blank is as good as absent."""

    example: ClassVar[Mapping[str, Any]] = {
        "flat_number": "B-204",
        "gender": "female",
        "date_of_birth": "1990-05-17",
        "preferred_language": "Marathi",
    }

    flat_number: Annotated[Annotated[Line, StringConstraints(max_length=50)] | None, BLANK_IS_NONE] = None
    profile_image_url: Annotated[Annotated[WebAddress, StringConstraints(max_length=255)] | None, BLANK_IS_NONE] = None
    gender: Annotated[Annotated[Line, StringConstraints(max_length=10)] | None, BLANK_IS_NONE] = None
    date_of_birth: Annotated[Birthday | None, BLANK_IS_NONE] = None
    preferred_language: Annotated[Annotated[Line, StringConstraints(max_length=20)] | None, BLANK_IS_NONE] = None


class ConsumerProfileChange(ConsumerOnboarding):
    """What is absent stays; null or blank takes away, but of name, city and society, which always stay then.

    The phone number is not changed here: it would need a proof.
    """

    example: ClassVar[Mapping[str, Any]] = {"flat_number": "B-205", "society": "Lake View"}

    name: Annotated[Named | None, BLANK_IS_NONE] = None
    city: Annotated[Annotated[Named, StringConstraints(max_length=50)] | None, BLANK_IS_NONE] = None
    society: Annotated[Named | None, BLANK_IS_NONE] = None


class ConsumerProfileAnswer(Answer):
    name: str
    phone: str | None
    city: str | None
    society: str | None
    flat_number: str | None
    profile_image_url: str | None
    gender: str | None
    date_of_birth: date | None
    preferred_language: str | None
