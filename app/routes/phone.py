"""Signing in by phone: codes, tokens, and linking a phone number or an e-mail address to an account."""

from flask import Blueprint

public = Blueprint("phone_public", __name__)
mine = Blueprint("phone_mine", __name__)
