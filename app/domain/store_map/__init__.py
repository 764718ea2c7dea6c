"""The map of a store and the way through it. No I/O: `planner.plan` is what a service calls, `publishing.publish` before that."""
