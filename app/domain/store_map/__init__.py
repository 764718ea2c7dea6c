"""The map of a store and the way through it. No I/O.

A service calls `publishing.faults` and `publish` for a plan, `planner.load` and `plan` for a route, `svg.draw` to show.
"""
