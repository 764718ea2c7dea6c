"""Phone numbers: every spelling people use, read as one number in E.164."""

import phonenumbers

PREFIX_DIGITS = 3
_DIGITS_OF = {91: 10}
"""How many digits a number has behind its country code, where the contract (marketplace 1.7) fixes it."""


class NotAPhoneNumber(ValueError):
    """No country has such a number."""


def e164(spelling: str, *, country: str) -> str:
    """The number as `+` and digits, as in +919876543210.

    `country` (ISO 3166-1, two letters) is assumed where no country code is given. Spaces, hyphens, dots, brackets, a
    leading 0 and a country code without its + are understood. Only the length is checked: a shop should not refuse a
    customer whose new range of numbers this library has not heard of yet. Raises NotAPhoneNumber.
    """
    if any(char.isalpha() for char in spelling):
        raise NotAPhoneNumber
    try:
        number = phonenumbers.parse(spelling, country)
    except phonenumbers.NumberParseException:
        raise NotAPhoneNumber from None
    digits = _DIGITS_OF.get(number.country_code or 0)
    if not phonenumbers.is_possible_number(number) or (digits and len(_national(number)) != digits):
        raise NotAPhoneNumber
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def prefix(phone: str) -> str:
    """Country code and first digits of a number in E.164: fraudsters own whole ranges that begin alike."""
    number = phonenumbers.parse(phone)
    return f"+{number.country_code}{_national(number)[:PREFIX_DIGITS]}"


def _national(number: phonenumbers.PhoneNumber) -> str:
    return phonenumbers.national_significant_number(number)
