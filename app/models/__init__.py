"""Every table of the shop; importing this package fills the metadata."""

from app.models.base import Base
from app.models.carts import Cart, CartItem
from app.models.catalog import Category, Product, ProductGtin, Review, SearchDeletion, SearchWord
from app.models.events import AuditEvent, OutboxEvent, SandboxMessage
from app.models.ledger import Account, Entry, Journal
from app.models.orders import Order, OrderItem
from app.models.payments import IdempotencyKey, Payment, PaymentOperation, SandboxPayment, WebhookEvent
from app.models.settings import GlobalSettings
from app.models.slots import DeliverySlot, SlotBooking, SlotOccurrence
from app.models.stock import Inventory, StockLocation, StockMovement
from app.models.users import (
    Address,
    AuthSession,
    LoginFailure,
    Notification,
    PasswordReset,
    PaymentToken,
    RefreshToken,
    RegistrationCode,
    User,
    WishlistItem,
)

__all__ = [
    "Account",
    "Address",
    "AuditEvent",
    "AuthSession",
    "Base",
    "Cart",
    "CartItem",
    "Category",
    "DeliverySlot",
    "Entry",
    "GlobalSettings",
    "IdempotencyKey",
    "Inventory",
    "Journal",
    "LoginFailure",
    "Notification",
    "Order",
    "OrderItem",
    "OutboxEvent",
    "PasswordReset",
    "Payment",
    "PaymentOperation",
    "PaymentToken",
    "Product",
    "ProductGtin",
    "RefreshToken",
    "RegistrationCode",
    "Review",
    "SandboxMessage",
    "SandboxPayment",
    "SearchDeletion",
    "SearchWord",
    "SlotBooking",
    "SlotOccurrence",
    "StockLocation",
    "StockMovement",
    "User",
    "WebhookEvent",
    "WishlistItem",
]
