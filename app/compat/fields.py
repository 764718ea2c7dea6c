"""Picking the fields an older contract knows out of our answers."""

from typing import Any


class Fields:
    """The fields of an object by name, and of those that are objects themselves what they hold."""

    def __init__(self, names: str, **inside: "Fields") -> None:
        self.names, self.inside = names.split(), inside

    def of(self, value: Any) -> Any:
        """Those fields of an object, or of each object of a list."""
        if isinstance(value, list):
            return [self.of(each) for each in value]
        return {name: self._one(name, value[name]) for name in self.names if name in value}

    def _one(self, name: str, value: Any) -> Any:
        return self.inside[name].of(value) if name in self.inside and value is not None else value
