"""Choosing a role and a place."""

from flask import Blueprint

onboarding = Blueprint("onboarding", __name__)
