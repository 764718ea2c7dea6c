"""Floor plans of branches, what stands where in them, and the ways through."""
