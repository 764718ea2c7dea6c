"""The assistant: it looks things up for the caller, and never acts."""
