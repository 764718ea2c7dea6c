"""Reports on the shop: one statement each, and one shape for all of them."""
