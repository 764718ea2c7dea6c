"""Signing in by phone: codes, tokens, and linking a phone number or an e-mail address to an account."""

from flask import Blueprint, Response

from app.middleware import limits
from app.middleware.answers import answer, never_stored
from app.middleware.guards import current_caller, current_origin
from app.openapi import endpoint
from app.schemas.envelope import Message
from app.schemas.phone import (
    CodeToEmail,
    CodeToPhone,
    EmailProof,
    PhoneProof,
    PhoneSignIn,
    PhoneTokens,
    SignOut,
)
from app.services import accounts, second_factor
from app.services.phone import linking, login, numbers

public = Blueprint("phone_public", __name__)
mine = Blueprint("phone_mine", __name__)

public.after_request(never_stored)  # answers may hold tokens


@public.post("/send-otp")
@endpoint(body=CodeToPhone, answers={200: Message})
def send_sign_in_code(body: CodeToPhone) -> Response:
    """Send a six-digit code for signing in to a phone.

    The answer is the same for every number. The code works once, within ten minutes; a newer one takes its place.
    """
    phone = numbers.read(body.phone)
    limits.count_text_message(phone)
    login.send(current_origin(), phone=phone)
    return answer(Message(message="OTP sent"))


@public.post("/verify-otp")
@limits.phone_login
@endpoint(
    body=PhoneSignIn,
    answers={200: PhoneTokens},
    errors=(
        login.InvalidOtp,
        login.OtpExpired,
        login.StaffUsePasswords,
        second_factor.SecondFactorRequired,
        second_factor.InvalidSecondFactor,
    ),
)
def sign_in_by_phone(body: PhoneSignIn) -> Response:
    """Sign in with the code sent to a phone; the first time makes the account.

    Five wrong codes kill the live one. Staff never sign in by phone, and an account with a second factor needs its code
    too: send the same `otp` again with `totp_code`.
    """
    phone = numbers.read(body.phone)
    limits.count_code_try(phone)
    return answer(login.verify(body, current_origin(), phone=phone))


@mine.post("/logout")
@endpoint(body=SignOut, body_optional=True, answers={200: Message})
def log_out(body: SignOut) -> Response:
    """End this session, and the one a refresh token of the body belongs to if it is the caller's."""
    accounts.logout(current_caller(), refresh_token=body.refresh_token)
    return answer(Message(message="Logged out"))


@mine.post("/link/phone")
@endpoint(body=CodeToPhone, answers={200: Message}, errors=(login.StaffUsePasswords,))
def send_linking_code(body: CodeToPhone) -> Response:
    """Send a code to a phone that shall become a way into this account."""
    phone = numbers.read(body.phone)
    limits.count_text_message(phone)
    linking.send_to_phone(current_caller(), phone=phone)
    return answer(Message(message="OTP sent"))


@mine.post("/link/phone/verify")
@limits.phone_login
@endpoint(
    body=PhoneProof,
    answers={200: Message},
    errors=(linking.WrongLinkingCode, linking.PhoneTaken, login.StaffUsePasswords),
)
def link_phone(body: PhoneProof) -> Response:
    """Link a phone number with the code sent to it; it replaces the number linked before."""
    phone = numbers.read(body.phone)
    limits.count_code_try(phone)
    linking.link_phone(body, current_caller(), phone=phone)
    return answer(Message(message="The phone number is linked."))


@mine.post("/link/email")
@limits.otp
@endpoint(body=CodeToEmail, answers={200: Message}, errors=(linking.EmailAlreadyLinked,))
def mail_linking_code(body: CodeToEmail) -> Response:
    """Mail a code to an address that shall become a way into this account."""
    linking.mail_code(current_caller(), email=body.email)
    return answer(Message(message="A code is on its way."))


@mine.post("/link/email/verify")
@limits.otp
@endpoint(
    body=EmailProof,
    answers={200: Message},
    errors=(linking.WrongLinkingCode, linking.EmailAlreadyLinked, linking.EmailTaken),
)
def link_email(body: EmailProof) -> Response:
    """Link an e-mail address with the code mailed to it, and set the password to sign in with."""
    linking.link_email(body, current_caller())
    return answer(Message(message="The e-mail address is linked."))
