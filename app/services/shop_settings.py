"""The shop's settings; checkout reads the same row, so a change counts from the next preview and confirm on."""

from sqlalchemy import func, select

from app.domain.caller import Caller
from app.models import GlobalSettings
from app.schemas.settings import SettingsChange, ShopSettings
from app.services import changes, locks
from app.transaction import reading, transaction

_ROW = select(*(GlobalSettings.__table__.c[name] for name in ShopSettings.model_fields))


def show() -> ShopSettings:
    """The settings, amounts in the shop's currency."""
    with reading() as connection:
        return ShopSettings.model_validate(connection.execute(_ROW).one())


def change(form: SettingsChange, caller: Caller) -> ShopSettings:
    """Set what the form names. Two changes at once follow each other: neither undoes a field the other one set."""
    with transaction() as session:
        row = locks.global_settings(session)
        change = changes.apply(row, form.model_dump(exclude_none=True))
        if change:
            row.updated_by, row.updated_at = caller.user_id, func.now()
            changes.record(session, change, entity_type="global_settings", entity_id=row.id, by=caller)
    return show()
