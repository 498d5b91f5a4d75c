"""One request to the web and its answer: guarded, pinned, bounded in size and time.

A name is resolved once for each request, all its addresses are judged, and the connection goes to
one of those. Each redirect is a request like the first. No proxy, cookie or password is used.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import urljoin

from mimo.actors.web.guard import Target, addresses, connected, target_of
from mimo.config import limits
from mimo.config.clock import Clock
from mimo.config.errors import DeadlineExceeded, InvalidRequest, MimoError, Unavailable

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
#: Longest wait for one connection or one read, in seconds.
STEP_S = 10.0
_READ_BYTES = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked.

    Args:
        url: Where.
        method: GET, HEAD or POST.
        headers: Besides those that every request has; they stay with the first host.
        body: Of a POST.
        follows: Whether redirects are followed.
    """

    url: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)
    follows: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What a server says before the body.

    Args:
        url: Of the last redirect.
        status: HTTP's number.
        headers: As they came, in order.
        kind: Content type, such as `text/html`.
        charset: That it names; "" for none.
        coding: How the body is packed; "identity" for not at all.
        redirects: URLs that led here, the first one first.
    """

    url: str
    status: int
    headers: tuple[tuple[str, str], ...]
    kind: str
    charset: str
    coding: str
    redirects: tuple[str, ...] = ()

    def header(self, name: str) -> str:
        """Return the first header of this name; "" for none."""
        return next((value for each, value in self.headers if each.lower() == name), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a server sent.

    Args:
        head: What it said before the body.
        body: All of it.
    """

    head: Head
    body: bytes


#: Looks at the head before the body is read; raises a `MimoError` to refuse it.
Judge = Callable[[Head], None]


def anything(_head: Head) -> None:
    """Judge nothing: any status and any type."""


def ask(
    request: Request,
    allow: Sequence[str],
    clock: Clock,
    *,
    judge: Judge = anything,
    timeout_s: float | None = None,
) -> Answer:
    """Send a request and return its answer; it waits, so it runs where waiting harms nobody.

    Args:
        request: What to ask.
        allow: The setting `web.allow`.
        clock: Measures the time.
        judge: May refuse the answer before its body is read.
        timeout_s: For all of it; None for `limits.WEB_TIMEOUT_S`.

    Raises:
        MimoError: It isn't allowed, doesn't answer, is too large, or takes too long.
    """
    allowed_s = limits.WEB_TIMEOUT_S if timeout_s is None else timeout_s
    watch = _Watch(clock, allowed_s)
    passed: list[str] = []
    while True:
        target = target_of(request.url, allow)
        with (
            contextlib.closing(_linked(target, watch)) as link,
            _cut_off(link, watch.left_s()),
        ):
            try:
                response = _asked(link, target, request)
                if not request.follows or response.status not in _REDIRECTS:
                    return _read(response, request.url, tuple(passed), judge)
                location = response.headers.get("Location") or ""
            except Unavailable:
                # Whoever was cut off has less to say than the clock.
                watch.left_s()
                raise
        passed.append(request.url)
        if len(passed) > limits.WEB_REDIRECTS_MAX:
            raise InvalidRequest(
                f"expected at most {limits.WEB_REDIRECTS_MAX} redirects, got more;"
                " give the last URL"
            )
        there = _joined(request.url, location)
        request = _redirected(request, target, there, response.status)


class _Watch:
    """How much time is left."""

    def __init__(self, clock: Clock, allowed_s: float) -> None:
        self._clock = clock
        self._allowed_s = allowed_s
        self._ends_s = clock.monotonic_s() + allowed_s

    def left_s(self) -> float:
        """Return the seconds that are left.

        Raises:
            DeadlineExceeded: None are.
        """
        left_s = self._ends_s - self._clock.monotonic_s()
        if left_s <= 0:
            raise DeadlineExceeded(
                f"expected the page within {self._allowed_s:g} s, got a part of it"
            )
        return left_s


def _joined(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError:
        raise InvalidRequest(
            f"expected a redirect to a URL, got one to {location[:200]!r}; give the last URL"
        ) from None


def _redirected(request: Request, target: Target, url: str, status: int) -> Request:
    """Return the request that a redirect asks for.

    Raises:
        InvalidRequest: What was posted would go to another server.

    Source: RFC 9110, 15.4.
    """
    is_same = _origin(url) == (target.parts.scheme, target.host, target.port)
    headers = request.headers if is_same else {}
    if request.method != "POST":
        return replace(request, url=url, headers=headers)
    if status in {307, 308}:
        if not is_same:
            raise InvalidRequest(
                f"expected an answer of {target.host}, got a redirect of the POST to another"
                " server; post there yourself if you mean it"
            )
        return replace(request, url=url)
    return replace(request, url=url, headers=headers, method="GET", body=None)


def _origin(url: str) -> tuple[str, str, int]:
    """Return scheme, host and port of a URL, whether or not it may be read."""
    try:
        found = target_of(url, ["*"])
    except MimoError:
        return ("", "", 0)
    return found.parts.scheme, found.host, found.port


@contextlib.contextmanager
def _cut_off(link: http.client.HTTPConnection, after_s: float) -> Iterator[None]:
    """Let reads end after this many seconds, however slowly the server drips."""
    open_socket: socket.socket = link.sock

    def cut() -> None:
        with contextlib.suppress(OSError):
            open_socket.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(after_s, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _linked(target: Target, watch: _Watch) -> http.client.HTTPConnection:
    resolved = addresses(target)
    opened = connected(target, resolved, lambda: min(STEP_S, watch.left_s()))
    link = http.client.HTTPConnection(target.host, target.port)
    try:
        link.sock = _secured(opened, target)
    except OSError as error:
        raise Unavailable(
            f"expected {target.host} to answer, got: {error}", retry_after_s=10.0
        ) from None
    return link


def _secured(opened: socket.socket, target: Target) -> socket.socket:
    if target.parts.scheme == "http":
        return opened
    try:
        return ssl.create_default_context().wrap_socket(opened, server_hostname=target.host)
    except OSError:
        opened.close()
        raise


def _asked(
    link: http.client.HTTPConnection, target: Target, request: Request
) -> http.client.HTTPResponse:
    headers = {
        "Accept": "text/html, text/plain, text/markdown, application/json, application/pdf;q=0.9",
        **request.headers,
        "Accept-Encoding": "identity",
        "User-Agent": "mimo",
        "Connection": "close",
    }
    try:
        link.request(request.method, target.path, body=request.body, headers=headers)
        return link.getresponse()
    except (OSError, http.client.HTTPException) as error:
        raise _broken(target.host, error) from None


def _read(
    response: http.client.HTTPResponse, url: str, passed: tuple[str, ...], judge: Judge
) -> Answer:
    head = Head(
        url=url,
        status=response.status,
        headers=tuple(response.headers.items()),
        kind=response.headers.get_content_type(),
        charset=response.headers.get_content_charset() or "",
        coding=response.headers.get("Content-Encoding", "identity").lower(),
        redirects=passed,
    )
    judge(head)
    if (response.length or 0) > limits.WEB_BYTES_MAX:
        raise _too_large(url)
    body = bytearray()
    try:
        while part := response.read1(_READ_BYTES):
            body += part
            if len(body) > limits.WEB_BYTES_MAX:
                raise _too_large(url)
    except (OSError, http.client.HTTPException) as error:
        raise _broken(url[:200], error) from None
    if response.length:
        raise Unavailable(
            f"expected all of {url[:200]}, got {len(body)} bytes before the end", retry_after_s=5.0
        )
    return Answer(head=head, body=bytes(body))


def _broken(where: str, error: Exception) -> MimoError:
    told = str(error)[:120] or type(error).__name__
    return Unavailable(f"expected an answer of {where}, got: {told}", retry_after_s=10.0)


def _too_large(url: str) -> InvalidRequest:
    return InvalidRequest(
        f"expected a page of at most {limits.WEB_BYTES_MAX} bytes, got more at {url[:200]}"
    )
