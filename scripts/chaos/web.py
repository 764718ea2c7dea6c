"""gunicorn as in production, or with a checkout that is wrong on purpose."""

from collections.abc import Mapping
from pathlib import Path

from scripts.parts.web import Web

_WRONG = "scripts.chaos.wrong:app"


class ChaosWeb(Web):
    """Two workers of eight threads; `wrong` names what is wrong with the checkout."""

    def __init__(self, log: Path, settings: Mapping[str, str], *, port: int, wrong: str | None) -> None:
        super().__init__(log, {**settings, "WEB_CONCURRENCY": "2", "WEB_THREADS": "8"}, port=port)
        self._wrong = wrong

    def command(self) -> list[str]:
        return [*super().command(), *([_WRONG] if self._wrong else [])]
