"""What a scanned code means: a GTIN, a PLU number of produce, or a code the store's own scale printed.

A store's code is 13 digits, `PP IIIII VVVVV C`: prefix 20 to 29, five digits of item, five of value, check digit.
What the value is hangs on the prefix and is data: minor units of the whole package's price, or its net grams.
Source: GS1 General Specifications, section 2.1.11 (restricted circulation numbers: each country or store decides).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from app.domain.gtin import normalise_gtin

_PLU = re.compile(r"[0-9]{4,5}")
_STORE_LENGTH = 13
_ITEM = slice(2, 7)
_VALUE = slice(7, 12)


class CodeKind(StrEnum):
    GTIN = "gtin"
    PLU = "plu"
    PRICED = "priced"
    WEIGHED = "weighed"


class ValueKind(StrEnum):
    """What the five digits of value are."""

    PRICE = "price"
    WEIGHT = "weight"


@dataclass(frozen=True, slots=True)
class StoreCode:
    """One prefix: what its value is, and by how much it is multiplied to be minor units or grams."""

    value: ValueKind
    factor: int = 1


DEFAULT_STORE_CODES: Mapping[str, StoreCode] = {
    **{str(prefix): StoreCode(ValueKind.PRICE) for prefix in range(20, 25)},
    **{str(prefix): StoreCode(ValueKind.WEIGHT) for prefix in range(25, 30)},
}


@dataclass(frozen=True, slots=True)
class Scanned:
    """`key` is what a product is found by: 14 digits of a GTIN, a PLU number, or a store's five-digit item reference.

    `price` in minor units for PRICED, `grams` for WEIGHED.
    """

    kind: CodeKind
    key: str
    price: int | None = None
    grams: int | None = None


def readings(code: str, store_codes: Mapping[str, StoreCode] = DEFAULT_STORE_CODES) -> tuple[Scanned, ...]:
    """Everything a code may mean, to be looked for in this order. Raises InvalidGtin.

    Stores number goods of their own with the same prefixes: a product of that whole number goes before a value in it.
    """
    told = read_code(code, store_codes)
    carries_value = told.kind in (CodeKind.PRICED, CodeKind.WEIGHED)
    return (Scanned(CodeKind.GTIN, normalise_gtin(code)), told) if carries_value else (told,)


def read_code(code: str, store_codes: Mapping[str, StoreCode] = DEFAULT_STORE_CODES) -> Scanned:
    """What a code means. Raises InvalidGtin for a wrong length or check digit. A prefix without entry is a GTIN."""
    if _PLU.fullmatch(code):
        return Scanned(CodeKind.PLU, code)
    gtin = normalise_gtin(code)
    scheme = store_codes.get(code[:2]) if len(code) == _STORE_LENGTH else None
    if scheme is None:
        return Scanned(CodeKind.GTIN, gtin)
    amount = int(code[_VALUE]) * scheme.factor
    if scheme.value is ValueKind.PRICE:
        return Scanned(CodeKind.PRICED, code[_ITEM], price=amount)
    return Scanned(CodeKind.WEIGHED, code[_ITEM], grams=amount)
