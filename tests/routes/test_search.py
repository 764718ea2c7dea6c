"""Search, its forgiveness and its order, and autocomplete."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.search_text import normalise, one_character_deletions
from app.models import ProductGtin, SearchDeletion, SearchWord
from app.services.catalog import vocabulary
from tests.factories import make_category, make_location, make_product

SEARCH = "/api/v1/catalog/products/search"
AUTOCOMPLETE = "/api/v1/catalog/products/autocomplete"
RANGE = (
    "Whole Milk 3%",
    "Dark Chocolate",
    "Crème Brûlée",
    "חָלָב טרי",
    "हिन्दी दूध",
    "Coca-Cola Zero",
    "7up Lemon",
    "Pineapple Juice",
)


@pytest.fixture
def shop(session: Session) -> None:
    """A small range whose words the vocabulary knows."""
    category = make_category(session)
    for name in RANGE:
        make_product(session, name=name, category_id=category.id)
    vocabulary.rebuild(session)
    session.commit()


def found(client: FlaskClient, q: str, **query: Any) -> list[str]:
    answer = client.get(SEARCH, query_string={"q": q, **query})
    assert answer.status_code == 200, answer.json
    return [product["name"] for product in answer.json["data"]]


@pytest.mark.parametrize(
    ("q", "name"),
    [
        ("milk", "Whole Milk 3%"),
        ("MILK whole", "Whole Milk 3%"),
        ("  mil  ", "Whole Milk 3%"),
        ("choc", "Dark Chocolate"),
        ("da choc", "Dark Chocolate"),
        ("creme brulee", "Crème Brûlée"),
        ("CRÈME", "Crème Brûlée"),
        ("חלב", "חָלָב טרי"),
        ("חָלָב", "חָלָב טרי"),
        ("דלב", "חָלָב טרי"),
        ("दूध", "हिन्दी दूध"),
        ("coca cola", "Coca-Cola Zero"),
        ("7up", "7up Lemon"),
        ("mlik", "Whole Milk 3%"),
        ("mikl", "Whole Milk 3%"),
        ("millk", "Whole Milk 3%"),
        ("mjlk", "Whole Milk 3%"),
        ("mlk", "Whole Milk 3%"),
        ("choclate", "Dark Chocolate"),
        ("drak chocolte", "Dark Chocolate"),
        ("apple", "Pineapple Juice"),
        ("eappl", "Pineapple Juice"),
        ("olat", "Dark Chocolate"),
    ],
)
def test_words_beginnings_typos_and_parts_of_words_find_the_product(
    client: FlaskClient, shop: None, q: str, name: str
) -> None:
    assert found(client, q) == [name]


@pytest.mark.parametrize("q", ["milk chocolate", "zebra", "xq", "ml", "9999999", "4006381333931"])
def test_what_nobody_sells_is_not_found(client: FlaskClient, shop: None, q: str) -> None:
    assert found(client, q) == []


@pytest.mark.parametrize("q", ["", "   "])
def test_an_empty_query_lists_everything(client: FlaskClient, shop: None, q: str) -> None:
    assert len(found(client, q)) == len(RANGE)


@pytest.mark.parametrize(
    "q", ["%", "_", "'", '"', "\\", "!!!", "🍎", "&|!():*<->", "' OR 1=1 --", "%%%", "milk' & !x", ":*", "\\'", "((("]
)
def test_signs_are_harmless_and_never_wildcards(client: FlaskClient, shop: None, q: str) -> None:
    assert len(found(client, q)) <= 1


def test_an_unknown_word_is_still_found_as_typed(client: FlaskClient, shop: None, session: Session) -> None:
    make_product(session, name="Milq Deluxe")

    assert "Milq Deluxe" in found(client, "milq")


def test_many_words_and_long_words_are_bounded(client: FlaskClient, shop: None) -> None:
    assert found(client, "a " * 99) == []
    assert found(client, "m" * 200) == []


def test_names_come_before_texts_whole_words_before_beginnings_and_short_names_before_long(
    client: FlaskClient, session: Session
) -> None:
    for name, text in (
        ("Cookies with milk and honey", ""),
        ("Biscuit", "milk"),
        ("Milkshake", ""),
        ("Milk", ""),
    ):
        make_product(session, name=name, search_text=normalise(text))
    vocabulary.rebuild(session)
    session.commit()

    order = found(client, "milk")

    assert order == ["Milk", "Cookies with milk and honey", "Milkshake", "Biscuit"]


def test_a_named_sort_order_wins_over_relevance(client: FlaskClient, session: Session) -> None:
    make_product(session, name="Milk", price=9)
    make_product(session, name="Milk in a long name", price=2)

    assert found(client, "milk") == ["Milk", "Milk in a long name"]
    assert found(client, "milk", sort="price") == ["Milk in a long name", "Milk"]


def test_search_and_filters_combine(client: FlaskClient, session: Session) -> None:
    branch = make_location(session)
    make_product(session, name="Milk", price=9, stock={branch: 1})
    make_product(session, name="Milk bio", price=12, is_organic=True)

    assert found(client, "milk", organic_only="true") == ["Milk bio"]
    assert found(client, "milk", max_price=10) == ["Milk"]
    assert found(client, "milk", in_stock="true", branchId=branch.id) == ["Milk"]


def test_a_barcode_finds_its_product(client: FlaskClient, shop: None, session: Session) -> None:
    product = make_product(session, name="Pencil")
    session.add(ProductGtin(product_id=product.id, gtin="04006381333931"))
    session.commit()

    assert found(client, "4006381333931") == ["Pencil"]


def test_the_id_of_a_category_finds_its_products_first(client: FlaskClient, session: Session) -> None:
    category = make_category(session)
    child = make_category(session, parent_id=category.id)
    make_product(session, name=f"Beans {category.id}")
    make_product(session, name=f"Beans {category.id}00 g")
    make_product(session, name="Tofu", category_id=category.id)
    make_product(session, name="Tempeh with a long name", category_id=child.id)

    first_page = found(client, str(category.id))

    assert set(first_page[:2]) == {"Tofu", "Tempeh with a long name"}
    assert first_page[2:] == [f"Beans {category.id}"]


def test_rebuilding_the_vocabulary_counts_products_and_forgets_words(session: Session) -> None:
    milk = make_product(session, name="Milk milk")
    make_product(session, name="Milk bread")
    make_product(session, name="Hidden", is_active=False)
    vocabulary.rebuild(session)
    milk.is_active = False
    session.commit()

    total = vocabulary.rebuild(session)

    counts = {row.word: row.documents for row in session.execute(select(SearchWord.word, SearchWord.documents))}
    assert counts == {"milk": 1, "bread": 1}
    assert total == 2
    deletions = session.execute(select(SearchDeletion.deletion).where(SearchDeletion.word == "milk")).scalars().all()
    assert set(deletions) == one_character_deletions("milk")


def test_rebuilding_twice_changes_nothing(session: Session, shop: None) -> None:
    before = session.execute(select(func.count()).select_from(SearchDeletion)).scalar_one()

    vocabulary.rebuild(session)

    assert session.execute(select(func.count()).select_from(SearchDeletion)).scalar_one() == before


def test_a_new_product_brings_its_words(client: FlaskClient, shop: None, session: Session) -> None:
    product = make_product(session, name="Aubergine")

    vocabulary.add_products(session, [product.id])
    session.commit()

    assert found(client, "aubregine") == ["Aubergine"]


def test_autocomplete_completes_the_last_word(client: FlaskClient, shop: None, session: Session) -> None:
    make_product(session, name="Dark Cherries")
    vocabulary.rebuild(session)
    session.commit()

    body = client.get(AUTOCOMPLETE, query_string={"q": "dark ch"}).json["data"]

    assert [item["name"] for item in body["items"]] == ["Dark Cherries", "Dark Chocolate"]
    assert body["words"] == ["cherries", "chocolate"]
    assert set(body["items"][0]) == {"id", "name"}
    assert (body["total"], body["limit"], body["offset"]) == (2, 10, 0)


def test_autocomplete_knows_products_the_vocabulary_does_not(client: FlaskClient, session: Session) -> None:
    make_product(session, name="Aubergine")

    body = client.get(AUTOCOMPLETE, query_string={"q": "aub"}).json["data"]

    assert [item["name"] for item in body["items"]] == ["Aubergine"]


@pytest.mark.parametrize("q", ["", "!!", "%", "'", "\\", "🍎"])
def test_autocomplete_of_no_word_is_empty(client: FlaskClient, shop: None, q: str) -> None:
    body = client.get(AUTOCOMPLETE, query_string={"q": q, "limit": "x"}).json["data"]

    assert (body["items"], body["words"], body["limit"]) == ([], [], 10)


def test_autocomplete_takes_bad_numbers_for_the_defaults(client: FlaskClient, shop: None) -> None:
    answer = client.get(AUTOCOMPLETE, query_string={"q": "milk", "limit": "many", "offset": "far"})

    assert answer.status_code == 200
    assert (answer.json["data"]["limit"], answer.json["data"]["offset"]) == (10, 0)
