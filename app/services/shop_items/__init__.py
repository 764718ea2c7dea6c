"""The items of vendors' shops."""
