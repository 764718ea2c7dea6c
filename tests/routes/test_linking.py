"""A second way into one's account: a phone beside the e-mail address, or the address beside the phone."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.domain.enums import Role
from app.models import AuditEvent, OutboxEvent, PhoneCode, RegistrationCode, User
from tests.factories import PASSWORD, make_consumer, make_user, sign_in
from tests.phones import PHONE, V1, code_sent_to, send_code, sign_in_by_phone, verify, wrong

LINK = f"{V1}/link"
EMAIL = "asha@example.com"
INVALID = (400, "INVALID_CODE")


def outcome(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json["error"]["code"]


def ask_phone(client: FlaskClient, session: Session, headers: dict[str, str], phone: str = PHONE) -> str:
    answer = client.post(f"{LINK}/phone", json={"phone": phone}, headers=headers)
    assert answer.json == {"data": {"message": "OTP sent"}}
    return code_sent_to(session, phone)


def prove_phone(client: FlaskClient, headers: dict[str, str], code: str, phone: str = PHONE) -> Any:
    return client.post(f"{LINK}/phone/verify", json={"phone": phone, "otp": code}, headers=headers)


def ask_email(client: FlaskClient, session: Session, headers: dict[str, str], email: str = EMAIL) -> str:
    answer = client.post(f"{LINK}/email", json={"email": email}, headers=headers)
    assert answer.json == {"data": {"message": "A code is on its way."}}
    newest = select(OutboxEvent.payload).where(OutboxEvent.topic == "registration.code").order_by(OutboxEvent.id.desc())
    return str(session.execute(newest.limit(1)).scalar_one()["code"])


def prove_email(client: FlaskClient, headers: dict[str, str], code: str, email: str = EMAIL) -> Any:
    body = {"email": email, "code": code, "password": PASSWORD}
    return client.post(f"{LINK}/email/verify", json=body, headers=headers)


@pytest.fixture
def shopper(session: Session) -> User:
    """Somebody of the supermarket, with e-mail and password."""
    return make_user(session, email=EMAIL, password=PASSWORD)


@pytest.fixture
def consumer(session: Session) -> User:
    """Somebody of the marketplace, with nothing but a phone."""
    return make_consumer(session)


def test_who_links_a_phone_signs_in_with_either(client: FlaskClient, session: Session, shopper: User) -> None:
    headers = sign_in(session, shopper)

    linked = prove_phone(client, headers, ask_phone(client, session, headers), "98765-43210")

    tokens = sign_in_by_phone(client, session)
    login = client.post(f"{V1}/auth/login", json={"email": EMAIL, "password": PASSWORD})
    me = client.get(f"{V1}/me", headers={"Authorization": f"Bearer {tokens['access_token']}"})
    assert linked.status_code == 200
    assert login.status_code == 200
    assert (me.json["data"]["id"], me.json["data"]["phone"]) == (shopper.id, PHONE)


def test_linking_a_phone_is_audited(client: FlaskClient, session: Session, shopper: User) -> None:
    headers = sign_in(session, shopper)

    prove_phone(client, headers, ask_phone(client, session, headers))

    row = session.execute(select(AuditEvent.action, AuditEvent.actor_user_id, AuditEvent.new_value)).one()
    assert tuple(row) == ("PHONE_LINKED", shopper.id, {"phone": PHONE})


def test_another_number_takes_the_place_of_the_first(client: FlaskClient, session: Session) -> None:
    user = make_consumer(session, phone=PHONE)
    headers, new = sign_in(session, user), "+919876500000"

    prove_phone(client, headers, ask_phone(client, session, headers, new), new)

    found = client.get(
        f"{V1}/me", headers={"Authorization": f"Bearer {sign_in_by_phone(client, session, new)['access_token']}"}
    )
    stranger = client.get(
        f"{V1}/me", headers={"Authorization": f"Bearer {sign_in_by_phone(client, session)['access_token']}"}
    )
    assert found.json["data"]["id"] == user.id
    assert stranger.json["data"]["id"] != user.id


def test_a_number_of_another_account_is_told_only_to_who_holds_it(
    client: FlaskClient, session: Session, shopper: User
) -> None:
    make_consumer(session, phone=PHONE)
    headers = sign_in(session, shopper)
    code = ask_phone(client, session, headers)

    mistaken, proven = prove_phone(client, headers, wrong(code)), prove_phone(client, headers, code)

    assert outcome(mistaken) == INVALID
    assert outcome(proven) == (409, "PHONE_TAKEN")
    assert session.execute(select(User.phone).where(User.id == shopper.id)).scalar_one() is None


def test_a_number_somebody_only_gave_as_a_contact_can_be_linked(
    client: FlaskClient, session: Session, shopper: User
) -> None:
    make_user(session, phone=PHONE)
    headers = sign_in(session, shopper)

    assert prove_phone(client, headers, ask_phone(client, session, headers)).status_code == 200


@pytest.mark.parametrize("role", [Role.EMPLOYEE, Role.MANAGER, Role.ADMIN])
def test_staff_link_no_phone(client: FlaskClient, session: Session, role: Role) -> None:
    headers = sign_in(session, make_user(session, role=role))

    asked = client.post(f"{LINK}/phone", json={"phone": PHONE}, headers=headers)
    proven = prove_phone(client, headers, "123456")

    assert outcome(asked) == outcome(proven) == (403, "STAFF_USE_PASSWORDS")
    assert session.execute(select(PhoneCode)).first() is None


def test_a_code_for_signing_in_links_nothing(client: FlaskClient, session: Session, shopper: User) -> None:
    code = send_code(client, session)

    assert outcome(prove_phone(client, sign_in(session, shopper), code)) == INVALID


def test_a_code_for_linking_signs_nobody_in_and_links_no_other_account(
    client: FlaskClient, session: Session, shopper: User
) -> None:
    code = ask_phone(client, session, sign_in(session, shopper))

    login = verify(client, code)
    stranger = prove_phone(client, sign_in(session, make_user(session)), code)

    assert outcome(login) == (401, "INVALID_OTP")
    assert outcome(stranger) == INVALID
    assert prove_phone(client, sign_in(session, shopper), code).status_code == 200


def test_five_wrong_codes_are_too_many_for_linking_too(client: FlaskClient, session: Session, shopper: User) -> None:
    headers = sign_in(session, shopper)
    code = ask_phone(client, session, headers)
    for _ in range(5):
        prove_phone(client, headers, wrong(code))

    assert outcome(prove_phone(client, headers, code)) == INVALID


@pytest.mark.parametrize("path", ["phone", "phone/verify"])
def test_what_is_no_number_cannot_be_linked(client: FlaskClient, session: Session, shopper: User, path: str) -> None:
    body = {"phone": "12345", "otp": "123456"}

    assert outcome(client.post(f"{LINK}/{path}", json=body, headers=sign_in(session, shopper))) == (
        400,
        "VALIDATION_ERROR",
    )


def test_who_links_an_address_signs_in_with_either(client: FlaskClient, session: Session, consumer: User) -> None:
    headers = sign_in(session, consumer)
    code = ask_email(client, session, headers, "Asha@Example.com")

    linked = prove_email(client, headers, code)

    login = client.post(f"{V1}/auth/login", json={"email": EMAIL, "password": PASSWORD})
    assert len(code) == 6
    assert linked.status_code == 200
    assert login.json["data"]["user"]["id"] == consumer.id
    assert session.execute(select(AuditEvent.action).order_by(AuditEvent.id)).scalars().first() == "EMAIL_LINKED"


def test_an_address_is_linked_once(client: FlaskClient, session: Session, consumer: User) -> None:
    headers = sign_in(session, consumer)
    code = ask_email(client, session, headers)
    prove_email(client, headers, code)

    asked = client.post(f"{LINK}/email", json={"email": "other@example.com"}, headers=headers)

    assert outcome(asked) == (409, "EMAIL_ALREADY_LINKED")
    assert outcome(prove_email(client, headers, code)) == INVALID
    assert session.execute(select(RegistrationCode)).first() is None


def test_who_has_an_address_gets_no_second_password_by_linking(
    client: FlaskClient, session: Session, consumer: User
) -> None:
    headers = sign_in(session, consumer)
    code = ask_email(client, session, headers)
    session.execute(update(User).where(User.id == consumer.id).values(email="first@example.com"))
    session.commit()

    assert outcome(prove_email(client, headers, code)) == (409, "EMAIL_ALREADY_LINKED")
    assert session.execute(select(User.password_hash).where(User.id == consumer.id)).scalar_one() is None


def test_an_address_of_another_account_is_told_only_to_who_reads_its_mail(
    client: FlaskClient, session: Session, consumer: User, shopper: User
) -> None:
    headers = sign_in(session, consumer)
    code = ask_email(client, session, headers)

    mistaken, proven = prove_email(client, headers, wrong(code)), prove_email(client, headers, code)

    assert outcome(mistaken) == INVALID
    assert outcome(proven) == (409, "EMAIL_TAKEN")


def test_a_mailed_code_links_no_other_account_and_registers_nobody(
    client: FlaskClient, session: Session, consumer: User
) -> None:
    code = ask_email(client, session, sign_in(session, consumer))

    stranger = prove_email(client, sign_in(session, make_consumer(session)), code)
    registering = client.post(f"{V1}/auth/register/verify-otp", json={"email": EMAIL, "code": code[:4]})

    assert outcome(stranger) == INVALID
    assert outcome(registering) == (400, "INVALID_REGISTRATION_OTP")
    assert prove_email(client, sign_in(session, consumer), code).status_code == 200


def test_five_wrong_mailed_codes_are_too_many(client: FlaskClient, session: Session, consumer: User) -> None:
    headers = sign_in(session, consumer)
    code = ask_email(client, session, headers)
    for _ in range(5):
        prove_email(client, headers, wrong(code))

    assert outcome(prove_email(client, headers, code)) == INVALID


def test_a_weak_password_is_refused(client: FlaskClient, session: Session, consumer: User) -> None:
    headers = sign_in(session, consumer)
    body = {"email": EMAIL, "code": ask_email(client, session, headers), "password": "sunshine"}

    answer = client.post(f"{LINK}/email/verify", json=body, headers=headers)

    assert outcome(answer) == (400, "VALIDATION_ERROR")
    assert "sunshine" not in answer.text
