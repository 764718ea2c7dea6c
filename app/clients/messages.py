"""Which providers of mail, text messages and WhatsApp the settings name."""

from app.clients.email import BrevoEmail, EmailClient, Keep, SandboxEmail
from app.clients.sms import WHATSAPP, SandboxSms, SmsClient, TwilioSms
from app.clients.smtp import SmtpEmail
from app.config import Settings


def email_client(settings: Settings, keep: Keep) -> EmailClient:
    """The e-mail provider of the settings; the sandbox keeps its messages by `keep`."""
    if settings.email_provider == "sandbox":
        return SandboxEmail(keep)
    if settings.email_provider == "smtp":
        return SmtpEmail(
            host=settings.smtp_host,
            port=settings.smtp_port,
            security=settings.smtp_security,
            username=settings.smtp_username,
            password=settings.smtp_password,
            sender=settings.smtp_sender,
            sender_name=settings.shop_name,
        )
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
    return _twilio(settings, settings.twilio_from)


def has_whatsapp(settings: Settings) -> bool:
    """Whether the shop has a number on WhatsApp to write from; the sandbox always has."""
    return settings.sms_provider == "sandbox" or bool(settings.twilio_whatsapp_from)


def whatsapp_client(settings: Settings, keep: Keep) -> SmsClient:
    """The provider of WhatsApp messages, the same as that of text messages."""
    if settings.sms_provider == "sandbox":
        return SandboxSms(keep, "WhatsApp message")
    return _twilio(settings, WHATSAPP + settings.twilio_whatsapp_from.removeprefix(WHATSAPP))


def _twilio(settings: Settings, sender: str) -> TwilioSms:
    return TwilioSms(
        base=settings.twilio_api_base,
        account=settings.twilio_account_sid,
        token=settings.twilio_auth_token,
        sender=sender,
    )


def _templates(settings: Settings) -> dict[str, int]:
    """Brevo's own templates by the topic they are for; a topic without one is sent with words of our own."""
    ids = {
        "registration.code": settings.brevo_register_otp_id,
        "password.reset": settings.brevo_reset_token_otp_id,
    }
    return {topic: number for topic, number in ids.items() if number is not None}
