"""Firmware and its rollout."""

from flask import Blueprint

firmware = Blueprint("admin_firmware", __name__)
