"""Vendors' shops."""
