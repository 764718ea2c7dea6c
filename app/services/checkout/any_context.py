"""The facts of a checkout and the form that asks for it, whatever the channel."""

from app.schemas.checkout import ConfirmRequest
from app.services.checkout.context import Context
from app.services.checkout.shop_context import ShopContext, ShopSale
from app.services.checkout.trolley_context import TrolleyContext, TrolleySale

AnyContext = Context | ShopContext | TrolleyContext
AnyForm = ConfirmRequest | ShopSale | TrolleySale
