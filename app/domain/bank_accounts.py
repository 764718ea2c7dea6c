"""What of a bank account's number may be seen."""

SHOWN = 4


def shown_end(number: str) -> str:
    """The last four signs of a number; of a short one half, so that it is never shown whole."""
    return number[-min(SHOWN, len(number) // 2) :]


def masked(end: str) -> str:
    """How an account is shown wherever it is shown: ****6789."""
    return f"****{end}"
