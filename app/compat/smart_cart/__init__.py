"""The trolley's older app and the first trolleys under /compat/smart-cart: their paths and bare answers around our API.

No rule of the business is in here: `table` says which old path is which of ours, `bodies` how what is sent is said to
us, `shapes` how an answer looks and `refusals` how a failure does, and `adapter` carries requests and answers through.
Contract: docs/compat.md.
"""

from app.compat.smart_cart.adapter import mount

__all__ = ["mount"]
