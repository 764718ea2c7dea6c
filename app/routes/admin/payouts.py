"""Vendors' money on its way to their banks, and wallets seen from the office."""

from flask import Blueprint, Response

from app.middleware.answers import answer, listed, never_stored
from app.middleware.guards import current_caller
from app.middleware.idempotency import REQUIRED_KEY, IdempotencyKeyRequired, given_key, told_apart
from app.openapi import endpoint
from app.schemas.envelope import Listed
from app.schemas.payouts import FailForm, ManagedPayout, ManagedPayoutQuery, PayoutDetail, PayoutOrder, SentForm
from app.schemas.wallets import GoodwillForm, HistoryQuery, ManagedWallet, WalletAnswer
from app.services.checkout.errors import KeyReused
from app.services.ledger import BalanceTooLarge, InsufficientFunds
from app.services.payouts import deciding, listing, requesting
from app.services.payouts.errors import NeedsAnotherAdmin, NoPayoutBank, PayoutNotFound, PayoutNotThere
from app.services.shops.own import ShopNotFound
from app.services.wallets import managing

payouts = Blueprint("admin_payouts", __name__)


@payouts.get("/payouts")
@endpoint(query=ManagedPayoutQuery, answers={200: Listed[ManagedPayout]})
def list_payouts(query: ManagedPayoutQuery) -> Response:
    """List payouts by state and shop, newest first."""
    return listed(*listing.managed_page(query))


@payouts.post("/payouts")
@endpoint(
    body=PayoutOrder,
    headers=(REQUIRED_KEY,),
    answers={200: ManagedPayout, 201: ManagedPayout},
    errors=(IdempotencyKeyRequired, InsufficientFunds, ShopNotFound, NoPayoutBank, KeyReused),
)
def request_payout(body: PayoutOrder) -> Response:
    """Ask for a payout on behalf of a vendor. Another admin has to approve it."""
    made, is_replay = requesting.request_for(body, current_caller(), key=given_key() or "")
    return told_apart(answer(made, status=200 if is_replay else 201), is_replay=is_replay)


@payouts.get("/payouts/<int:payout_id>")
@endpoint(answers={200: PayoutDetail}, errors=(PayoutNotFound,))
def show_payout(payout_id: int) -> Response:
    """Show a payout with the whole account number; each look at it stands in the audit trail."""
    return never_stored(answer(listing.detail(payout_id, current_caller())))


@payouts.post("/payouts/<int:payout_id>/approve")
@endpoint(answers={200: ManagedPayout}, errors=(NeedsAnotherAdmin, PayoutNotFound, PayoutNotThere))
def approve_payout(payout_id: int) -> Response:
    """Approve a payout that somebody else asked for."""
    return answer(deciding.approve(payout_id, current_caller()))


@payouts.post("/payouts/<int:payout_id>/sent")
@endpoint(body=SentForm, answers={200: ManagedPayout}, errors=(PayoutNotFound, PayoutNotThere))
def mark_payout_sent(payout_id: int, body: SentForm) -> Response:
    """Tell that you made the transfer at the bank, and what the bank calls it."""
    return answer(deciding.mark_sent(body, payout_id, current_caller()))


@payouts.post("/payouts/<int:payout_id>/paid")
@endpoint(answers={200: ManagedPayout}, errors=(PayoutNotFound, PayoutNotThere))
def mark_payout_paid(payout_id: int) -> Response:
    """Tell that the money of a sent payout has arrived."""
    return answer(deciding.mark_paid(payout_id, current_caller()))


@payouts.post("/payouts/<int:payout_id>/fail")
@endpoint(body=FailForm, answers={200: ManagedPayout}, errors=(PayoutNotFound, PayoutNotThere))
def fail_payout(payout_id: int, body: FailForm) -> Response:
    """Refuse a payout, or tell that it did not arrive: the vendor has the money again."""
    return answer(deciding.fail(body, payout_id, current_caller()))


@payouts.get("/wallets/<int:user_id>")
@endpoint(query=HistoryQuery, answers={200: ManagedWallet}, errors=(managing.ConsumerNotFound,))
def show_wallet(user_id: int, query: HistoryQuery) -> Response:
    """Show a consumer's wallet with its history, newest first."""
    return answer(managing.wallet_of(query, user_id=user_id))


@payouts.post("/wallets/<int:user_id>/credit")
@endpoint(
    body=GoodwillForm,
    headers=(REQUIRED_KEY,),
    answers={200: WalletAnswer},
    errors=(IdempotencyKeyRequired, managing.ConsumerNotFound, KeyReused, BalanceTooLarge),
)
def credit_wallet(user_id: int, body: GoodwillForm) -> Response:
    """Give a consumer money of the house. They read the reason in their history."""
    made, is_replay = managing.credit(body, current_caller(), user_id=user_id, key=given_key() or "")
    return told_apart(answer(made), is_replay=is_replay)
