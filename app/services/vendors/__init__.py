"""Vendors: their business, papers and bank, and the office's review of them."""
