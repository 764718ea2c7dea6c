"""News for clients the moment it happens."""
