"""The supermarket's catalog never shows a vendor's item, whatever it has in common with a product.

Items have no category and no barcode today. Here they have both, so that it is not these that keep them out.
"""

from dataclasses import dataclass

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import ProductGtin, SearchWord
from app.services.catalog import vocabulary
from tests.factories import make_category, make_item, make_product, make_shop

CATALOG = "/api/v1/catalog"
GTIN = "04006381333931"


@dataclass
class Shelf:
    """A product of the supermarket and an item of a shop in one category."""

    category_id: int
    product_id: int
    item_id: int


@pytest.fixture
def shelf(session: Session) -> Shelf:
    category = make_category(session)
    product = make_product(session, name="Plain milk", brand="Ours", category_id=category.id)
    shop = make_shop(session)
    item = make_item(session, shop, name="Buffalo milk", brand="Theirs", category_id=category.id, stock=5)
    session.add(ProductGtin(product_id=item.id, gtin=GTIN, shop_id=shop.id))
    vocabulary.rebuild(session)
    session.commit()
    return Shelf(category.id, product.id, item.id)


@pytest.mark.parametrize(
    "path",
    [
        "/products/search",
        "/products/search?q=milk",
        "/products/search?q=buffalo",
        "/products/search?q=bufalo",
        f"/products/search?q={GTIN[1:]}",
        "/products/search?brand=theirs",
        "/products/search?in_stock=true",
        "/products/search?category_id={category}&sort=price_asc",
        "/products/search?q={category}",
        "/products/featured",
        "/categories/{category}/products",
        "/products/autocomplete?q=milk",
        "/products/autocomplete?q=buff",
    ],
)
def test_no_list_holds_an_item_of_a_shop(client: FlaskClient, shelf: Shelf, path: str) -> None:
    answer = client.get(CATALOG + path.format(category=shelf.category_id))

    assert answer.status_code == 200
    data = answer.json["data"]
    found = data["items"] if isinstance(data, dict) else data
    assert {product["id"] for product in found} <= {shelf.product_id}
    assert "uffalo" not in answer.text


def test_the_lists_do_hold_the_product_beside_it(client: FlaskClient, shelf: Shelf) -> None:
    paths = ("/products/search?q=milk", f"/categories/{shelf.category_id}/products", "/products/featured")

    answers = [client.get(CATALOG + path).json["data"] for path in paths]

    assert [[product["id"] for product in found] for found in answers] == [[shelf.product_id]] * 3


def test_facets_count_no_item_of_a_shop(client: FlaskClient, shelf: Shelf) -> None:
    answer = client.get(f"{CATALOG}/products/search?q=milk&facets=true")

    assert "Ours" in answer.text
    assert "Theirs" not in answer.text


def test_neither_page_nor_barcode_lead_to_an_item_of_a_shop(client: FlaskClient, shelf: Shelf) -> None:
    paths = (f"/products/{shelf.item_id}", f"/products/by-gtin/{GTIN[1:]}")

    assert [client.get(CATALOG + path).status_code for path in paths] == [404, 404]


def test_the_vocabulary_has_no_word_of_an_item_of_a_shop(session: Session, shelf: Shelf) -> None:
    vocabulary.add_products(session, [shelf.item_id, shelf.product_id])

    assert set(session.scalars(select(SearchWord.word))) == {"plain", "milk"}
