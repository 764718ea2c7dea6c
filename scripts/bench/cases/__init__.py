"""The things measured, a module for each; `registry` has them in the order of the table."""
