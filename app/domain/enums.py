"""The closed sets of words of the shop, as stored and as sent."""

from enum import StrEnum


class Role(StrEnum):
    CUSTOMER = "CUSTOMER"
    VENDOR = "VENDOR"
    EMPLOYEE = "EMPLOYEE"
    MANAGER = "MANAGER"
    ADMIN = "ADMIN"


class MembershipTier(StrEnum):
    FREE = "FREE"
    PREMIUM = "PREMIUM"


class LocationKind(StrEnum):
    STORE = "STORE"
    WAREHOUSE = "WAREHOUSE"
    SHOP = "SHOP"


BRANCH_KINDS = (LocationKind.STORE, LocationKind.WAREHOUSE)
"""What the API calls a branch; a SHOP is a vendor's."""


class SoldBy(StrEnum):
    """PIECE: a fixed price each. WEIGHT: a price per kilogram, estimated at checkout and settled when picked."""

    PIECE = "PIECE"
    WEIGHT = "WEIGHT"


class ProductSort(StrEnum):
    """How product lists may be sorted; PRICE, NAME and DATE are short for PRICE_ASC, NAME_ASC and UPDATED_AT_DESC."""

    ID = "id"
    RELEVANCE = "relevance"
    PRICE = "price"
    PRICE_ASC = "price_asc"
    PRICE_DESC = "price_desc"
    NAME = "name"
    NAME_ASC = "name_asc"
    NAME_DESC = "name_desc"
    DATE = "date"
    UPDATED_AT_DESC = "updated_at_desc"


class ChannelName(StrEnum):
    DELIVERY_OR_PICKUP = "DELIVERY_OR_PICKUP"
    MARKETPLACE = "MARKETPLACE"
    IN_STORE = "IN_STORE"


class CartStatus(StrEnum):
    ACTIVE = "ACTIVE"
    CHECKED_OUT = "CHECKED_OUT"
    ABANDONED = "ABANDONED"


class FulfillmentType(StrEnum):
    DELIVERY = "DELIVERY"
    PICKUP = "PICKUP"


class OrderStatus(StrEnum):
    PENDING_PAYMENT = "PENDING_PAYMENT"
    CANCELLING = "CANCELLING"
    CREATED = "CREATED"
    IN_PROGRESS = "IN_PROGRESS"
    READY = "READY"
    OUT_FOR_DELIVERY = "OUT_FOR_DELIVERY"
    DELIVERED = "DELIVERED"
    CANCELED = "CANCELED"
    DELAYED = "DELAYED"
    MISSING = "MISSING"
    PENDING = "PENDING"
    ACCEPTED = "ACCEPTED"
    REJECTED = "REJECTED"
    AWAITING_CONSUMER_CONFIRMATION = "AWAITING_CONSUMER_CONFIRMATION"
    CONFIRMED = "CONFIRMED"
    RETURN_ACCEPTED = "RETURN_ACCEPTED"
    RETURN_COMPLETED = "RETURN_COMPLETED"


class PaymentMethod(StrEnum):
    """CARD goes through the provider, WALLET through our books, CASH from hand to hand at the door."""

    CARD = "CARD"
    WALLET = "WALLET"
    CASH = "CASH"


class PaymentStatus(StrEnum):
    """What the buyer of a vendor's order sees of its money, in the words of the marketplace's clients."""

    UNPAID = "unpaid"
    PAID = "paid"
    PARTIALLY_REFUNDED = "partially_refunded"
    REFUNDED = "refunded"


class OrderActionType(StrEnum):
    """What was done to a vendor's order (contract of the marketplace, section 12)."""

    ORDER_CREATED = "order_created"
    STATUS_UPDATED = "status_updated"
    VENDOR_MODIFIED = "vendor_modified"
    MODIFICATION_CONFIRMED = "modification_confirmed"
    ORDER_CANCELLED = "order_cancelled"
    MESSAGE_SENT = "message_sent"
    ORDER_RATED = "order_rated"
    ISSUE_RAISED = "issue_raised"
    ISSUE_RESOLVED = "issue_resolved"
    RETURN_REQUESTED = "return_requested"
    RETURN_ACCEPTED = "return_accepted"
    RETURN_REJECTED = "return_rejected"
    VENDOR_FORCED_RETURN = "vendor_forced_return"
    RETURN_COMPLETED = "return_completed"
    REFUNDED = "refunded"


class OrderSide(StrEnum):
    """Who did or said something about a vendor's order; SYSTEM is nobody in person."""

    CONSUMER = "consumer"
    VENDOR = "vendor"
    OFFICE = "office"
    SYSTEM = "system"


class IssueStatus(StrEnum):
    RAISED = "raised"
    RESOLVED = "resolved"
    REJECTED = "rejected"


class ReturnStatus(StrEnum):
    REQUESTED = "requested"
    ACCEPTED = "accepted"
    COMPLETED = "completed"
    REJECTED = "rejected"


class ReviewStatus(StrEnum):
    """Where the check of a vendor's papers stands."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"


class ShopEvent(StrEnum):
    OPENED = "opened"
    CLOSED = "closed"


class TopUpState(StrEnum):
    """A payment into a wallet; MANUAL waits for a person and is logged as an error."""

    CREATED = "created"
    AUTHORIZED = "authorized"
    PAID = "paid"
    DECLINED = "declined"
    MANUAL = "manual"


class PayoutState(StrEnum):
    REQUESTED = "requested"
    APPROVED = "approved"
    SENT = "sent"
    PAID = "paid"
    FAILED = "failed"


class UploadState(StrEnum):
    """Where the work on an uploaded file of items stands."""

    PENDING = "pending"
    RUNNING = "running"
    DONE = "done"


class TrolleyState(StrEnum):
    """Where a trolley and its session stand; the order is that of the numbers on the wire (SC1, B.9)."""

    IDLE = "idle"
    SHOPPING = "shopping"
    REVIEW = "review"
    PAYING = "paying"
    PAID = "paid"
    ASSIST = "assist"
    LOST = "lost"
    MAINTENANCE = "maintenance"

    @property
    def number(self) -> int:
        """The state as devices know it, `st` on the wire."""
        return _NUMBERS[self]


_NUMBERS = {state: number for number, state in enumerate(TrolleyState)}


class DeviceStatus(StrEnum):
    """Of a device's credential. Only an active one may speak; the rest hear `off`."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    LOST = "lost"


class SessionOutcome(StrEnum):
    PAID = "paid"
    LEFT = "left"
    ABANDONED = "abandoned"
    AT_TILL = "at_till"


class WeightState(StrEnum):
    """How far a session's weights are trusted (SC1, B.6)."""

    OK = "ok"
    SUSPECT = "suspect"
    MISMATCH = "mismatch"
    ASSIST = "assist"


class AssistReason(StrEnum):
    HELP = "help"
    WEIGHT = "weight"
    TAMPER = "tamper"
    AGE_CHECK = "age_check"
    SPOT_CHECK = "spot_check"
    RESTOCK = "restock"
    LOW_BATTERY = "low_battery"


class AssistOutcome(StrEnum):
    """How staff settled a call for assistance (SC1, B.6)."""

    ACCEPTED = "accepted"
    CORRECTED = "corrected"
    REMOVED = "removed"
    FRAUD = "fraud"


class IncidentKind(StrEnum):
    LATE_EVENT = "late_event"
    CLASH = "clash"
    CLONE = "clone"
    LOST_EVENTS = "lost_events"
    LOST_TROLLEY = "lost_trolley"
    TAMPER = "tamper"


class ReservationState(StrEnum):
    ACTIVE = "ACTIVE"
    CONSUMED = "CONSUMED"
    RELEASED = "RELEASED"
    EXPIRED = "EXPIRED"


class LayoutStatus(StrEnum):
    DRAFT = "draft"
    PUBLISHED = "published"
    RETIRED = "retired"


class PickedStatus(StrEnum):
    PENDING = "PENDING"
    PICKED = "PICKED"
    MISSING = "MISSING"
    REPLACED = "REPLACED"


class PaymentProvider(StrEnum):
    """MOCKPAY is the offline sandbox, under the name older clients know."""

    MOCKPAY = "mockpay"
    STRIPE = "stripe"


class OperationKind(StrEnum):
    AUTHORIZE = "authorize"
    CAPTURE = "capture"
    VOID = "void"
    REFUND = "refund"


class OperationState(StrEnum):
    """A call to the payment provider; MANUAL waits for a person and is logged as an error."""

    CREATED = "created"
    SENT = "sent"
    UNKNOWN = "unknown"
    OK = "ok"
    FAILED = "failed"
    CANCELLED = "cancelled"
    MANUAL = "manual"


class IdempotencyState(StrEnum):
    PLACED = "placed"
    DONE = "done"


class AccountKind(StrEnum):
    WALLET = "wallet"
    VENDOR_PENDING = "vendor_pending"
    VENDOR_AVAILABLE = "vendor_available"
    PAYOUT_CLEARING = "payout_clearing"
    PSP_RECEIVABLE = "psp_receivable"
    ORDER_LIABILITY = "order_liability"
    REVENUE = "revenue"
    TAX_PAYABLE = "tax_payable"
    DEPOSITS = "deposits"
    FEES = "fees"
    REFUNDS = "refunds"
    ADJUSTMENTS = "adjustments"


class JournalReason(StrEnum):
    """Why money of a wallet or of a vendor moved; for wallets also the `source` that its history shows."""

    TOP_UP = "top_up"
    API = "api"
    ORDER_CONFIRM = "order_confirm"
    ORDER_MODIFY = "order_modify"
    ORDER_CANCEL = "order_cancel"
    VENDOR_CANCEL = "vendor_cancel"
    RETURN_COMPLETED = "return_completed"
    ADMIN_REFUND = "admin_refund"
    DELIVERED = "delivered"
    MATURED = "matured"
    PAYOUT = "payout"
    PAYOUT_PAID = "payout_paid"
    PAYOUT_FAILED = "payout_failed"


class MovementKind(StrEnum):
    """Why stock moved. Every change of `inventory` has exactly one movement beside it."""

    OPENING = "opening"
    ALLOCATE = "allocate"
    RELEASE = "release"
    SELL = "sell"
    MISSING = "missing"
    FOUND = "found"
    DAMAGE = "damage"
    ADJUST = "adjust"
    RECOUNT = "recount"
    RESTOCK = "restock"
    TRANSFER_OUT = "transfer_out"
    TRANSFER_IN = "transfer_in"
    MODIFY = "modify"
    RESERVE = "reserve"
    UNRESERVE = "unreserve"


class SubstitutionPreference(StrEnum):
    """What a customer wants when a line is not there: whatever fits best, one product they named, or the money."""

    BEST_MATCH = "BEST_MATCH"
    THIS_PRODUCT = "THIS_PRODUCT"
    REFUND = "REFUND"


class SubstitutionStatus(StrEnum):
    """PROPOSED counts as accepted once the order is READY. REFUSED by the customer, WITHDRAWN by the picker."""

    PROPOSED = "PROPOSED"
    ACCEPTED = "ACCEPTED"
    REFUSED = "REFUSED"
    WITHDRAWN = "WITHDRAWN"


class PickAction(StrEnum):
    """What a picker did to a line."""

    PICK = "PICK"
    MISS = "MISS"
    REPLACE = "REPLACE"
    UNDO = "UNDO"
    DAMAGE = "DAMAGE"


class Urgency(StrEnum):
    """How soon an order is due, in the words the ops screens know."""

    CRITICAL = "critical"
    DUE_SOON = "dueSoon"
    ON_TRACK = "onTrack"
    SCHEDULED = "scheduled"


class QueuePicker(StrEnum):
    """Whose orders of the queue: the caller's own, those nobody picks, or those somebody picks."""

    ME = "me"
    NONE = "none"
    CLAIMED = "claimed"


class DeliveryOutcome(StrEnum):
    DELIVERED = "DELIVERED"
    FAILED = "FAILED"


class BatchStatus(StrEnum):
    OPEN = "OPEN"
    DONE = "DONE"


class StockRequestType(StrEnum):
    SET_QUANTITY = "SET_QUANTITY"
    ADD_QUANTITY = "ADD_QUANTITY"


class StockRequestStatus(StrEnum):
    PENDING = "PENDING"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"


class StockRequestPriority(StrEnum):
    """In lower case, as the history screen reads them."""

    NORMAL = "normal"
    URGENT = "urgent"
    CRITICAL = "critical"


class TransferStatus(StrEnum):
    REQUESTED = "REQUESTED"
    SENT = "SENT"
    RECEIVED = "RECEIVED"
    CANCELED = "CANCELED"


class DiscountKind(StrEnum):
    """What a coupon takes off: percent of the items, an amount of money, or the delivery fee."""

    PERCENT = "PERCENT"
    AMOUNT = "AMOUNT"
    FREE_DELIVERY = "FREE_DELIVERY"


class AssistanceStatus(StrEnum):
    OPEN = "OPEN"
    RESOLVED = "RESOLVED"


class Granularity(StrEnum):
    """How a report cuts up time."""

    DAY = "day"
    MONTH = "month"
    YEAR = "year"


class ReportUnit(StrEnum):
    """What the numbers of a report's column count; `money` is in the shop's currency."""

    TEXT = "text"
    COUNT = "count"
    MONEY = "money"
    PERCENT = "percent"
    NUMBER = "number"


class Severity(StrEnum):
    """How much an alert matters, the most first, in the words the ops screens know."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


class Language(StrEnum):
    """In which people are written to."""

    ENGLISH = "en"
    HEBREW = "he"
    HINDI = "hi"


class MessageKind(StrEnum):
    """What a message is about, as far as people may have a say in how they get it.

    `account` is what keeps an account safe and usable: it cannot be switched off.
    """

    ACCOUNT = "account"
    ORDERS = "orders"
    OFFERS = "offers"


class MessageChannel(StrEnum):
    EMAIL = "email"
    SMS = "sms"
    WHATSAPP = "whatsapp"
    IN_APP = "in_app"


class DeliveryState(StrEnum):
    """Of a message to an integrator; `failed` is after its last try."""

    PENDING = "pending"
    SENT = "sent"
    FAILED = "failed"


class SwitchedOff(StrEnum):
    """Why an integrator's endpoint gets nothing: an admin paused it, it said 410 Gone, or it failed for too long."""

    PAUSED = "paused"
    GONE = "gone"
    FAILING = "failing"
