"""Chaos: everybody buys, picks and scans at once while servers are killed, and afterwards all books must agree.

`python -m scripts.chaos` is the whole run; docs/chaos.md says what it does and what it proves.
"""
