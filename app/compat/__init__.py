"""Adapters that let older clients run unmodified: each is a folder and one line here, and nothing else knows of it."""

from importlib import import_module

from flask import Flask

ADAPTERS = ("marketplace", "smart_cart")
"""Take a line away and delete its folder, and the adapter is gone."""


def mount_adapters(app: Flask) -> None:
    """Put every adapter in front of the finished application."""
    for name in ADAPTERS:
        import_module(f"{__name__}.{name}").mount(app)
