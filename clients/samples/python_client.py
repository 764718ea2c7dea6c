"""How a Python program uses the client made from the OpenAPI document: `python python_client.py http://127.0.0.1:5000`."""

import sys

from aisle_client import AuthenticatedClient, Client
from aisle_client.api.accounts import post_auth_login
from aisle_client.api.catalog import get_catalog_products_search
from aisle_client.models import LoginRequest


def main(base_url: str) -> None:
    """Search for milk and look at the cart, as the demo customer."""
    anybody = Client(base_url=base_url, raise_on_unexpected_status=True)
    found = get_catalog_products_search.sync_detailed(client=anybody, q="milk", limit=3)
    assert found.status_code == 200, found.content
    print("found:", ", ".join(product.name for product in found.parsed.data))

    form = LoginRequest(email="customer@aisle.example", password="customer-2026")
    signed_in = post_auth_login.sync_detailed(client=anybody, body=form)
    assert signed_in.status_code == 200, signed_in.content
    customer = AuthenticatedClient(base_url=base_url, token=signed_in.parsed.data.access_token)
    assert customer.get_httpx_client().get("/api/v1/cart").status_code == 200
    print("signed in:", signed_in.parsed.data.user.email)


if __name__ == "__main__":
    main(sys.argv[1])
