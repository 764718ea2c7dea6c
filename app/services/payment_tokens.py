"""Saved means of payment: the provider's handle and four digits. A user with any has exactly one default."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm import Session

from app.clients.payments import CardNumberNotTaken, NewToken, PaymentClient, ProviderSilent
from app.clients.providers import payment_client
from app.config import settings
from app.domain.caller import Caller
from app.domain.enums import PaymentProvider
from app.errors import BadRequest, Conflict, Forbidden, NotFound, ServiceUnavailable
from app.models import PaymentToken
from app.schemas.payment_tokens import NewPaymentToken, SavedPaymentToken
from app.services import audit, profile
from app.transaction import reading, transaction

MOST = 50
"""Far more than anybody needs; it keeps the list, which is sent whole, small."""


class PaymentTokenNotFound(NotFound):
    code = "PAYMENT_TOKEN_NOT_FOUND"
    message = "You have no such means of payment."


class CardNumbersRefused(Forbidden):
    code = "CARD_NUMBERS_REFUSED"
    message = "Card numbers are not taken here. Give the card to the payment provider and send its provider_token."


class UnknownProviderToken(BadRequest):
    code = "UNKNOWN_PROVIDER_TOKEN"
    message = "The payment provider does not know this provider_token."


class PaymentProviderSilent(ServiceUnavailable):
    code = "PAYMENT_PROVIDER_SILENT"
    message = "The payment provider does not answer at the moment. Try again shortly."


class TooManyPaymentTokens(Conflict):
    code = "TOO_MANY_PAYMENT_TOKENS"
    message = f"You have {MOST} payment tokens. Delete one first."


_MINE = (PaymentToken.user_id == bindparam("user_id"), PaymentToken.is_active)
_OWN = select(PaymentToken).where(PaymentToken.id == bindparam("payment_token_id"), *_MINE)
_LIST = (
    select(
        PaymentToken.id.label("payment_token_id"),
        PaymentToken.provider,
        PaymentToken.last4,
        PaymentToken.is_default,
        PaymentToken.created_at,
    )
    .where(*_MINE)
    .order_by(PaymentToken.is_default.desc(), PaymentToken.id.desc())
)
_COUNT = select(func.count()).where(*_MINE)
_NEWEST = select(PaymentToken).where(*_MINE).order_by(PaymentToken.id.desc()).limit(1)
_DEFAULT = select(PaymentToken.id).where(*_MINE, PaymentToken.is_default)


def list_own(caller: Caller) -> list[SavedPaymentToken]:
    """The caller's means of payment, the default first, then newest first."""
    with reading() as connection:
        rows = connection.execute(_LIST, {"user_id": caller.user_id})
        return [SavedPaymentToken.model_validate(row) for row in rows]


def create(form: NewPaymentToken, caller: Caller) -> SavedPaymentToken:
    """Keep a means of payment; the first becomes the default.

    Raises CardNumbersRefused outside the sandbox, UnknownProviderToken, PaymentProviderSilent, TooManyPaymentTokens.
    """
    client = payment_client(settings())
    known = _known_to(client, form)
    with transaction() as session:
        profile.locked(session, caller)
        kept = session.execute(_COUNT, {"user_id": caller.user_id}).scalar_one()
        if kept >= MOST:
            raise TooManyPaymentTokens
        token = _added(session, known, client.provider, caller, is_default=kept == 0)
        return _saved(token)


def make_default(caller: Caller, *, payment_token_id: int) -> SavedPaymentToken:
    """Make a means of payment the only default. Raises PaymentTokenNotFound."""
    with transaction() as session:
        return _saved(save_default(session, caller, payment_token_id=payment_token_id))


def delete(caller: Caller, *, payment_token_id: int) -> None:
    """Stop using a means of payment; of the others the newest takes over as default.

    The row stays, switched off, for the payments made with it. Raises PaymentTokenNotFound.
    """
    with transaction() as session:
        token = _locked_own(session, caller, payment_token_id)
        was_default, token.is_default, token.is_active = token.is_default, False, False
        session.flush()
        audit.record(
            session, entity_type="payment_token", action="DELETE", entity_id=token.id, by=caller, old=_shown(token)
        )
        heir = session.execute(_NEWEST, {"user_id": caller.user_id}).scalar_one_or_none() if was_default else None
        if heir is not None:
            _set_default(session, heir, caller)


def prefer(caller: Caller, *, payment_token_id: int) -> None:
    """Keep the means of payment of a purchase as the default; the sandbox's shared card is nobody's and left alone."""
    try:
        with transaction() as session:
            save_default(session, caller, payment_token_id=payment_token_id)
    except PaymentTokenNotFound:
        return


def save_default(session: Session, caller: Caller, *, payment_token_id: int) -> PaymentToken:
    """Make a means of payment the caller's only default, audited. A step; raises PaymentTokenNotFound."""
    token = _locked_own(session, caller, payment_token_id)
    if not token.is_default:
        _set_default(session, token, caller)
    return token


def _known_to(client: PaymentClient, form: NewPaymentToken) -> NewToken:
    """Ask the provider, while no transaction is open."""
    if form.card_number is not None:
        try:
            return client.create_token(card_number=form.card_number.get_secret_value())
        except CardNumberNotTaken:
            raise CardNumbersRefused from None
    try:
        return client.read_token(str(form.provider_token))
    except ValueError:
        raise UnknownProviderToken from None
    except ProviderSilent:
        raise PaymentProviderSilent(retry_after=5) from None


def _added(
    session: Session, known: NewToken, provider: PaymentProvider, caller: Caller, *, is_default: bool
) -> PaymentToken:
    token = PaymentToken(user_id=caller.user_id, provider=provider, is_default=is_default, is_active=True)
    token.provider_token, token.last4 = known.provider_token, known.last4
    session.add(token)
    session.flush()
    audit.record(
        session, entity_type="payment_token", action="CREATE", entity_id=token.id, by=caller, new=_shown(token)
    )
    return token


def _locked_own(session: Session, caller: Caller, payment_token_id: int) -> PaymentToken:
    """The caller's own token, read after the lock on their row is granted. Raises PaymentTokenNotFound."""
    profile.locked(session, caller)
    values = {"payment_token_id": payment_token_id, "user_id": caller.user_id}
    token = session.execute(_OWN, values).scalar_one_or_none()
    if token is None:
        raise PaymentTokenNotFound
    return token


def _set_default(session: Session, token: PaymentToken, caller: Caller) -> None:
    """The others are cleared by a statement of its own first: the database allows one default at any moment."""
    old = session.execute(_DEFAULT, {"user_id": caller.user_id}).scalar_one_or_none()
    session.execute(
        update(PaymentToken)
        .where(PaymentToken.user_id == caller.user_id, PaymentToken.is_default)
        .values(is_default=False)
    )
    token.is_default = True
    audit.record(
        session,
        entity_type="payment_preferences",
        action="SET_DEFAULT",
        entity_id=token.id,
        by=caller,
        old={"payment_token_id": old},
        new={"payment_token_id": token.id},
    )


def _shown(token: PaymentToken) -> dict[str, Any]:
    """What may stand in the audit trail; the provider's handle may not."""
    return {"provider": token.provider.value, "last4": token.last4}


def _saved(token: PaymentToken) -> SavedPaymentToken:
    columns: Mapping[str, Any] = {
        name: getattr(token, name) for name in SavedPaymentToken.model_fields if name != "payment_token_id"
    }
    return SavedPaymentToken(payment_token_id=token.id, **columns)
