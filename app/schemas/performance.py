"""How the picking goes, and where orders wait."""

from pydantic import Field

from app.domain.enums import LocationKind
from app.schemas.envelope import Answer
from app.schemas.money import Number


class PerformanceAnswer(Answer):
    """Of the branches the caller may see, in the names the ops screens read.

    activeOrders are CREATED or IN_PROGRESS now. totalOrders were made in the last 30 days. totalItems are the lines of
    the newest 1,000 of these that were not cancelled, pickedItems those picked or replaced, batchEfficiency their share
    in percent. livePickers marked a line within the last pickerWindowMinutes.
    """

    batchEfficiency: Number = Field(examples=[92.5])  # noqa: N815 (a name on the wire)
    livePickers: int  # noqa: N815
    activeOrders: int  # noqa: N815
    totalOrders: int  # noqa: N815
    pickedItems: int  # noqa: N815
    totalItems: int  # noqa: N815
    pickerWindowMinutes: int  # noqa: N815
    user_id: int


class MapBranch(Answer):
    id: int
    name: str
    kind: LocationKind
    address: str
    open_orders: int


class BranchMap(Answer):
    """Every active branch with the number of its orders in work."""

    branches: list[MapBranch]


class Synced(Answer):
    synced: bool = True
