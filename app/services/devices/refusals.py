"""How a device's request is refused: one exception, which the lean error body is made from."""

from collections.abc import Callable

from sqlalchemy.orm import Session

from app.domain.devices.words import HTTP_STATUS, RefusalCode

Aftermath = Callable[[Session], None]


class DeviceRefusal(Exception):
    """A refusal in the words of SC1, B.4. `numbers` are what its body carries beside the code: `a`, `b` and `n`, `r`.

    `aftermath` is a step that must be kept although the request is rolled back, such as an alarm: `entering.entered`
    runs it in a transaction of its own.
    """

    def __init__(
        self, code: RefusalCode, *, status: int | None = None, aftermath: Aftermath | None = None, **numbers: int
    ) -> None:
        self.code = code
        self.status = status or HTTP_STATUS[code]
        self.aftermath = aftermath
        self.numbers = numbers
        super().__init__(code.value)
