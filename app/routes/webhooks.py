from flask import Blueprint

payments = Blueprint("payment_webhooks", __name__)
