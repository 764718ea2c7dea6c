"""What names, passwords, phones, addresses and cards may look like."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from app.schemas.addresses import PostalCode
from app.schemas.auth import Email, NewPassword, PersonName, Phone
from app.schemas.payment_tokens import NewPaymentToken


def read(kind: Any, value: Any) -> Any:
    return TypeAdapter(kind).validate_python(value)


@pytest.mark.parametrize(
    "name",
    ["Dana Levi", "דנה לוי", "שָׁלוֹם", "ג׳ורג׳", "צ'רלי", "בן־דוד", "प्रिया शर्मा", "क्‍षमा", "José O’Brien-Smith", "李雷"],
)
def test_a_name_may_be_written_in_any_script(name: str) -> None:
    assert read(PersonName, f" {name} ") == name


@pytest.mark.parametrize("name", ["D", "Dana1", "Dana <b>", "Dana\x00Levi", "Dana\nLevi", "Dana@Levi", "--", "x" * 129])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        read(PersonName, name)


@pytest.mark.parametrize("password", ["sunny-day-7", "A1!@#$%^&*()_+=-", "a2345678", "x" * 63 + "1"])
def test_a_password_of_the_allowed_characters_is_taken(password: str) -> None:
    assert read(NewPassword, password) == password


@pytest.mark.parametrize(
    "password",
    ["a234567", "x" * 64 + "1", "abcdefgh", "12345678", "with space 1", "sunny-day-7\n", "סיסמה-1234", "pass~word1"],
)
def test_a_weak_or_strange_password_is_refused(password: str) -> None:
    with pytest.raises(ValidationError):
        read(NewPassword, password)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("050-123-4567", "0501234567"),
        (" +972 (50) 123.4567 ", "+972501234567"),
        ("12345678", "12345678"),
        ("1" * 32, "1" * 32),
    ],
)
def test_a_phone_is_kept_as_digits(typed: str, kept: str) -> None:
    assert read(Phone, typed) == kept


@pytest.mark.parametrize("phone", ["", "1234567", "1" * 33, "050-CALL-ME1", "٠٥٠١٢٣٤٥٦٧", "00+97250123456"])
def test_what_is_no_phone_is_refused(phone: str) -> None:
    with pytest.raises(ValidationError):
        read(Phone, phone)


def test_an_email_is_kept_in_lower_case() -> None:
    assert read(Email, " Dana@Example.COM ") == "dana@example.com"


@pytest.mark.parametrize(
    "email", ["a@b.c", "dana", "dana@example", "dana@@example.com", "da na@example.com", "dana@example.com\x01"]
)
def test_what_is_no_email_is_refused(email: str) -> None:
    with pytest.raises(ValidationError):
        read(Email, email)


@pytest.mark.parametrize("code", ["123", "1" * 17, "12a4", "١٢٣٤٥"])
def test_what_is_no_postal_code_is_refused(code: str) -> None:
    with pytest.raises(ValidationError):
        read(PostalCode, code)


def test_a_card_number_never_shows_in_what_is_printed() -> None:
    form = NewPaymentToken.model_validate({"card_number": "4242 4242 4242 4242"})

    assert form.card_number is not None
    assert form.card_number.get_secret_value() == "4242424242424242"
    assert "4242" not in f"{form!r} {form}"
