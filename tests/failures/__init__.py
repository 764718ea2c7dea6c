"""What still works when a part fails, how it is answered, and how soon all is well again (docs/failures.md)."""
