"""What managers may change while the shop runs."""

from flask import Blueprint

shown = Blueprint("settings_shown", __name__)
changed = Blueprint("settings_changed", __name__)
