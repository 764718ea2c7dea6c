"""How a Python program uses the client made from the OpenAPI document: `python python_client.py http://127.0.0.1:5000`."""

import sys
from typing import Any

from aisle_client import AuthenticatedClient, Client
from aisle_client.api.accounts import post_auth_login
from aisle_client.api.cart import get_cart
from aisle_client.api.catalog import get_catalog_products_search
from aisle_client.models import LoginRequest


def main(base_url: str) -> None:
    """Search for milk and look at the cart, as the demo customer."""
    anybody = Client(base_url=base_url)
    found = told(get_catalog_products_search.sync_detailed(client=anybody, q="milk", limit=3))
    print("found:", ", ".join(product.name for product in found.data))

    form = LoginRequest(email="customer@aisle.example", password="customer-2026")  # noqa: S106 (the demo shop's)
    signed_in = told(post_auth_login.sync_detailed(client=anybody, body=form))
    customer = AuthenticatedClient(base_url=base_url, token=signed_in.data.access_token)
    cart = told(get_cart.sync_detailed(client=customer))
    print("signed in:", signed_in.data.user.email, "with", cart.data.items_count, "in the cart")


def told(answer: Any) -> Any:
    """What the shop answered, or the end of the program with the reason it gave."""
    if answer.status_code != 200:
        sys.exit(f"{answer.status_code.value}: {answer.content.decode(errors='replace')}")
    return answer.parsed


if __name__ == "__main__":
    main(sys.argv[1])
