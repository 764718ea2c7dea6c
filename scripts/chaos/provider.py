"""The payment provider as a child of the run: started first, never killed, asked for its books at the end."""

import secrets
import sys
from pathlib import Path
from typing import Any

import httpx

from scripts.parts.child import Child, bare_environment
from scripts.ports import free_port

READ_SECONDS = 1.5
"""How long the shop waits for an answer of the provider (production: 8 s); late ones take half as long again."""
CONNECT_SECONDS = 0.5


class Provider(Child):
    """It behaves until `trouble` is switched on."""

    def __init__(self, folder: Path, shop_url: str, *, seed: int, latency: float) -> None:
        """Webhooks go to the shop at `shop_url`; an authorization takes `latency` seconds after the money is held."""
        super().__init__(folder / "provider.log", environment=bare_environment())
        self.port, self._control = free_port(), free_port()
        self._secret = secrets.token_hex(16)
        self._options = {
            "port": self.port,
            "control": self._control,
            "seed": seed,
            "latency": latency,
            "patience": READ_SECONDS * 1.5,
            "journal": folder / "provider.journal",
            "webhooks": f"{shop_url}/webhooks/payments/stripe",
            "secret": self._secret,
        }

    @property
    def name(self) -> str:
        return "the payment provider"

    def command(self) -> list[str]:
        options = [f"--{name}={value}" for name, value in self._options.items()]
        return [sys.executable, "-m", "scripts.chaos.provider_server", *options]

    def answers(self) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self._control}/", timeout=2).status_code == 200
        except httpx.TransportError:
            return False

    def settings(self) -> dict[str, str]:
        """What makes a shop use this provider, through the adapter it uses for Stripe."""
        return {
            "PAYMENT_PROVIDER": "stripe",
            "STRIPE_API_BASE": f"http://127.0.0.1:{self.port}",
            "STRIPE_SECRET_KEY": "sk_test_of_the_chaos",
            "PAYMENT_WEBHOOK_SECRETS": self._secret,
            "PAYMENT_CONNECT_TIMEOUT": str(CONNECT_SECONDS),
            "PAYMENT_READ_TIMEOUT": str(READ_SECONDS),
        }

    def trouble(self, *, on: bool) -> None:
        """Begin or end to decline, fail, lose, delay and double."""
        self._ask("/trouble", on=int(on))

    def hide(self, seconds: float) -> None:
        """Be unreachable for a moment, connections that are open included."""
        self._ask("/away", seconds=seconds)

    def books(self) -> dict[str, Any]:
        """Every intent with its moves, the mischief done, and the idempotency keys the shop used for two things."""
        return dict(self._ask("/books"))

    def _ask(self, path: str, **form: float) -> Any:
        return httpx.post(f"http://127.0.0.1:{self._control}{path}", data=form, timeout=60).json()
