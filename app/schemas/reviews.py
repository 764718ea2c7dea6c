"""What buyers say of products."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field, StringConstraints

from app.schemas.envelope import NOT_A_TRUTH, Answer, Instant, Printable, Request
from app.schemas.money import Number
from app.schemas.pagination import CursorPage


class ReviewForm(Request):
    example: ClassVar[Mapping[str, Any]] = {
        "rating": 5,
        "title": "Just right",
        "body": "Crisp and sweet, and the box came full.",
    }

    rating: Annotated[int, Field(ge=1, le=5, examples=[4]), NOT_A_TRUTH]
    title: Annotated[Printable, StringConstraints(max_length=120)] | None = None
    body: Annotated[Printable, StringConstraints(max_length=2000)] | None = None


class ReviewQuery(CursorPage):
    pass


class Review(Answer):
    """`author_name` is the first name and an initial."""

    id: int
    rating: int
    title: str | None
    body: str | None
    author_name: str
    created_at: Instant


class Reviews(Answer):
    """A page of reviews and, over all of them, the average rating (null without reviews) and the number."""

    items: list[Review]
    rating_average: Number | None
    rating_count: int
    limit: int
    next_cursor: str | None
