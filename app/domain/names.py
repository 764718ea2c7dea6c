"""People's names as strangers may see them."""


def public_name(full_name: str) -> str:
    """The first name and the initial of the last: "Dana Levi" becomes "Dana L."."""
    first, *rest = full_name.split() or [""]
    return f"{first} {rest[-1][0]}." if rest else first
