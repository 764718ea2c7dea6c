"""Settings: what is refused, and that every fault is named at once."""

from pathlib import Path

import pytest

from app.config import PROJECT, ConfigurationError, Settings, load_settings

SECRET = "a secret long enough to be taken by anybody"
PRODUCTION = {
    "app_env": "production",
    "database_url": "postgresql://shop@db/shop",
    "redis_url": "redis://cache/0",
    "jwt_secret_key": SECRET,
    "encryption_keys": SECRET,
    "device_master_keys": "ab" * 32,
    "delivery_source_branch_id": 1,
    "brevo_api_key": "key",
    "brevo_sender_email": "shop@example.com",
    "cors_allowed_origins": "https://shop.example.com",
    "payment_provider": "stripe",
    "stripe_secret_key": "sk_live",
    "payment_webhook_secrets": SECRET,
    "email_provider": "brevo",
    "sms_provider": "twilio",
    "twilio_account_sid": "AC1",
    "twilio_auth_token": "token",
    "twilio_from": "+15005550006",
}


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No variable of this machine and no `.env` reaches the settings."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


def refusal(**settings: object) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load_settings(**settings)
    return str(caught.value)


def test_complete_production_settings_are_accepted() -> None:
    assert load_settings(**PRODUCTION).in_production


@pytest.mark.parametrize(
    "name",
    [
        "database_url",
        "redis_url",
        "jwt_secret_key",
        "encryption_keys",
        "device_master_keys",
        "delivery_source_branch_id",
        "brevo_api_key",
        "brevo_sender_email",
        "stripe_secret_key",
        "payment_webhook_secrets",
        "twilio_account_sid",
        "twilio_auth_token",
        "twilio_from",
    ],
)
def test_production_names_the_one_key_that_is_missing(name: str) -> None:
    message = refusal(**{key: value for key, value in PRODUCTION.items() if key != name})

    assert name.upper() in message


def test_production_names_every_missing_key_at_once() -> None:
    message = refusal(app_env="production")

    for name in ("DATABASE_URL", "REDIS_URL", "JWT_SECRET_KEY", "DELIVERY_SOURCE_BRANCH_ID"):
        assert f"{name} is required in production" in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("unsafe", "words"),
    [
        ({"cors_allowed_origins": "*"}, "CORS_ALLOWED_ORIGINS must list origins"),
        ({"cors_allowed_origins": "https://a.example,*"}, "CORS_ALLOWED_ORIGINS must list origins"),
        ({"payment_provider": "sandbox"}, "PAYMENT_PROVIDER must not be sandbox"),
        ({"email_provider": "sandbox"}, "EMAIL_PROVIDER must not be sandbox"),
        ({"sms_provider": "sandbox"}, "SMS_PROVIDER must not be sandbox"),
        ({"allow_self_wallet_credit": True}, "ALLOW_SELF_WALLET_CREDIT must not be true"),
        ({"webhook_allow_private": True}, "WEBHOOK_ALLOW_PRIVATE must not be true"),
        ({"rate_limit_enabled": False}, "RATE_LIMIT_ENABLED must not be false"),
        ({"jwt_secret_key": "short"}, "JWT_SECRET_KEY must have at least 32 characters"),
    ],
)
def test_production_refuses_what_is_unsafe(unsafe: dict[str, object], words: str) -> None:
    assert words in refusal(**{**PRODUCTION, **unsafe})


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"jwt_secret_key": "x" * 31}, "JWT_SECRET_KEY must have at least 32 characters"),
        (
            {"jwt_secret_key": SECRET, "jwt_previous_secrets": f"{SECRET},short"},
            "JWT_PREVIOUS_SECRETS must each have at least 32 characters",
        ),
        ({"encryption_keys": f"{SECRET},short"}, "ENCRYPTION_KEYS must each have at least 32 characters"),
        ({"device_master_keys": "cd" * 31}, "DEVICE_MASTER_KEYS must each have 64 hexadecimal digits"),
        ({"payment_provider": "stripe"}, "STRIPE_SECRET_KEY and PAYMENT_WEBHOOK_SECRETS are required"),
        ({"email_provider": "brevo"}, "BREVO_API_KEY and BREVO_SENDER_EMAIL are required"),
        ({"email_provider": "smtp"}, "SMTP_HOST and SMTP_SENDER are required"),
        ({"background": "celery"}, "REDIS_URL is required with BACKGROUND=celery"),
        ({"database_read_url": "postgresql://replica/shop"}, "REDIS_URL is required with DATABASE_READ_URL"),
        ({"sms_provider": "twilio"}, "TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and TWILIO_FROM are required"),
    ],
)
def test_short_secrets_and_half_a_payment_provider_are_refused_everywhere(
    settings: dict[str, object], words: str
) -> None:
    assert words in refusal(**settings)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "many"),
        ("PORT", "0"),
        ("PORT", "70000"),
        ("DB_POOL_SIZE", "0"),
        ("SLOT_HORIZON_DAYS", "61"),
        ("DELIVERY_MIN_TOTAL", "a lot"),
        ("CURRENCY", "shekel"),
        ("PHONE_COUNTRY", "India"),
        ("OTP_SEND_LIMIT_PER_PHONE", "often"),
        ("SHOP_TIMEZONE", "Asia/Atlantis"),
        ("APP_ENV", "staging"),
        ("LOG_LEVEL", "LOUD"),
    ],
)
def test_a_malformed_value_is_refused_by_its_name(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)

    assert f"{name}: " in refusal()


def test_several_malformed_values_are_named_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "many")
    monkeypatch.setenv("SHOP_TIMEZONE", "Asia/Atlantis")

    message = refusal()

    assert "PORT: " in message
    assert "SHOP_TIMEZONE: " in message


def test_an_empty_variable_means_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DELIVERY_SOURCE_BRANCH_ID", "")
    monkeypatch.setenv("JWT_SECRET_KEY", SECRET)

    assert load_settings().delivery_source_branch_id is None


def test_lists_are_read_from_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORS_ALLOWED_ORIGINS", "https://a.example, https://b.example,")
    monkeypatch.setenv("JWT_SECRET_KEY", SECRET)

    assert load_settings().cors_allowed_origins == ("https://a.example", "https://b.example")


def test_a_second_factor_is_required_in_production_unless_a_setting_says_otherwise() -> None:
    assert load_settings(**PRODUCTION).second_factor_required
    assert not load_settings(**PRODUCTION, require_second_factor=False).second_factor_required
    assert not load_settings(jwt_secret_key=SECRET).second_factor_required
    assert load_settings(jwt_secret_key=SECRET, require_second_factor=True).second_factor_required


def test_development_keeps_one_secret_in_the_data_folder(tmp_path: Path) -> None:
    first = load_settings(data_dir=tmp_path / "data")
    second = load_settings(data_dir=tmp_path / "data")

    assert len(first.jwt_secret_key) >= 32
    assert first.jwt_secret_key == second.jwt_secret_key
    assert (tmp_path / "data" / "jwt-secret").stat().st_mode & 0o077 == 0


def test_the_example_file_names_every_setting_with_its_default() -> None:
    example = Settings(_env_file=PROJECT / ".env.example")
    lines = (PROJECT / ".env.example").read_text().splitlines()
    named = [line.partition("=")[0].lower() for line in lines if line and not line.startswith("#")]

    assert sorted(named) == sorted(Settings.model_fields)
    assert example.model_dump(exclude={"data_dir"}) == Settings().model_dump(exclude={"data_dir"})


def test_a_replica_needs_redis_which_knows_who_has_just_written() -> None:
    assert "REDIS_URL is required with DATABASE_READ_URL" in refusal(database_read_url="postgresql://db2/shop")


def test_a_pooler_of_transactions_needs_a_way_past_it() -> None:
    pooled = {"database_url": "postgresql://pooler/shop", "db_pooler": "transaction"}

    assert "DATABASE_DIRECT_URL is required" in refusal(**pooled)
    assert load_settings(**pooled, database_direct_url="postgresql://db/shop").db_pooler == "transaction"
