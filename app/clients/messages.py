"""Which mail and text-message provider the settings name."""

from app.clients.email import BrevoEmail, EmailClient, Keep, SandboxEmail
from app.clients.sms import SandboxSms, SmsClient, TwilioSms
from app.config import Settings


def email_client(settings: Settings, keep: Keep) -> EmailClient:
    """The e-mail provider of the settings; the sandbox keeps its messages by `keep`."""
    if settings.email_provider == "sandbox":
        return SandboxEmail(keep)
    return BrevoEmail(
        base=settings.brevo_api_base,
        key=settings.brevo_api_key,
        sender=settings.brevo_sender_email,
        sender_name=settings.shop_name,
        templates=_templates(settings),
    )


def sms_client(settings: Settings, keep: Keep) -> SmsClient:
    """The text-message provider of the settings; the sandbox keeps its messages by `keep`."""
    if settings.sms_provider == "sandbox":
        return SandboxSms(keep)
    return TwilioSms(
        base=settings.twilio_api_base,
        account=settings.twilio_account_sid,
        token=settings.twilio_auth_token,
        sender=settings.twilio_from,
    )


def _templates(settings: Settings) -> dict[str, int]:
    """Brevo's own templates by the topic they are for; a topic without one is sent as plain text."""
    ids = {
        "registration.code": settings.brevo_register_otp_id,
        "password.reset": settings.brevo_reset_token_otp_id,
    }
    return {topic: number for topic, number in ids.items() if number is not None}
