"""What managers may change while the shop runs."""

from flask import Blueprint, Response

from app.middleware.answers import answer
from app.middleware.guards import current_caller
from app.openapi import endpoint
from app.schemas.settings import SettingsChange, ShopSettings
from app.services import shop_settings

shown = Blueprint("settings_shown", __name__)
changed = Blueprint("settings_changed", __name__)


@shown.get("/settings")
@endpoint(answers={200: ShopSettings})
def show_settings() -> Response:
    """Show the shop's settings, such as what delivery costs."""
    return answer(shop_settings.show())


@changed.put("/settings")
@endpoint(body=SettingsChange, answers={200: ShopSettings})
def change_settings(body: SettingsChange) -> Response:
    """Change the shop's settings; what is left out stays.

    Counts from the next preview and confirm on. Orders that are placed keep their fee.
    """
    return answer(shop_settings.change(body, current_caller()))
