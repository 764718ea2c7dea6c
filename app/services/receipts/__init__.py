"""The receipt of an order as PDF."""
