"""Every table of the shop; importing this package fills the metadata."""

from app.models.base import Base
from app.models.carts import Cart, CartItem
from app.models.catalog import Category, Product, ProductGtin, Review, SearchDeletion, SearchWord, StoredImage
from app.models.events import AuditEvent, OutboxEvent, SandboxMessage
from app.models.ledger import Account, Entry, Journal
from app.models.orders import Order, OrderDiscount, OrderItem
from app.models.payments import IdempotencyKey, Payment, PaymentOperation, SandboxPayment, WebhookEvent
from app.models.picking import AssistanceRequest, DeliveryAttempt, PickBatch, PickEvent, Substitution
from app.models.promotions import Coupon, CouponUse
from app.models.settings import GlobalSettings
from app.models.slots import DeliverySlot, SlotBooking, SlotOccurrence
from app.models.stock import (
    Inventory,
    StockChange,
    StockLocation,
    StockMovement,
    StockRequest,
    StockTransfer,
    StockTransferLine,
)
from app.models.users import (
    Address,
    AuthSession,
    LoginFailure,
    Notification,
    PasswordReset,
    PaymentToken,
    RecoveryCode,
    RefreshToken,
    RegistrationCode,
    User,
    UserBranch,
    WishlistItem,
)

__all__ = [
    "Account",
    "Address",
    "AssistanceRequest",
    "AuditEvent",
    "AuthSession",
    "Base",
    "Cart",
    "CartItem",
    "Category",
    "Coupon",
    "CouponUse",
    "DeliveryAttempt",
    "DeliverySlot",
    "Entry",
    "GlobalSettings",
    "IdempotencyKey",
    "Inventory",
    "Journal",
    "LoginFailure",
    "Notification",
    "Order",
    "OrderDiscount",
    "OrderItem",
    "OutboxEvent",
    "PasswordReset",
    "Payment",
    "PaymentOperation",
    "PaymentToken",
    "PickBatch",
    "PickEvent",
    "Product",
    "ProductGtin",
    "RecoveryCode",
    "RefreshToken",
    "RegistrationCode",
    "Review",
    "SandboxMessage",
    "SandboxPayment",
    "SearchDeletion",
    "SearchWord",
    "SlotBooking",
    "SlotOccurrence",
    "StockChange",
    "StockLocation",
    "StockMovement",
    "StockRequest",
    "StockTransfer",
    "StockTransferLine",
    "StoredImage",
    "Substitution",
    "User",
    "UserBranch",
    "WebhookEvent",
    "WishlistItem",
]
