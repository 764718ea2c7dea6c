"""Users, their roles, branches and sessions."""

from flask import Blueprint

users = Blueprint("managed_users", __name__)
staff = Blueprint("staff_accounts", __name__)
