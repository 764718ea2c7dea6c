"""Firmware for devices."""

from flask import Blueprint

firmware = Blueprint("device_firmware", __name__)
