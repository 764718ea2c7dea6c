"""What a shopper asks for, told from the words of the question; English first, with common Hindi and Hebrew words."""

import re
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from app.domain.search_text import words


class Topic(StrEnum):
    """What a question is about."""

    ITEMS = "items"
    OFFERS = "offers"
    CART = "cart"
    ORDERS = "orders"
    MESSAGES = "messages"
    WALLET = "wallet"
    SHOPS = "shops"
    HELP = "help"


@dataclass(frozen=True, slots=True)
class Question:
    """`words` name what is looked for, `max_price` bounds its price, `number` is that of an order."""

    topic: Topic
    words: tuple[str, ...] = ()
    max_price: Decimal | None = None
    number: int | None = None


MOST_WORDS = 5
_LARGEST_NUMBER = 18

_AMOUNT = r"(?P<amount>\d{1,3}(?:,\d{2,3}){1,3}|\d{1,7})(?P<cents>\.\d{1,2})?"
_MONEY = r"(?:rs\.?|inr|ils|nis|₹|₪|\$|€|रुपये|रुपए|रु|שקל|שח|ש\"ח)"
_BELOW = r"(?:under|below|less than|cheaper than|at most|up ?to|max(?:imum)?|within|<=?|פחות מ|מתחת ל|עד)"
_PRICES = (
    re.compile(rf"{_BELOW}[\s:-]{{0,3}}{_MONEY}?\s{{0,2}}{_AMOUNT}\s{{0,2}}{_MONEY}?"),
    re.compile(rf"{_MONEY}?\s{{0,2}}{_AMOUNT}\s{{0,2}}{_MONEY}?\s{{0,2}}(?:से कम|से सस्ता|से सस्ती|तक|के अंदर|के नीचे)"),
)


def _set(text: str) -> frozenset[str]:
    return frozenset(words(text))


_WALLET = _set("wallet balance money funds वॉलेट बैलेंस बटुआ पैसे ארנק יתרה בארנק")
_MESSAGES = _set("message messages chat reply replied संदेश मैसेज הודעה הודעות")
_CART = _set("cart basket trolley कार्ट टोकरी סל עגלה בסל בעגלה העגלה הסל")
_ORDERS = _set("order orders ordered delivery delivered ऑर्डर आर्डर הזמנה הזמנות ההזמנה להזמנה")
_OFFERS = _set("offer offers deal deals discount discounts discounted sale bargain ऑफर छूट सेल מבצע מבצעים הנחה הנחות")
_SHOPS = _set(
    "shop shops store stores vendor vendors open opens opening close closes closed closing hours timing timings "
    "दुकान दुकानें खुला खुली खुले बंद समय חנות חנויות פתוח פתוחה פתוחות סגור שעות"
)
_HELP = _set("help hi hello hey मदद नमस्ते हेलो עזרה שלום היי")
_ABOUT_AN_ORDER = _set("my last latest status where track when recent मेरा मेरी मेरे कहाँ कहां कब איפה מתי שלי האחרונה")
_BUYING = _set(
    "sell sells selling buy find need want price prices cost costs costing stock चाहिए खरीदना दाम כמה עולה מחיר לקנות"
)
_EMPTY = _set(
    "a an the i me my mine we us our you your it its is are am was be been do does did done can could would will "
    "shall should have has had get got give show tell list see look looking for of in on at to from by with near "
    "nearby around here there and or any some all what which who where when how much many please now today tonight "
    "tomorrow yet still good best cheap cheaper cheapest fresh available items item products product thing things "
    "something anything "
    "under below than less more up max want need last latest recent status track about contents content inside total "
    "monday tuesday wednesday thursday friday saturday sunday s m re ll ve t don rs inr ils nis "
    "what that this these those just only kindly new left amount "
    "है हैं था थी का की के में मेरा मेरी मेरे मुझे मैं क्या कौन कौनसी कौन सी सा से पर और कितना कितने कितनी दिखाओ दिखाइए बताओ बताइए "
    "पास आस कहाँ कहां कब अभी आज कृपया "
    "יש מה איפה מתי אני לי שלי את של על עם זה זאת כמה לידי בבקשה עכשיו היום האם איזה אילו הראה תראה תראי"
)
_KNOWN = _EMPTY | _WALLET | _MESSAGES | _CART | _ORDERS | _OFFERS | _SHOPS | _HELP | _BUYING | _ABOUT_AN_ORDER


def understand(query: str) -> Question:
    """The question behind a text of at most some thousand characters; HELP where there is none."""
    max_price, rest = _without_price(query.casefold())
    said = words(rest)
    names = tuple(dict.fromkeys(word for word in said if word not in _KNOWN and not word.isdecimal()))[:MOST_WORDS]
    topic = _topic(frozenset(said), is_about_goods=bool(names), has_price=max_price is not None)
    number = next((int(word) for word in said if word.isdecimal() and len(word) <= _LARGEST_NUMBER), None)
    return Question(topic, names, max_price, number if topic is Topic.ORDERS else None)


def _topic(said: frozenset[str], *, is_about_goods: bool, has_price: bool) -> Topic:
    for topic, signs in ((Topic.WALLET, _WALLET), (Topic.MESSAGES, _MESSAGES), (Topic.CART, _CART)):
        if said & signs:
            return topic
    if said & _ORDERS and (not is_about_goods or said & _ABOUT_AN_ORDER):
        return Topic.ORDERS
    if said & _OFFERS:
        return Topic.OFFERS
    if said & _SHOPS and not (is_about_goods and said & _BUYING):
        return Topic.SHOPS
    return Topic.ITEMS if is_about_goods or has_price else Topic.HELP


def _without_price(text: str) -> tuple[Decimal | None, str]:
    """The highest price a text allows, if it names one, and the text without it."""
    for pattern in _PRICES:
        if found := pattern.search(text):
            amount = Decimal(found["amount"].replace(",", "") + (found["cents"] or ""))
            return amount, text[: found.start()] + " " + text[found.end() :]
    return None, text


def stem(word: str) -> str:
    """What singular and plural of an English noun begin with: tomatoes and tomato, berries and berry."""
    for ending, length in (("ies", 3), ("oes", 2), ("s", 1)):
        if word.endswith(ending) and len(word) > length + 2:
            return word[:-length]
    return word
