"""Keeping data small: what is deleted when, and doing it."""
