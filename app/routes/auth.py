"""Registration, sign-in, tokens and passwords."""

from flask import Blueprint, Response

from app.config import settings
from app.errors import AuthFailed, AuthRequired
from app.middleware import limits
from app.middleware.answers import answer
from app.middleware.guards import current_caller, current_origin, verify_refresh_token
from app.openapi import endpoint
from app.schemas.auth import (
    AuthAnswer,
    LoginRequest,
    RegisterRequest,
    SendCodeRequest,
    SentCode,
    Tokens,
    UserSummary,
    VerifyCodeRequest,
)
from app.schemas.envelope import Message
from app.services import accounts, profile, registration_codes

public = Blueprint("auth_public", __name__)
account = Blueprint("auth_account", __name__)


@public.post("/register")
@limits.otp
@endpoint(
    body=RegisterRequest, answers={201: AuthAnswer}, errors=(accounts.UserExists, registration_codes.EmailNotVerified)
)
def register(body: RegisterRequest) -> Response:
    """Make a customer account and sign in."""
    return answer(accounts.register(body, current_origin()), status=201)


@public.post("/login")
@limits.login
@endpoint(body=LoginRequest, answers={200: AuthAnswer}, errors=(accounts.InvalidCredentials,))
def login(body: LoginRequest) -> Response:
    """Sign in with e-mail and password."""
    return answer(accounts.login(body, current_origin()))


@public.post("/refresh")
@endpoint(answers={200: Tokens}, errors=(AuthRequired, AuthFailed))
def refresh() -> Response:
    """Exchange a refresh token, sent as bearer, for a new pair of tokens.

    A refresh token works once. Using it a second time closes the whole session.
    """
    return answer(accounts.refresh(jti=verify_refresh_token()))


@public.post("/register/send-otp")
@limits.otp
@endpoint(
    body=SendCodeRequest,
    answers={200: SentCode},
    errors=(registration_codes.UserAlreadyExists, registration_codes.CodesNotOffered),
)
def send_code(body: SendCodeRequest) -> Response:
    """Mail a four-digit code that proves an e-mail address before registration."""
    code = registration_codes.send(email=body.email)
    shown = None if settings().in_production else code
    return answer(SentCode(message="A code is on its way.", code=shown))


@public.post("/register/verify-otp")
@limits.otp
@endpoint(body=VerifyCodeRequest, answers={200: Message}, errors=(registration_codes.InvalidRegistrationCode,))
def verify_code(body: VerifyCodeRequest) -> Response:
    """Prove an e-mail address with the code mailed to it."""
    registration_codes.verify(email=body.email, code=body.code)
    return answer(Message(message="The e-mail address is verified."))


@account.get("/me")
@endpoint(answers={200: UserSummary})
def me() -> Response:
    """The signed-in user."""
    return answer(profile.summary(current_caller()))


@account.post("/logout")
@endpoint(answers={200: Message})
def logout() -> Response:
    """End this session: its access and refresh tokens stop working at once."""
    accounts.logout(current_caller())
    return answer(Message(message="Signed out."))
