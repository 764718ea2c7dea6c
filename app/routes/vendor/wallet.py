"""A vendor's money: balance, history, statement and payouts."""

from flask import Blueprint, Response

from app.middleware import limits
from app.middleware.answers import answer, listed
from app.middleware.guards import current_caller
from app.middleware.idempotency import OPTIONAL_KEY, InvalidIdempotencyKey, given_key, told_apart
from app.openapi import File, endpoint
from app.schemas.envelope import Listed
from app.schemas.pagination import Page
from app.schemas.payouts import PayoutAnswer, WithdrawAnswer, WithdrawForm
from app.schemas.wallets import (
    CreditForm,
    DebitForm,
    HistoryQuery,
    StatementQuery,
    VendorTransaction,
    VendorWalletAnswer,
)
from app.services.checkout.errors import KeyReused
from app.services.ledger import BalanceTooLarge, InsufficientFunds
from app.services.payouts import listing, requesting
from app.services.payouts.errors import NoPayoutBank
from app.services.shops.own import ShopNotFound
from app.services.wallets import balances, changing, history
from app.services.wallets.errors import SelfCreditClosed
from app.services.wallets.statement import StatementTooLong, statement

wallet = Blueprint("vendor_wallet", __name__)


@wallet.get("/wallet")
@endpoint(answers={200: VendorWalletAnswer})
def show_wallet() -> Response:
    """Show what your shop has: pending until goods may no longer come back, then available."""
    return answer(balances.vendor_wallet(current_caller()))


@wallet.get("/wallet/history")
@endpoint(query=HistoryQuery, answers={200: Listed[VendorTransaction]})
def list_transactions(query: HistoryQuery) -> Response:
    """List what changed your shop's money, newest first."""
    return listed(*history.vendor_page(query, current_caller()))


@wallet.post("/wallet/credit")
@limits.wallet_by_user
@endpoint(body=CreditForm, answers={200: VendorWalletAnswer}, errors=(SelfCreditClosed, ShopNotFound, BalanceTooLarge))
def credit_wallet(body: CreditForm) -> Response:
    """Give your shop money, for tries: closed in production (ALLOW_SELF_WALLET_CREDIT)."""
    return answer(changing.vendor_credit(body, current_caller()))


@wallet.post("/wallet/debit")
@limits.wallet_by_user
@endpoint(body=DebitForm, answers={200: VendorWalletAnswer}, errors=(InsufficientFunds, ShopNotFound))
def debit_wallet(body: DebitForm) -> Response:
    """Take money out of what your shop may draw."""
    return answer(changing.vendor_debit(body, current_caller()))


@wallet.post("/wallet/withdraw")
@limits.wallet_by_user
@endpoint(
    body=WithdrawForm,
    headers=(OPTIONAL_KEY,),
    answers={200: WithdrawAnswer},
    errors=(InvalidIdempotencyKey, InsufficientFunds, ShopNotFound, NoPayoutBank, KeyReused),
)
def withdraw(body: WithdrawForm) -> Response:
    """Draw available money to your bank. An admin approves it before it goes out."""
    made, is_replay = requesting.withdraw(body, current_caller(), key=given_key())
    return told_apart(answer(made), is_replay=is_replay)


@wallet.get("/wallet/payouts")
@endpoint(query=Page, answers={200: Listed[PayoutAnswer]})
def list_own_payouts(query: Page) -> Response:
    """List the payouts of your shop, newest first."""
    return listed(*listing.own_page(query, current_caller()))


@wallet.get("/wallet/statement")
@limits.files
@endpoint(
    query=StatementQuery,
    answers={200: File("text/csv", "The statement.", or_else=("application/pdf",))},
    errors=(ShopNotFound, StatementTooLong),
)
def download_statement(query: StatementQuery) -> Response:
    """Download a statement of account: opening balance, every move, closing balance."""
    made = statement(query, current_caller())
    headers = {"Content-Disposition": f'attachment; filename="{made.name}"', "Cache-Control": "no-store"}
    return Response(made.content, mimetype=made.media_type, headers=headers)
