"""One web page, from a host that is allowed: every address is checked, and that one is connected.

A name is resolved once for each request, all its addresses are judged, and the connection goes to
one of those: a name that answers otherwise a moment later (DNS rebinding) gains nothing. Each
redirect is a request like the first.
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult, urljoin, urlsplit, urlunsplit

from mimo.actors.ingest.formats import SUFFIX_BY_TYPE
from mimo.config import limits
from mimo.config.clock import Clock
from mimo.config.errors import (
    DeadlineExceeded,
    InvalidRequest,
    MimoError,
    NotAvailable,
    NotFound,
    Unavailable,
)

_PORTS = {"http": 80, "https": 443}
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_GONE = frozenset({404, 410})
#: Longest wait for one connection or one read, in seconds.
STEP_S = 10.0
_READ_BYTES = 65_536
#: NAT64 and 6to4: an IPv6 address in which an IPv4 address is written.
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


@dataclass(frozen=True, slots=True, kw_only=True)
class Downloaded:
    """What a server sent.

    Args:
        url: Of the last redirect.
        raw: The body.
        suffix: The form that its content type stands for, such as ".html".
    """

    url: str
    raw: bytes
    suffix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a request goes: a host that is allowed."""

    parts: SplitResult
    host: str
    port: int
    may_be_private: bool

    @property
    def path(self) -> str:
        """Return what is asked for on that host."""
        return urlunsplit(("", "", self.parts.path or "/", self.parts.query, ""))


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
            f" web.allow = [\"{host}\"], or give the page's text as 'text'"
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


def download(url: str, allow: Sequence[str], clock: Clock) -> Downloaded:
    """Return a page; runs in a thread of its own, since it waits.

    Args:
        url: What to read.
        allow: The setting `web.allow`.
        clock: Measures `limits.WEB_TIMEOUT_S`.

    Raises:
        MimoError: It isn't allowed, isn't there, is too large, is no text, or takes too long.
    """
    ends_s = clock.monotonic_s() + limits.WEB_TIMEOUT_S
    for _ in range(limits.WEB_REDIRECTS_MAX + 1):
        target = target_of(url, allow)
        with (
            contextlib.closing(_connected(target, addresses(target), ends_s, clock)) as link,
            _cut_off(link, _left(ends_s, clock)),
        ):
            try:
                answer = _asked(link, target)
                if answer.status not in _REDIRECTS:
                    return _read(answer, url)
            except Unavailable:
                # Whoever was cut off has less to say than the clock.
                _left(ends_s, clock)
                raise
            url = urljoin(url, answer.headers.get("Location") or "")
    raise InvalidRequest(
        f"expected at most {limits.WEB_REDIRECTS_MAX} redirects, got more; give the last URL"
    )


@contextlib.contextmanager
def _cut_off(link: http.client.HTTPConnection, after_s: float) -> Iterator[None]:
    """Let reads end after this many seconds, however slowly the server drips."""
    connected: socket.socket = link.sock

    def cut() -> None:
        with contextlib.suppress(OSError):
            connected.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(after_s, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _connected(
    target: Target, resolved: Sequence[str], ends_s: float, clock: Clock
) -> http.client.HTTPConnection:
    """Return a connection to the first address that answers; no name is looked up again."""
    failure: OSError | None = None
    for address in resolved:
        left_s = _left(ends_s, clock)
        try:
            connected = socket.create_connection((address, target.port), min(STEP_S, left_s))
            link = http.client.HTTPConnection(target.host, target.port)
            link.sock = _secured(connected, target)
        except OSError as error:
            failure = error
        else:
            return link
    raise Unavailable(f"expected {target.host} to answer, got: {failure}", retry_after_s=10.0)


def _secured(connected: socket.socket, target: Target) -> socket.socket:
    if target.parts.scheme == "http":
        return connected
    try:
        return ssl.create_default_context().wrap_socket(connected, server_hostname=target.host)
    except OSError:
        connected.close()
        raise


def _asked(link: http.client.HTTPConnection, target: Target) -> http.client.HTTPResponse:
    headers = {
        "Accept": "text/html, text/plain, text/markdown, application/json, application/pdf;q=0.9",
        "Accept-Encoding": "identity",
        "User-Agent": "mimo",
        "Connection": "close",
    }
    try:
        link.request("GET", target.path, headers=headers)
        return link.getresponse()
    except (OSError, http.client.HTTPException) as error:
        raise _broken(target.host, error) from None


def _read(answer: http.client.HTTPResponse, url: str) -> Downloaded:
    _check_status(answer.status, url)
    kind = answer.headers.get_content_type()
    suffix = SUFFIX_BY_TYPE.get(kind, ".txt" if kind.startswith("text/") else "")
    coding = answer.headers.get("Content-Encoding", "identity").lower()
    if not suffix or coding != "identity":
        got = kind if not suffix else f"it packed as {coding[:40]}"
        raise InvalidRequest(f"expected text, HTML, JSON or PDF at {url[:200]}, got {got[:80]}")
    if (answer.length or 0) > limits.WEB_BYTES_MAX:
        raise _too_large(url)
    raw = bytearray()
    try:
        while part := answer.read1(_READ_BYTES):
            raw += part
            if len(raw) > limits.WEB_BYTES_MAX:
                raise _too_large(url)
    except (OSError, http.client.HTTPException) as error:
        raise _broken(url[:200], error) from None
    if answer.length:
        raise Unavailable(
            f"expected all of {url[:200]}, got {len(raw)} bytes before the end", retry_after_s=5.0
        )
    return Downloaded(url=url, raw=_as_utf8(bytes(raw), answer), suffix=suffix)


def _check_status(status: int, url: str) -> None:
    if status in _GONE:
        raise NotFound(f"expected a page at {url[:200]}, got status {status}; correct the URL")
    if status == 429 or status >= 500:
        raise Unavailable(
            f"expected a page at {url[:200]}, got status {status}", retry_after_s=30.0
        )
    if status != 200:
        raise InvalidRequest(f"expected a page at {url[:200]}, got status {status}")


def _as_utf8(raw: bytes, answer: http.client.HTTPResponse) -> bytes:
    """Return the body in UTF-8 if the server named another encoding that this Python knows."""
    named = answer.headers.get_content_charset()
    if named is None or named in {"utf-8", "utf8"}:
        return raw
    try:
        return raw.decode(named).encode()
    except (LookupError, ValueError):
        return raw


def _left(ends_s: float, clock: Clock) -> float:
    left_s = ends_s - clock.monotonic_s()
    if left_s <= 0:
        raise DeadlineExceeded(
            f"expected the page within {limits.WEB_TIMEOUT_S:g} s, got a part of it"
        )
    return left_s


def _broken(where: str, error: Exception) -> MimoError:
    told = str(error)[:120] or type(error).__name__
    return Unavailable(f"expected an answer of {where}, got: {told}", retry_after_s=10.0)


def _too_large(url: str) -> InvalidRequest:
    return InvalidRequest(
        f"expected a page of at most {limits.WEB_BYTES_MAX} bytes, got more at {url[:200]}"
    )
