"""Every table of the shop; importing this package fills the metadata."""

from app.models.base import Base
from app.models.carts import Cart, CartItem
from app.models.catalog import Category, Product, ProductGtin, Review, SearchDeletion, SearchWord, StoredImage
from app.models.events import AuditEvent, OutboxEvent, SandboxMessage
from app.models.ledger import Account, Entry, Journal
from app.models.live import LiveEvent
from app.models.orders import Order, OrderDiscount, OrderItem
from app.models.payments import IdempotencyKey, Payment, PaymentOperation, SandboxPayment, WebhookEvent
from app.models.people import ConsumerProfile, PayoutBank, PhoneCode, VendorDocument, VendorProfile
from app.models.picking import AssistanceRequest, DeliveryAttempt, PickBatch, PickEvent, Substitution
from app.models.promotions import Coupon, CouponUse
from app.models.settings import GlobalSettings
from app.models.shop_orders import (
    OrderAction,
    OrderIssue,
    OrderMessage,
    OrderModification,
    OrderModificationLine,
    OrderRating,
    OrderReturn,
    OrderReturnLine,
)
from app.models.shops import ItemUpload, Shop, ShopHoliday, ShopHours, ShopItem, ShopStatusChange
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
from app.models.wallets import Payout, TopUp

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
    "ConsumerProfile",
    "Coupon",
    "CouponUse",
    "DeliveryAttempt",
    "DeliverySlot",
    "Entry",
    "GlobalSettings",
    "IdempotencyKey",
    "Inventory",
    "ItemUpload",
    "Journal",
    "LiveEvent",
    "LoginFailure",
    "Notification",
    "Order",
    "OrderAction",
    "OrderDiscount",
    "OrderIssue",
    "OrderItem",
    "OrderMessage",
    "OrderModification",
    "OrderModificationLine",
    "OrderRating",
    "OrderReturn",
    "OrderReturnLine",
    "OutboxEvent",
    "PasswordReset",
    "Payment",
    "PaymentOperation",
    "PaymentToken",
    "Payout",
    "PayoutBank",
    "PhoneCode",
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
    "Shop",
    "ShopHoliday",
    "ShopHours",
    "ShopItem",
    "ShopStatusChange",
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
    "TopUp",
    "User",
    "UserBranch",
    "VendorDocument",
    "VendorProfile",
    "WebhookEvent",
    "WishlistItem",
]
