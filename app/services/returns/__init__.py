"""Goods of a vendor's order on their way back."""
