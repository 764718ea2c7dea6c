"""Wallets of consumers and the money of vendors."""
