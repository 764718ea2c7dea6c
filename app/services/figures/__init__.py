"""Figures of the business for those who watch it: some read at each look, some counted once a minute by one process."""
