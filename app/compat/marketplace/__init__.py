"""The marketplace's older clients under /compat/marketplace: their paths and envelopes around our own API.

No rule of the business is in here: `table` says which old path is which of ours, `shapes` how its success looks and
`refusals` how its failure does, and `adapter` carries requests and answers through. Contract: docs/compat.md.
"""

from app.compat.marketplace.adapter import mount

__all__ = ["mount"]
