"""Loading a wallet: write down what is wanted, ask the provider with no transaction open, book what it took.

Each part can be repeated: crash anywhere, retry anything, the end is one charge and one booking (checkout-design, 9).
"""

import secrets
import time
import uuid
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import BigInteger, Boolean, bindparam, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.clients.providers import payment_client
from app.config import settings
from app.domain.caller import Caller
from app.models import PaymentToken, TopUp
from app.schemas.money import LARGEST
from app.schemas.wallets import MANUAL_LOAD, LoadForm, TopUpAnswer, TopUpStatus
from app.services import audit, locks
from app.services.checkout.errors import KeyReused, UnsupportedProvider
from app.services.ledger import BalanceTooLarge
from app.services.payment_tokens import PaymentTokenNotFound
from app.services.request_keys import hash_of
from app.services.top_ups import settling, shown
from app.services.top_ups.errors import TopUpDeclined
from app.services.wallets import balances
from app.transaction import retried, transaction

LEASE = timedelta(seconds=30)
"""How long the sweeper leaves a new payment to the request that made it: two calls to the provider at their slowest."""

PATIENCE = 2.0
"""Seconds the second of two equal requests waits for the first one's answer, holding no connection."""

_PAUSE = 0.025


@dataclass(frozen=True, slots=True)
class Started:
    top_up_id: int
    is_replay: bool


def load(form: LoadForm, caller: Caller, *, key: str | None) -> tuple[TopUpAnswer, bool]:
    """Charge a means of payment and put the money into the caller's wallet; answers whether it is a repeat as well.

    A repeat is known by its `key` or else by a `reference` of its own. Raises PaymentTokenNotFound,
    UnsupportedProvider, KeyReused, BalanceTooLarge or TopUpDeclined.
    """
    started = retried(lambda: _start(form, caller, key))
    if started.is_replay:
        answer = _awaited(started.top_up_id, caller)
    else:
        settling.carry_on(started.top_up_id)
        answer = shown.own(started.top_up_id, caller)
    if answer.status is TopUpStatus.DECLINED:
        raise TopUpDeclined(details={"top_up_id": answer.top_up_id, "reason": answer.failure_code or "declined"})
    return answer, started.is_replay


def _awaited(top_up_id: int, caller: Caller) -> TopUpAnswer:
    """What an earlier request came to. It is never driven on from here: its own request does that, or the sweeper."""
    give_up = time.monotonic() + PATIENCE
    while (answer := shown.own(top_up_id, caller)).status is TopUpStatus.PENDING and time.monotonic() < give_up:
        time.sleep(_PAUSE)
    return answer


def _start(form: LoadForm, caller: Caller, key: str | None) -> Started:
    client_key, hashed = _client_key(form, key), hash_of("wallet.load", form.model_dump(mode="json"))
    with transaction() as session:
        locks.limit_waits(session)
        if client_key and (made := _made_before(session, caller, client_key, hashed)):
            return made
        _check_room(session, form, caller)
        top_up_id = _insert(session, form, caller, client_key, hashed)
        if top_up_id is None:  # an equal request was a moment faster
            made = _made_before(session, caller, str(client_key), hashed)
            if made is None:
                raise LookupError(f"the payment of user {caller.user_id} under the same key is gone")
            return made
        _note(session, top_up_id, form, caller)
        return Started(top_up_id, is_replay=False)


def _check_room(session: Session, form: LoadForm, caller: Caller) -> None:
    """Nobody is charged for what their wallet cannot hold. Raises BalanceTooLarge."""
    if balances.in_wallet(session, user_id=caller.user_id) + form.amount > LARGEST:
        raise BalanceTooLarge


def _client_key(form: LoadForm, key: str | None) -> str | None:
    """The header, or else a reference that is not the one every nameless load has."""
    if key is not None:
        return key
    return None if form.reference == MANUAL_LOAD else f"reference:{form.reference}"


_MADE = select(TopUp.id, TopUp.request_hash).where(
    TopUp.user_id == bindparam("user_id"), TopUp.client_key == bindparam("client_key")
)


def _made_before(session: Session, caller: Caller, client_key: str, hashed: str) -> Started | None:
    row = session.execute(_MADE, {"user_id": caller.user_id, "client_key": client_key}).one_or_none()
    if row is None:
        return None
    if row.request_hash != hashed:
        raise KeyReused("This Idempotency-Key or reference was used for another load. Take a new one.")
    return Started(row.id, is_replay=True)


_IS_SANDBOX = bindparam("sandbox", type_=Boolean)
_ASKED_FOR = bindparam("token_id", type_=BigInteger)
_TOKEN = (
    select(PaymentToken.id, PaymentToken.provider)
    .where(
        PaymentToken.is_active,
        or_(PaymentToken.user_id == bindparam("user_id"), PaymentToken.user_id.is_(None) & _IS_SANDBOX),
        or_(
            PaymentToken.id == _ASKED_FOR,
            _ASKED_FOR.is_(None) & or_(PaymentToken.is_default, PaymentToken.user_id.is_(None)),
        ),
    )
    .order_by(PaymentToken.user_id.is_(None), PaymentToken.id)
    .limit(1)
)


def _token_id(session: Session, form: LoadForm, caller: Caller) -> int:
    """The means of payment to charge: the one named, else the default, else the sandbox's shared one."""
    sandbox = settings().payment_provider == "sandbox"
    values = {"user_id": caller.user_id, "token_id": form.payment_token_id, "sandbox": sandbox}
    row = session.execute(_TOKEN, values).one_or_none()
    if row is None:
        raise PaymentTokenNotFound
    if row.provider != payment_client(settings()).provider:
        raise UnsupportedProvider
    return int(row.id)


def _insert(session: Session, form: LoadForm, caller: Caller, client_key: str | None, hashed: str) -> int | None:
    """None when the key is taken."""
    statement = (
        insert(TopUp)
        .values(
            user_id=caller.user_id,
            client_key=client_key,
            request_hash=hashed,
            amount=form.amount,
            currency=settings().currency,
            note=form.reference,
            payment_token_id=_token_id(session, form, caller),
            provider=payment_client(settings()).provider,
            reference=f"TOPUP-{caller.user_id}-{secrets.token_hex(12)}",
            authorize_key=uuid.uuid4(),
            capture_key=uuid.uuid4(),
            next_at=func.now() + LEASE,
        )
        .on_conflict_do_nothing(index_elements=[TopUp.user_id, TopUp.client_key])
        .returning(TopUp.id)
    )
    return session.execute(statement).scalar_one_or_none()


def _note(session: Session, top_up_id: int, form: LoadForm, caller: Caller) -> None:
    asked = {"amount": str(form.amount), "currency": settings().currency, "reference": form.reference}
    audit.record(session, entity_type="top_up", entity_id=top_up_id, action="CREATE", by=caller, new=asked)
