"""Orders from vendors' shops, after they were placed."""
