"""Drills: failures and changes of production carried out for real on this machine, each with its figures.

The servers they start and break are in `scripts.parts`.
"""
