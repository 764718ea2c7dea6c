"""Picking an order: claiming it, marking its lines, substitutes, damage, and what it comes to in the end."""
