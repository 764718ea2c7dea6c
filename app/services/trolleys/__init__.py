"""Trolleys and their shoppers: sessions, baskets, weighing and help."""
