"""Where a request may go: hosts that are allowed, at addresses that were judged.

Everything that leaves for an assistant passes here: pages, redirects, papers, the browser's proxy.
"""

from __future__ import annotations

import ipaddress
import socket
import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, urlsplit, urlunsplit

from mimo.config import limits
from mimo.config.errors import InvalidRequest, NotAvailable, Unavailable

_PORTS = {"http": 80, "https": 443}
#: NAT64: an IPv6 address in which an IPv4 address is written.
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a request goes: a host that is allowed.

    Args:
        parts: The URL.
        host: In lower case, without a trailing dot.
        port: Also where the URL names none.
        may_be_private: Whether the user has named this very host and port.
    """

    parts: SplitResult
    host: str
    port: int
    may_be_private: bool

    @property
    def path(self) -> str:
        """Return what is asked for on that host, in ASCII. Source: RFC 3987, 3.1."""
        asked = urlunsplit(("", "", self.parts.path or "/", self.parts.query, ""))
        return quote(asked, safe=string.punctuation)


def target_of(url: str, allow: Sequence[str]) -> Target:
    """Return where a URL leads, if it may be read.

    Args:
        url: As the caller or a redirect gave it.
        allow: The setting `web.allow`.

    Raises:
        InvalidRequest: It is no URL of http or https, or carries a password.
        NotAvailable: Its host isn't allowed; the message says how to allow it.
    """
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".").encode("idna").decode().lower()
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError as error:
        raise InvalidRequest(f"expected a URL, got {url[:200]!r} ({error}); correct it") from None
    is_plain = url.isprintable() and " " not in url and len(url) <= limits.INGEST_SOURCE_CHARS_MAX
    if parts.scheme not in _PORTS or not host or not is_plain:
        raise InvalidRequest(
            f"expected a URL such as https://example.org/page, got {url[:200]!r}; correct it"
        )
    if parts.username is not None or parts.password is not None:
        raise InvalidRequest(
            f"expected a URL without a user name or password, got one for {host}; leave them out"
        )
    allowed = [each.lower() for each in allow]
    is_exact = f"{host}:{port}" in allowed
    if not is_exact and not any(_fits(host, each) for each in allowed):
        raise NotAvailable(
            f"expected a host that the setting web.allow names, got {host!r}; add it there, as in"
            f' web.allow = ["{host}"]'
        )
    return Target(parts=parts, host=host, port=port, may_be_private=is_exact)


def _fits(host: str, allowed: str) -> bool:
    if allowed == "*":
        return True
    if allowed.startswith("*."):
        return host.endswith(allowed[1:])
    return host == allowed


def is_public(address: str) -> bool:
    """Tell whether an IP address is one of the open internet, also inside of another form."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is None and ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF)
        if inner is not None and not is_public(str(inner)):
            return False
    return ip.is_global and not ip.is_multicast


def addresses(target: Target) -> list[str]:
    """Return the addresses of a host, if all of them may be connected.

    Connect to these: a name that answers otherwise a moment later (DNS rebinding) gains nothing.

    Raises:
        NotAvailable: One is of a private network.
        Unavailable: The name can't be resolved.
    """
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unavailable(f"expected the address of {target.host}, got: {error}") from None
    resolved = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    private = [address for address in resolved if not is_public(address)]
    if private and not target.may_be_private:
        raise NotAvailable(
            f"expected a public address of {target.host}, got {private[0]}; a private one must be"
            f' allowed with its port: web.allow = ["{target.host}:{target.port}"]'
        )
    return resolved


def connected(
    target: Target, resolved: Sequence[str], timeout_s: Callable[[], float]
) -> socket.socket:
    """Return a connection to the first address that answers; no name is looked up again.

    Args:
        target: For the error.
        resolved: From `addresses`.
        timeout_s: Gives the longest wait for the next address, and for each read later; may raise.

    Raises:
        Unavailable: None answers.
    """
    failure: OSError | None = None
    for address in resolved:
        try:
            return socket.create_connection((address, target.port), timeout_s())
        except OSError as error:
            failure = error
    raise Unavailable(f"expected {target.host} to answer, got: {failure}", retry_after_s=10.0)
