"""What the assistant makes of a question, by its words alone."""

from decimal import Decimal

import pytest

from app.domain.assistant import Question, Topic, stem, understand

CASES = [
    ("milk under 50", Question(Topic.ITEMS, ("milk",), Decimal(50))),
    ("Is there any fresh milk near me, below ₹49.90?", Question(Topic.ITEMS, ("milk",), Decimal("49.90"))),
    ("basmati rice up to Rs. 1,250", Question(Topic.ITEMS, ("basmati", "rice"), Decimal(1250))),
    ("what can I get for less than 20 ils", Question(Topic.ITEMS, (), Decimal(20))),
    ("which shops sell eggs", Question(Topic.ITEMS, ("eggs",))),
    ("price of bread", Question(Topic.ITEMS, ("bread",))),
    ("order milk", Question(Topic.ITEMS, ("milk",))),
    ("7up", Question(Topic.ITEMS, ("7up",))),
    ("any offers?", Question(Topic.OFFERS)),
    ("discounts on shampoo below 100", Question(Topic.OFFERS, ("shampoo",), Decimal(100))),
    ("What is in my cart?", Question(Topic.CART)),
    ("show my basket total", Question(Topic.CART)),
    ("where is my order", Question(Topic.ORDERS)),
    ("status of order #12", Question(Topic.ORDERS, (), None, 12)),
    ("my last orders", Question(Topic.ORDERS)),
    ("any message from the shop?", Question(Topic.MESSAGES)),
    ("wallet balance", Question(Topic.WALLET)),
    ("how much money do I have left", Question(Topic.WALLET)),
    ("which shops are open now?", Question(Topic.SHOPS)),
    ("when does Green Mart open on Sunday", Question(Topic.SHOPS, ("green", "mart"))),
    ("hello", Question(Topic.HELP)),
    ("what can you do", Question(Topic.HELP)),
    ("?!", Question(Topic.HELP)),
    ("दूध 50 से कम", Question(Topic.ITEMS, ("दूध",), Decimal(50))),
    ("मेरा ऑर्डर कहाँ है", Question(Topic.ORDERS)),
    ("मेरे कार्ट में क्या है", Question(Topic.CART)),
    ("कौन सी दुकान खुली है", Question(Topic.SHOPS)),
    ("חלב עד 10", Question(Topic.ITEMS, ("חלב",), Decimal(10))),
    ("מה בסל שלי", Question(Topic.CART)),
    ("איפה ההזמנה שלי", Question(Topic.ORDERS)),
    ("יתרה בארנק", Question(Topic.WALLET)),
]


@pytest.mark.parametrize(("query", "question"), CASES, ids=[query for query, _ in CASES])
def test_a_question_is_understood(query: str, question: Question) -> None:
    assert understand(query) == question


@pytest.mark.parametrize(
    ("text", "price"),
    [
        ("milk under ५०", "50"),
        ("milk under 1,00,000", "100000"),  # a lakh
        ("milk under 99999999999999999999", "9999999"),
        ("milk 50", None),
    ],
)
def test_prices_are_read_as_far_as_they_make_sense(text: str, price: str | None) -> None:
    assert understand(text).max_price == (None if price is None else Decimal(price))


def test_a_flood_of_words_is_cut() -> None:
    question = understand(" ".join(f"word{number}" for number in range(300)))

    assert question.words == tuple(f"word{number}" for number in range(5))


def test_an_absurd_order_number_is_none() -> None:
    assert understand("order status " + "9" * 40).number is None


@pytest.mark.parametrize(
    ("word", "begins"),
    [("tomatoes", "tomato"), ("tomato", "tomato"), ("berries", "berr"), ("eggs", "egg"), ("gas", "gas"), ("दूध", "दूध")],
)
def test_a_plural_begins_as_its_singular(word: str, begins: str) -> None:
    assert stem(word) == begins
