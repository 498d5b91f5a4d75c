"""The browser's only way out: a proxy that judges every host as the guard does.

It resolves names itself and connects what was judged, so the browser never resolves anything. TLS
goes through it unread: certificates are the browser's matter.
"""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from collections.abc import Sequence

from mimo.actors.web.guard import Target, addresses, connected, target_of
from mimo.config import limits
from mimo.config.errors import InvalidRequest, MimoError, NotAvailable

#: Longest head of a request, in bytes, and longest wait for it, in seconds.
_HEAD_BYTES_MAX = 65_536
_STEP_S = 10.0
#: A connection on which nothing moves for so long is closed, in seconds.
_IDLE_S = 60.0
_PART_BYTES = 65_536
#: Most hosts that are remembered as refused.
_REFUSED_MAX = 50
#: Whom Chromium asks for itself, whatever page is open; nobody wants that.
_OWN = (
    *("clients1.google.com", "clients2.google.com", "clients4.google.com", "accounts.google.com"),
    *("update.googleapis.com", "safebrowsing.googleapis.com", "content-autofill.googleapis.com"),
    *("optimizationguide-pa.googleapis.com", "android.clients.google.com", "mtalk.google.com"),
    *("edgedl.me.gvt1.com", "redirector.gvt1.com"),
)
#: Headers between a client and its proxy.
_HOP = (b"proxy-connection:", b"proxy-authorization:", b"connection:")


class Proxy:
    """Serves on a socket that listens already, in threads, until the process ends.

    Args:
        listener: Where the browser connects.
        allow: The setting `web.allow`.
    """

    def __init__(self, listener: socket.socket, allow: Sequence[str]) -> None:
        self._listener = listener
        self._allow = allow
        self._room = threading.BoundedSemaphore(limits.WEB_CONNECTIONS_MAX)
        self._counting = threading.Lock()
        self._left = limits.WEB_VISIT_BYTES_MAX
        #: Host and port -> why it was refused.
        self.refused: dict[str, str] = {}

    def start(self) -> None:
        """Begin to serve."""
        threading.Thread(target=self._serve, name="proxy", daemon=True).start()

    def _serve(self) -> None:
        while True:
            self._room.acquire()
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._handle, args=(client,), daemon=True).start()

    def _handle(self, client: socket.socket) -> None:
        try:
            with client:
                client.settimeout(_STEP_S)
                self._relay(client)
        except (OSError, ValueError):
            # The browser or the server hung up; the browser shows that.
            return
        finally:
            self._room.release()

    def _relay(self, client: socket.socket) -> None:
        head, rest = _head(client)
        method, where, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)
        is_tunnel = method == "CONNECT"
        url = f"https://{where}/" if is_tunnel else where
        try:
            target = target_of(url, self._allow)
            if target.host in _OWN:
                raise NotAvailable(f"expected a page, got the browser's own {target.host}")
            server = connected(target, addresses(target), lambda: _STEP_S)
        except MimoError as error:
            self._refuse(client, where, error)
            return
        with server:
            if is_tunnel:
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                server.sendall(rest)
            else:
                server.sendall(_forwarded(head, method, target) + rest)
            self._splice(client, server)

    def _refuse(self, client: socket.socket, where: str, error: MimoError) -> None:
        if not isinstance(error, InvalidRequest) and len(self.refused) < _REFUSED_MAX:
            self.refused.setdefault(place_of(where), error.message)
        text = error.message.encode("utf-8", "replace")
        client.sendall(
            b"HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain; charset=utf-8\r\n"
            + f"Content-Length: {len(text)}\r\nConnection: close\r\n\r\n".encode()
            + text
        )

    def _splice(self, client: socket.socket, server: socket.socket) -> None:
        """Copy both ways until one side is done."""
        other = {client: server, server: client}
        while True:
            ready, _, _ = select.select([client, server], [], [], _IDLE_S)
            if not ready:
                return
            for each in ready:
                part = each.recv(_PART_BYTES)
                if not part or not self._may_pass(len(part)):
                    return
                other[each].sendall(part)

    def _may_pass(self, size: int) -> bool:
        with self._counting:
            self._left -= size
            return self._left >= 0


def place_of(where: str) -> str:
    """Return host and port of what a browser asked its proxy for, as it wrote them."""
    return where.partition("://")[2].partition("/")[0] if "://" in where else where


def _head(client: socket.socket) -> tuple[bytes, bytes]:
    """Return a request's head and what came behind it.

    Raises:
        ValueError: It is none, or too long.
    """
    received = b""
    while b"\r\n\r\n" not in received:
        part = client.recv(_PART_BYTES)
        received += part
        if not part or len(received) > _HEAD_BYTES_MAX:
            raise ValueError("expected the head of a request")
    head, _, rest = received.partition(b"\r\n\r\n")
    return head, rest


def _forwarded(head: bytes, method: str, target: Target) -> bytes:
    """Return the head as a server wants it, one request a connection.

    Source: RFC 9112, 3.2.1 and 9.6.
    """
    lines = [line for line in head.split(b"\r\n")[1:] if not line.lower().startswith(_HOP)]
    is_upgrade = any(line.lower().startswith(b"upgrade:") for line in lines)
    lines.insert(0, f"{method} {target.path} HTTP/1.1".encode("latin-1"))
    lines.append(b"Connection: Upgrade" if is_upgrade else b"Connection: close")
    return b"\r\n".join(lines) + b"\r\n\r\n"


def listening() -> socket.socket:
    """Return a socket that listens on loopback, at a port that the system chooses."""
    listener = socket.socket()
    with contextlib.suppress(OSError):
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", 0))
    listener.listen(limits.WEB_CONNECTIONS_MAX)
    return listener
