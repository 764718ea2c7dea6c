"""Barcodes. A GTIN-8, -12, -13 or -14 is kept as 14 digits, zero-padded on the left.

Source: GS1 General Specifications, section 7.9 (check digit) and section 3 (GTIN in 14-digit fields).
"""

LENGTHS = (8, 12, 13, 14)


class InvalidGtin(ValueError):
    """Not a GTIN: wrong length, not digits, or a wrong check digit."""


def normalise_gtin(code: str) -> str:
    """The 14-digit form of a barcode; spaces and hyphens are ignored. Raises InvalidGtin saying what is wrong."""
    digits = code.replace(" ", "").replace("-", "")
    if not digits.isascii() or not digits.isdigit():
        raise InvalidGtin("a GTIN has digits only")
    if len(digits) not in LENGTHS:
        raise InvalidGtin("a GTIN has 8, 12, 13 or 14 digits")
    if check_digit(digits[:-1]) != digits[-1]:
        raise InvalidGtin("the check digit is wrong")
    return digits.zfill(14)


def check_digit(body: str) -> str:
    """The check digit of a GTIN without its last digit: weights 3, 1, 3, ... from the right, up to the next ten."""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(body)))
    return str(-total % 10)


def shown_gtin(padded: str) -> str:
    """The form printed under the bars: 8 digits for a GTIN-8, 14 for a case, 13 for everything else."""
    if padded.startswith("000000"):
        return padded[6:]
    return padded[1:] if padded.startswith("0") else padded
