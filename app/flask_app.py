"""Flask itself, without what only applications of other kinds need."""

from collections.abc import Callable
from functools import cached_property
from typing import Any

from flask import Flask
from werkzeug.routing import Rule


class AddressRule(Rule):
    """How the address of a route is read; how it is written is worked out only when somebody asks for one.

    Werkzeug generates two functions for every rule that write its address for `url_for`. Of 400 rules they were a sixth
    of the whole start, and the API hands out hardly an address.
    """

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., Any]:
        def write(rule: "AddressRule", **values: Any) -> Any:
            writer = rule._writer_with_query if append_unknown else rule._writer
            return writer(rule, **values)

        return write

    @cached_property
    def _writer(self) -> Callable[..., Any]:
        return super()._compile_builder(append_unknown=False)

    @cached_property
    def _writer_with_query(self) -> Callable[..., Any]:
        return super()._compile_builder(append_unknown=True)


class FlaskApp(Flask):
    """The application. None of its views is a coroutine, which Flask would ask of ten functions in every request."""

    url_rule_class = AddressRule

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """The function as it is."""
        return func
