"""The basket for one vendor's shop."""
