"""A consumer's wallet."""

from flask import Blueprint, Response

from app.middleware import limits
from app.middleware.answers import answer, listed
from app.middleware.guards import current_caller
from app.middleware.idempotency import OPTIONAL_KEY, InvalidIdempotencyKey, given_key, told_apart
from app.openapi import endpoint
from app.schemas.envelope import Listed
from app.schemas.wallets import (
    DebitForm,
    HistoryQuery,
    LoadForm,
    RefundForm,
    TopUpAnswer,
    TopUpStatus,
    WalletAnswer,
    WalletTransaction,
)
from app.services.checkout.errors import KeyReused, UnsupportedProvider
from app.services.ledger import BalanceTooLarge, InsufficientFunds
from app.services.payment_tokens import PaymentTokenNotFound
from app.services.top_ups import shown, starting
from app.services.top_ups.errors import TopUpDeclined, TopUpNotFound
from app.services.wallets import balances, changing, history
from app.services.wallets.errors import SelfCreditClosed

wallet = Blueprint("consumer_wallet", __name__)


@wallet.get("")
@endpoint(answers={200: WalletAnswer})
def show_wallet() -> Response:
    """Show what is in your wallet."""
    return answer(balances.wallet(current_caller()))


@wallet.get("/history")
@endpoint(query=HistoryQuery, answers={200: Listed[WalletTransaction]})
def list_transactions(query: HistoryQuery) -> Response:
    """List what changed your wallet, newest first."""
    return listed(*history.page(query, current_caller()))


@wallet.post("/load")
@limits.wallet_by_user
@endpoint(
    body=LoadForm,
    headers=(OPTIONAL_KEY,),
    answers={200: TopUpAnswer, 202: TopUpAnswer},
    errors=(
        InvalidIdempotencyKey,
        TopUpDeclined,
        PaymentTokenNotFound,
        UnsupportedProvider,
        BalanceTooLarge,
        KeyReused,
    ),
)
def load_wallet(body: LoadForm) -> Response:
    """Load your wallet from a means of payment.

    202: the provider has yet to decide; ask again at `/load/{top_up_id}`. Sent again under the same Idempotency-Key,
    or without one under the same `reference` (other than `manual-load`), the request charges nothing more.
    """
    made, is_replay = starting.load(body, current_caller(), key=given_key())
    response = answer(made, status=200 if made.status is TopUpStatus.PAID else 202)
    return told_apart(response, is_replay=is_replay)


@wallet.get("/load/<int:top_up_id>")
@endpoint(answers={200: TopUpAnswer}, errors=(TopUpNotFound,))
def show_load(top_up_id: int) -> Response:
    """Show what became of a load of your wallet."""
    return answer(shown.own(top_up_id, current_caller()))


@wallet.post("/debit")
@limits.wallet_by_user
@endpoint(body=DebitForm, answers={200: WalletAnswer}, errors=(InsufficientFunds,))
def debit_wallet(body: DebitForm) -> Response:
    """Take money out of your wallet."""
    return answer(changing.debit(body, current_caller()))


@wallet.post("/refund")
@limits.wallet_by_user
@endpoint(body=RefundForm, answers={200: WalletAnswer}, errors=(SelfCreditClosed, BalanceTooLarge))
def refund_wallet(body: RefundForm) -> Response:
    """Put money into your wallet, for tries: closed in production (ALLOW_SELF_WALLET_CREDIT)."""
    return answer(changing.refund(body, current_caller()))
