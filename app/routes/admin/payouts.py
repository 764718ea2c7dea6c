"""Vendors' money on its way to their banks, and wallets seen from the office."""

from flask import Blueprint

payouts = Blueprint("admin_payouts", __name__)
