"""How often callers may do what."""

from app.config.types import RateLimit, SettingsGroup


class LimitSettings(SettingsGroup):
    """Each in the words of the limits library, such as `100 per minute, 1000 per hour`."""

    rate_limit_enabled: bool = True
    rate_limit_defaults: RateLimit = "12000 per minute"
    rate_limit_login: RateLimit = "30 per minute"
    rate_limit_otp: RateLimit = "10 per minute"
    rate_limit_register: RateLimit = "600 per minute"
    rate_limit_checkout: RateLimit = "120 per minute"
    rate_limit_checkout_address: RateLimit = "6000 per minute"
    rate_limit_assistant: RateLimit = "30 per minute"
    rate_limit_device: RateLimit = "600 per minute"
    rate_limit_devices_address: RateLimit = "60000 per minute"
    rate_limit_device_claim: RateLimit = "10 per 15 minutes"
    rate_limit_pair_user: RateLimit = "5 per 10 minutes"
    rate_limit_pair_address: RateLimit = "20 per 10 minutes"
    rate_limit_routes: RateLimit = "300 per minute"
    rate_limit_exact_routes: RateLimit = "6 per minute"
    otp_send_limit_per_phone: RateLimit = "3 per 15 minutes"
    otp_send_limit_per_ip: RateLimit = "5 per 15 minutes"
    otp_send_limit_per_prefix: RateLimit = "300 per hour"
    otp_send_limit_total: RateLimit = "3000 per hour"
    otp_try_limit_per_phone: RateLimit = "20 per hour"
    login_limit_per_ip: RateLimit = "10 per 30 minutes"
    order_limit_per_user: RateLimit = "60 per hour"
    order_limit_per_ip: RateLimit = "600 per hour"
    wallet_limit_per_user: RateLimit = "120 per hour"
    file_limit_per_user: RateLimit = "60 per hour"
    export_limit_per_user: RateLimit = "10 per hour"
