"""`flask sandbox-inbox`, and registration with a code read from it."""

import re

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app.clients.email import KeptMessage
from app.services.sandbox_inbox import keep


def print_inbox(app: Flask, recipient: str) -> tuple[int, str]:
    result = app.test_cli_runner().invoke(args=["sandbox-inbox", recipient])
    return result.exit_code, result.output


def with_settings(app: Flask, monkeypatch: pytest.MonkeyPatch, **changes: object) -> None:
    monkeypatch.setitem(app.extensions, "settings", app.extensions["settings"].model_copy(update=changes))


def test_a_person_registers_with_the_code_the_inbox_prints(
    app: Flask, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_settings(app, monkeypatch, enable_registration_otp=True)
    client, email = app.test_client(), "noa@example.com"
    client.post("/api/v1/auth/register/send-otp", json={"email": email})

    _, printed = print_inbox(app, "Noa@Example.com")
    [code] = re.findall(r"^\d{4}$", printed, re.MULTILINE)
    proven = client.post("/api/v1/auth/register/verify-otp", json={"email": email, "code": code})
    form = {"email": email, "password": "sunny-day-7", "full_name": "Noa Bar"}
    registered = client.post("/api/v1/auth/register", json=form)

    assert proven.status_code == 200
    assert registered.status_code == 201


def test_messages_are_printed_newest_last(app: Flask, session: Session) -> None:
    for number in ("first", "second"):
        keep(KeptMessage("dana@example.com", f"The {number}", "Text.", number))

    code, printed = print_inbox(app, "dana@example.com")

    assert code == 0
    assert printed.index("The first") < printed.index("The second")


def test_a_phone_number_is_found_however_it_is_spelled(app: Flask, session: Session) -> None:
    keep(KeptMessage("+972501234567", "Text message", "Hello.", "one"))

    _, printed = print_inbox(app, "+972 50-123-4567")

    assert "Hello." in printed


@pytest.mark.parametrize("spelling", ["9876543210", "+91-98765 43210", "09876543210", "919876543210", "+919876543210"])
def test_a_person_signs_in_with_the_code_printed_for_any_spelling_of_the_number(
    app: Flask, session: Session, spelling: str
) -> None:
    client = app.test_client()
    client.post("/api/v1/send-otp", json={"phone": "98765 43210"})

    _, printed = print_inbox(app, spelling)
    [code] = [word for word in printed.split() if re.fullmatch(r"\d{6}", word)]
    signed_in = client.post("/api/v1/verify-otp", json={"phone": spelling, "otp": code})

    assert signed_in.status_code == 200


def test_a_number_of_another_country_keeps_its_messages_apart(app: Flask, session: Session) -> None:
    keep(KeptMessage("+19876543210", "Text message", "Hello.", "one"))

    _, printed = print_inbox(app, "9876543210")

    assert printed == "Nothing was kept for 9876543210.\n"


def test_what_is_no_number_is_found_by_its_digits(app: Flask, session: Session) -> None:
    keep(KeptMessage("050-1234", "Text message", "Hello.", "one"))

    _, printed = print_inbox(app, "050 1234")

    assert "Hello." in printed


def test_somebody_elses_messages_are_not_printed(app: Flask, session: Session) -> None:
    keep(KeptMessage("dana@example.com", "Private", "Text.", "one"))

    _, printed = print_inbox(app, "da.na@example.com")

    assert printed == "Nothing was kept for da.na@example.com.\n"


def test_the_inbox_is_refused_in_production(app: Flask, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    with_settings(app, monkeypatch, app_env="production")

    code, printed = print_inbox(app, "dana@example.com")

    assert code == 1
    assert printed == "Error: The sandbox inbox does not exist in production.\n"
