"""The supermarket's own orders, apart from those of vendors' shops, which lie in the same table."""

from sqlalchemy import ColumnElement, select

from app.domain.enums import BRANCH_KINDS, ChannelName
from app.models import Order, StockLocation

OURS: ColumnElement[bool] = Order.channel != ChannelName.MARKETPLACE
"""The condition for the few orders of one user, and for orders found by id or by an index that has no place in it."""

BRANCHES = select(StockLocation.id).where(StockLocation.kind.in_(BRANCH_KINDS))
"""The ids of the stores and warehouses, to walk the orders by place without looking at the rows themselves."""
