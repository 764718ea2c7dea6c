"""Which IP addresses are out in the public internet: the only ones a webhook may be sent to."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

_NAT64 = IPv6Network("64:ff9b::/96")
"""Where a translator hands packets on to the IPv4 address in the last 32 bits (RFC 6052)."""


def is_public(text: str) -> bool:
    """Whether an address as text belongs to the public internet; False for what is no address.

    Private, loopback, link-local (cloud metadata at 169.254.169.254 among them), carrier (100.64.0.0/10), multicast and
    reserved ones do not. Of an IPv6 address that stands for an IPv4 one, that one decides; old tunnels (6to4, Teredo)
    are refused.
    """
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv4Address):
        return address.is_global and not (address.is_multicast or address.is_reserved)
    carried = address.ipv4_mapped or _translated(address)
    if carried is not None:
        return is_public(str(carried))
    is_tunnel = address.sixtofour is not None or address.teredo is not None
    kept_back = address.is_multicast or address.is_reserved or address.is_site_local
    return address.is_global and not (is_tunnel or kept_back)


def _translated(address: IPv6Address) -> IPv4Address | None:
    return IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else None
