"""Services outside: payments, mail, text messages, a language model."""

from typing import Literal

from pydantic import Field

from app.config.types import CommaList, SettingsGroup


class ProviderSettings(SettingsGroup):
    """Each of them has a sandbox that works offline."""

    payment_provider: Literal["sandbox", "stripe"] = "sandbox"
    payment_webhook_secrets: CommaList = ()
    payment_connect_timeout: float = 2.0
    payment_read_timeout: float = 8.0
    sandbox_payment_latency_ms: int = Field(default=0, ge=0, le=10_000)
    stripe_secret_key: str = ""
    stripe_api_base: str = "https://api.stripe.com"

    email_provider: Literal["sandbox", "brevo", "smtp"] = "sandbox"
    smtp_host: str = ""
    smtp_port: int = Field(default=587, ge=1, le=65535)
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    smtp_username: str = ""
    smtp_password: str = ""
    smtp_sender: str = ""
    brevo_api_base: str = "https://api.brevo.com"
    brevo_api_key: str = ""
    brevo_sender_email: str = ""
    brevo_reset_token_otp_id: int | None = None
    brevo_register_otp_id: int | None = None

    sms_provider: Literal["sandbox", "twilio"] = "sandbox"
    twilio_api_base: str = "https://api.twilio.com"
    twilio_account_sid: str = ""
    twilio_auth_token: str = ""
    twilio_from: str = ""
    twilio_whatsapp_from: str = ""

    webhook_allow_private: bool = False

    openai_api_key: str = ""
    openai_base_url: str = "https://api.openai.com/v1"
    openai_model: str = "gpt-4o-mini"
    assistant_seconds: float = Field(default=8.0, gt=0, le=30)
