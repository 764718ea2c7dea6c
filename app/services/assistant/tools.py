"""What a language model may look up: the assistant's facts, for the caller and nobody else.

The model names a tool and its arguments; whose data it is comes from the request. What it is told is data of strangers
(names of items, messages of shops), so whatever stands in there can change its wording at most: there is no tool that
does anything, and none that knows of another person.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import to_json, to_jsonable_python

from app.clients.llm import ToolCall
from app.domain.caller import Caller
from app.domain.search_text import words
from app.schemas.envelope import Printable, RowId
from app.services.assistant import facts

LONGEST_ARGUMENTS = 1000
LONGEST_RESULT = 6000
LONGEST_TEXT = 160
"""Characters of any one text in a result."""
_MOST_WORDS = 6


class Nothing(BaseModel):
    """No arguments."""

    model_config = ConfigDict(extra="forbid")


class Wanted(Nothing):
    """What to look for; nothing for all."""

    words: Annotated[Printable, Field(max_length=80, description="words of the name, empty for any")] = ""

    @property
    def each(self) -> list[str]:
        return words(self.words)[:_MOST_WORDS]


class WantedItems(Wanted):
    max_price: Annotated[Decimal | None, Field(ge=0, le=9_999_999, description="highest price")] = None


class WantedOrder(Nothing):
    order_id: Annotated[RowId | None, Field(description="one of the user's orders; none for the last ones")] = None


@dataclass(frozen=True)
class Tool:
    """A named look-up."""

    name: str
    description: str
    arguments: type[BaseModel]
    look_up: Callable[[Caller, Any], Any]

    NOT_DONE: ClassVar[str] = '{"error": "no such tool, or arguments it does not take"}'

    @property
    def declared(self) -> dict[str, Any]:
        """The tool in the words of the chat completions API."""
        schema = self.arguments.model_json_schema()
        function = {"name": self.name, "description": self.description, "parameters": schema}
        return {"type": "function", "function": function}


TOOLS = {
    tool.name: tool
    for tool in (
        Tool(
            "search_items",
            "Items in stock now at shops that serve the user, open shops and cheap items first.",
            WantedItems,
            lambda caller, given: facts.items(caller, wanted=given.each, max_price=given.max_price),
        ),
        Tool(
            "search_offers",
            "Items below their maker's price (mrp) at shops that serve the user.",
            WantedItems,
            lambda caller, given: facts.items(caller, wanted=given.each, max_price=given.max_price, only_offers=True),
        ),
        Tool("my_cart", "The user's cart.", Nothing, lambda caller, _: facts.cart(caller)),
        Tool(
            "my_orders",
            "The user's last orders and their states.",
            WantedOrder,
            lambda caller, given: facts.orders(caller, order_id=given.order_id),
        ),
        Tool("my_messages", "The last messages about the user's orders.", Nothing, lambda c, _: facts.messages(c)),
        Tool("my_wallet", "What is in the user's wallet.", Nothing, lambda caller, _: facts.wallet(caller)),
        Tool(
            "shops",
            "Shops that serve the user, whether they are open, and today's hours.",
            Wanted,
            lambda caller, given: facts.shops(caller, wanted=given.each),
        ),
    )
}


def declarations() -> list[dict[str, Any]]:
    """All tools, as the model is told of them."""
    return [tool.declared for tool in TOOLS.values()]


def run(call: ToolCall, caller: Caller) -> str:
    """What the model is answered: JSON of bounded length, marked as data."""
    tool = TOOLS.get(call.name)
    if tool is None or len(call.arguments) > LONGEST_ARGUMENTS:
        return Tool.NOT_DONE
    try:
        given = tool.arguments.model_validate_json(call.arguments.strip() or "{}")
    except ValidationError:
        return Tool.NOT_DONE
    return _as_data(tool.look_up(caller, given))


def _as_data(found: Any) -> str:
    rows = found if isinstance(found, list) else [found]
    while True:
        text = to_json({"untrusted_data": _short(to_jsonable_python(rows))}).decode()
        if len(text) <= LONGEST_RESULT or not rows:
            return text
        rows = rows[:-1]


def _short(value: Any) -> Any:
    """A value as JSON knows it, with every text in it cut."""
    if isinstance(value, str):
        return value[:LONGEST_TEXT]
    if isinstance(value, list):
        return [_short(one) for one in value]
    if isinstance(value, dict):
        return {name: _short(one) for name, one in value.items()}
    return value
