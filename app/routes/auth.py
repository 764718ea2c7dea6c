"""Registration, sign-in, tokens and passwords."""

from flask import Blueprint, Response, request
from pydantic import ValidationError

from app.config import settings
from app.errors import AuthFailed, AuthRequired, ValidationFailed
from app.middleware import limits
from app.middleware.answers import answer, bare, never_stored
from app.middleware.guards import current_caller, current_origin, verify_refresh_token
from app.openapi import Header, endpoint, faults
from app.schemas.auth import (
    AuthAnswer,
    ChangePasswordRequest,
    ForgotPasswordRequest,
    LoginRequest,
    OAuthToken,
    RegisterRequest,
    ResetPasswordRequest,
    SendCodeRequest,
    SentCode,
    SentReset,
    TokenForm,
    Tokens,
    UserSummary,
    VerifyCodeRequest,
)
from app.schemas.envelope import Message
from app.schemas.phone import TokenRefresh
from app.services import accounts, credentials, password_resets, profile, registration_codes, second_factor

public = Blueprint("auth_public", __name__)
account = Blueprint("auth_account", __name__)

GUEST_CART = Header(
    "X-Cart-Token", "The token of a guest's cart, to move its lines into the user's; a dead one is ignored."
)

_REFUSALS = (credentials.InvalidCredentials, second_factor.SecondFactorRequired, second_factor.InvalidSecondFactor)

public.after_request(never_stored)  # answers may hold tokens (RFC 6749, section 5.1)


@public.post("/register")
@limits.register
@endpoint(
    body=RegisterRequest,
    headers=(GUEST_CART,),
    answers={201: AuthAnswer},
    errors=(accounts.UserExists, registration_codes.EmailNotVerified),
)
def register(body: RegisterRequest) -> Response:
    """Make a customer account and sign in."""
    return answer(accounts.register(body, current_origin(), request.headers.get(GUEST_CART.name)), status=201)


@public.post("/login")
@limits.login
@endpoint(body=LoginRequest, headers=(GUEST_CART,), answers={200: AuthAnswer}, errors=_REFUSALS)
def login(body: LoginRequest) -> Response:
    """Sign in with e-mail and password, and a code where the account has a second factor."""
    return answer(accounts.login(body, current_origin(), request.headers.get(GUEST_CART.name)))


@public.post("/token")
@limits.login
@endpoint(form=TokenForm, bare=True, answers={200: OAuthToken}, errors=(*_REFUSALS, ValidationFailed))
def token() -> Response:
    """Sign in as OAuth 2 does, with a form, for the Authorize button of the documentation.

    A code of a second factor stands behind the password and a space: `sunny-day-7 492039`.
    The success stands outside the envelope, as the standard demands; failures are as everywhere.
    """
    return bare(accounts.grant(_login_form(), current_origin()))


@public.post("/refresh")
@endpoint(body=TokenRefresh, body_optional=True, answers={200: Tokens}, errors=(AuthRequired, AuthFailed))
def refresh(body: TokenRefresh) -> Response:
    """Exchange a refresh token, sent in the body or else as bearer, for a new pair of tokens.

    A refresh token works once. Using it a second time closes the whole session.
    """
    return answer(accounts.refresh(jti=verify_refresh_token(body.refresh_token)))


@public.post("/forgot-password")
@limits.otp
@endpoint(body=ForgotPasswordRequest, answers={200: SentReset})
def forgot_password(body: ForgotPasswordRequest) -> Response:
    """Mail a link that sets a new password, if the address belongs to an account.

    The answer is the same for every address. The link works once, within 30 minutes.
    """
    made = password_resets.request(email=body.email, origin=current_origin())
    shown = None if settings().in_production else made
    return answer(SentReset(message="If the address belongs to an account, a link is on its way.", reset_token=shown))


@public.post("/reset-password")
@limits.otp
@endpoint(body=ResetPasswordRequest, answers={200: Message}, errors=(password_resets.InvalidOrExpiredToken,))
def reset_password(body: ResetPasswordRequest) -> Response:
    """Set a new password with the token of a mailed link; every session of the user ends."""
    password_resets.reset(body, current_origin())
    return answer(Message(message="The password is set. Sign in with it."))


@public.post("/register/send-otp")
@limits.otp
@endpoint(
    body=SendCodeRequest,
    answers={200: SentCode},
    errors=(registration_codes.UserAlreadyExists, registration_codes.CodesNotOffered),
)
def send_code(body: SendCodeRequest) -> Response:
    """Mail a four-digit code that proves an e-mail address before registration."""
    code = registration_codes.send(current_origin(), email=body.email)
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


@account.post("/change-password")
@limits.login
@endpoint(body=ChangePasswordRequest, answers={200: Message}, errors=(credentials.InvalidCredentials,))
def change_password(body: ChangePasswordRequest) -> Response:
    """Set a new password; every session ends, the one used for this request included."""
    accounts.change_password(body, current_caller())
    return answer(Message(message="The password is changed. Sign in with it."))


@account.post("/logout")
@endpoint(answers={200: Message})
def logout() -> Response:
    """End this session: its access and refresh tokens stop working at once."""
    accounts.logout(current_caller())
    return answer(Message(message="Signed out."))


def _login_form() -> LoginRequest:
    try:
        return TokenForm.model_validate(request.form.to_dict()).as_login()
    except ValidationError as error:
        raise ValidationFailed(details={"errors": faults(error, "body")}) from None
