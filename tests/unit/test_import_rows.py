"""What a row of a catalog file says."""

from decimal import Decimal

import pytest

from app.domain.enums import SoldBy
from app.domain.import_rows import RowFault, is_known_column, read_row, search_text
from app.domain.open_food_facts import read_open_food_facts_row

GOOD = {"gtin": "4006381333931", "name": "Oat Drink"}


def test_the_two_required_cells_make_a_row_that_says_nothing_else() -> None:
    row = read_row(GOOD)

    assert (row.gtin, row.name) == ("04006381333931", "Oat Drink")
    said = {name for name in row.__dataclass_fields__ if getattr(row, name) not in (None, ())}
    assert said == {"gtin", "name"}


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"gtin": ""}, "no barcode"),
        ({"gtin": "   "}, "no barcode"),
        ({"gtin": "4006381333932"}, "invalid barcode: the check digit is wrong"),
        ({"gtin": "40063813339"}, "invalid barcode: a GTIN has 8, 12, 13 or 14 digits"),
        ({"gtin": "7.29E+12"}, "invalid barcode: a GTIN has digits only"),
        ({"gtin": "٤٠٠٦٣٨١٣٣٣٩٣١"}, "invalid barcode: a GTIN has digits only"),
        ({"gtin": "0000000000000"}, "invalid barcode: it is all zeros"),
        ({"name": ""}, "no name"),
        ({"name": " \t "}, "no name"),
        ({"name": "x" * 201}, "name has more than 200 characters"),
        ({"name": "Oat\x00Drink"}, "name has control characters"),
        ({"name": "Oat\x85Drink"}, "name has control characters"),
        ({"name": "Oat\ud800Drink"}, "name has control characters"),
        ({"brand": "b" * 121}, "brand has more than 120 characters"),
        ({"category": "c" * 129}, "category has more than 128 characters"),
        ({"description": "Bell\x07"}, "description has control characters"),
        ({"description": "d" * 10_001}, "description has more than 10000 characters"),
        ({"price": "-1"}, "price is negative"),
        ({"price": "NaN"}, "price is not an amount such as 9.90"),
        ({"price": "inf"}, "price is not an amount such as 9.90"),
        ({"price": "9,90"}, "price is not an amount such as 9.90"),
        ({"price": "9.999"}, "price is not an amount such as 9.90"),
        ({"price": "1e3"}, "price is not an amount such as 9.90"),
        ({"price": "12345678901"}, "price is not an amount such as 9.90"),
        ({"deposit": "-0.30"}, "deposit is negative"),
        ({"tax_rate": "100"}, "tax_rate is not below 100 per cent"),
        ({"weight_grams": "0"}, "weight_grams is not a whole number from 1 to 9999999"),
        ({"weight_grams": "1.5"}, "weight_grams is not a whole number from 1 to 9999999"),
        ({"age_limit": "100"}, "age_limit is not a whole number from 1 to 99"),
        ({"is_organic": "maybe"}, "is_organic is neither yes nor no"),
        ({"sold_by": "LITRE"}, "sold_by is neither PIECE nor WEIGHT"),
        ({"sold_by": "weight"}, "sold by weight needs estimated_weight_grams"),
        ({"image_url": "javascript:alert(1)"}, "image_url is not a web address"),
        ({"image_url": "https://a.example/ b.png"}, "image_url is not a web address"),
    ],
)
def test_a_row_that_cannot_be_taken_says_why(cells: dict[str, str], reason: str) -> None:
    with pytest.raises(RowFault) as caught:
        read_row(GOOD | cells)

    assert str(caught.value) == reason


@pytest.mark.parametrize(
    ("column", "text", "field", "value"),
    [
        ("name", "  Oat   Drink ", "name", "Oat Drink"),
        ("name", "חלב טרי", "name", "חלב טרי"),
        ("name", "बासमती चावल", "name", "बासमती चावल"),
        ("name", "x" * 200, "name", "x" * 200),
        ("gtin", "4006381-333931", "gtin", "04006381333931"),
        ("gtin", "96385074", "gtin", "00000096385074"),
        ("price", "9.90", "price", Decimal("9.90")),
        ("price", "0.00", "price", None),
        ("deposit", "0", "deposit", Decimal(0)),
        ("description", "two\nlines", "description", "two lines"),
        ("weight_grams", "500", "weight_grams", 500),
        ("is_organic", "Yes", "is_organic", True),
        ("is_active", "0", "is_active", False),
        ("sold_by", "piece", "sold_by", SoldBy.PIECE),
        ("allergens", "en:Milk, Soybeans,milk", "allergens", ["milk", "soybeans"]),
        ("image_url", "https://a.example/1.png|/local.png", "image_urls", ["https://a.example/1.png", "/local.png"]),
        ("fat_100g", "14.29", "nutrition", {"fat_100g": 14.29}),
        ("saturated-fat_100g", "2.0", "nutrition", {"saturated_fat_100g": 2}),
        ("energy_100g", "3700", "nutrition", {"energy_100g": 3700}),
        ("nutrition-score-fr_100g", "-4", "nutrition", None),
    ],
)
def test_a_cell_is_read(column: str, text: str, field: str, value: object) -> None:
    row = read_row(GOOD | {column: text})

    assert getattr(row, field) == value
    assert row.left_out == ()


@pytest.mark.parametrize("value", ["300", "-1", "nan", "inf", "much"])
def test_an_impossible_nutrition_value_is_left_out_and_the_row_stands(value: str) -> None:
    row = read_row(GOOD | {"fat_100g": value, "salt_100g": "1.5"})

    assert row.nutrition == {"salt_100g": 1.5}
    assert row.left_out == ("fat_100g is not a number from 0 to 100",)


def test_an_over_long_allergen_is_left_out_and_the_row_stands() -> None:
    row = read_row(GOOD | {"allergens": f"milk,{'a' * 33}"})

    assert row.allergens == ["milk"]
    assert row.left_out == ("an allergen has more than 32 characters",)


def test_an_open_food_facts_row_is_read_by_its_own_columns() -> None:
    row = read_open_food_facts_row(
        {
            "code": "4006381333931",
            "product_name": "Muesli",
            "brands": "Old Mill,Other",
            "categories": "en:Plant-based foods,Cereals",
            "quantity": "0,5 kg",
            "labels": "Vegetarian, EU Organic",
            "allergens": "en:gluten",
            "ingredients_text": "Oats,\x07 raisins",
            "image_url": "https://images.example/1.jpg",
            "sugars_100g": "9.5",
        }
    )

    assert (row.name, row.brand, row.category) == ("Muesli", "Old Mill", "Plant-based foods")
    assert (row.unit, row.weight_grams, row.is_organic) == ("0,5 kg", 500, True)
    assert (row.allergens, row.ingredients) == (["gluten"], "Oats, raisins")
    assert (row.image_urls, row.nutrition) == (["https://images.example/1.jpg"], {"sugars_100g": 9.5})
    assert row.price is None


@pytest.mark.parametrize(("alcohol", "limit"), [("13.5", 18), ("1.2", None), ("0", None), ("", None), ("?", None)])
def test_strong_drinks_of_open_food_facts_get_an_age_limit(alcohol: str, limit: int | None) -> None:
    row = read_open_food_facts_row({"code": "4006381333931", "product_name": "Red", "alcohol_100g": alcohol})

    assert row.age_limit == limit


def test_free_text_of_open_food_facts_that_does_not_fit_is_cut_or_dropped() -> None:
    cells = {"code": "4006381333931", "product_name": "Red", "brands": "b" * 300, "quantity": "q" * 33}

    row = read_open_food_facts_row(cells | {"image_url": "https://a.example/a b", "ingredients_text": "i" * 20_000})

    assert (len(row.brand or ""), row.unit, row.image_urls, len(row.ingredients or "")) == (120, None, None, 10_000)


def test_a_name_of_open_food_facts_is_held_to_the_same_rules() -> None:
    with pytest.raises(RowFault, match="name has more than 200 characters"):
        read_open_food_facts_row({"code": "4006381333931", "product_name": "x" * 201})


@pytest.mark.parametrize(
    ("name", "known"), [("price", True), ("fat_100g", True), ("colour", False), ("nutrition", False)]
)
def test_columns_are_known_or_ignored(name: str, known: bool) -> None:
    assert is_known_column(name) is known


def test_brand_and_description_are_found_in_search() -> None:
    assert search_text("Crème", "Über, gut") == "creme uber gut"
    assert search_text(None, None) == ""


def test_a_size_beyond_reason_is_shown_but_not_weighed() -> None:
    cells = {"code": "4006381333931", "product_name": "Salt", "quantity": "99999 kg"}

    row = read_open_food_facts_row(cells)

    assert (row.unit, row.weight_grams) == ("99999 kg", None)
