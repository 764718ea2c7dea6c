"""Integrators that are told of events over HTTP."""

from flask import Blueprint

webhooks = Blueprint("admin_webhooks", __name__)
