"""Webhooks to integrators: their endpoints, what is put up for them, and sending it.

What a payment provider sends to us is in `app.services.payments.webhooks`.
"""
