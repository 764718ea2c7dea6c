"""The audit trail."""

from flask import Blueprint

audit = Blueprint("audit_trail", __name__)
