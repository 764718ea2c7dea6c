"""Payments into wallets through the payment provider."""
