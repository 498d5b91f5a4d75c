"""One-way connections between two actor processes: framed, signed, in order.

A connection carries messages from the end that connected to the end that listens; back go only the
listener's challenge and its proof. So no message waits for another's acknowledgement, and a stalled
receiver stalls nobody but itself.
"""

from __future__ import annotations

import errno
import select
import socket
from collections import deque
from typing import Any

from mimo.supervision.signing import (
    HEADER,
    NONCE_BYTES,
    TAG_BYTES,
    BadSignature,
    Session,
    new_nonce,
)

#: Largest frame from a peer that has proved to hold the key, in bytes.
FRAME_BYTES_MAX = 64 * 1024 * 1024
#: Largest first frame, which carries the sender's address, in bytes.
HELLO_BYTES_MAX = 4_096
#: How much is read at once, in bytes.
READ_BYTES = 65_536
_PROOF_BYTES = NONCE_BYTES + TAG_BYTES
_TROUBLE = select.POLLIN | select.POLLHUP | select.POLLERR


class Lost(OSError):  # noqa: N818  reads as the fact it reports
    """The connection is of no use any more.

    Args:
        reason: What happened.
        is_deserted: Nobody of ours listens at the address.
    """

    def __init__(self, reason: str, *, is_deserted: bool = False) -> None:
        super().__init__(reason)
        self.is_deserted = is_deserted


class Outgoing:
    """A connection to a listener, and what waits to be written to it.

    Args:
        address: Host and port of the listener.
        key: The generation's key.
        hello: First payload: who we are.

    Raises:
        Lost: Nobody listens there.
    """

    __slots__ = (
        "_hello",
        "_key",
        "_nonce",
        "_port",
        "_rest",
        "_session",
        "queue",
        "sent",
        "socket",
    )

    def __init__(self, address: tuple[str, int], key: bytes, hello: bytes) -> None:
        self._key = key
        self._hello = hello
        self._port = address[1]
        self._nonce = b""
        self._session: Session | None = None
        self._rest: memoryview | bytes = b""
        #: Payloads that aren't written yet, each with its token.
        self.queue: deque[tuple[bytes, Any]] = deque()
        #: Tokens of payloads that were written whole, for the owner to take away.
        self.sent: list[Any] = []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        code = self.socket.connect_ex(address)
        if code not in (0, errno.EINPROGRESS):
            self.socket.close()
            raise Lost(errno.errorcode.get(code, str(code)), is_deserted=True)

    @property
    def events(self) -> int:
        """Return the poll events to wait for."""
        if self._session is None:
            return select.POLLIN if self._nonce else select.POLLIN | select.POLLOUT
        return select.POLLIN | select.POLLOUT if self._rest or self.queue else select.POLLIN

    @property
    def is_writing(self) -> bool:
        """Tell whether the first payload of the queue is partly written."""
        return bool(self._rest)

    def on_event(self, event: int) -> None:
        """Act on poll events.

        Raises:
            Lost: The connection is of no use any more.
        """
        if not self._nonce:
            self._greet()
        elif event & _TROUBLE:
            self._read()
        self.pump()

    def pump(self) -> None:
        """Write as much as the kernel takes.

        Raises:
            Lost: The connection is of no use any more.
        """
        session = self._session
        if session is None:
            return
        while self._rest or self.queue:
            if not self._rest:
                self._rest = session.seal(self.queue[0][0])
            try:
                count = self.socket.send(self._rest)
            except BlockingIOError:
                return
            except OSError as error:
                raise Lost(str(error)) from error
            if count == len(self._rest):
                self._rest = b""
                self.sent.append(self.queue.popleft()[1])
            else:
                self._rest = memoryview(self._rest)[count:]

    def _greet(self) -> None:
        """Send our challenge as soon as the connection stands."""
        code = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            is_deserted = code == errno.ECONNREFUSED
            raise Lost(errno.errorcode.get(code, str(code)), is_deserted=is_deserted)
        nonce = new_nonce()
        try:
            self.socket.send(nonce)
        except OSError as error:
            raise Lost(str(error)) from error
        self._nonce = nonce

    def _read(self) -> None:
        """Take the listener's proof; anything else that comes is the end."""
        try:
            data = self.socket.recv(_PROOF_BYTES)
        except BlockingIOError:
            return
        except OSError as error:
            raise Lost(str(error)) from error
        if not data or self._session is not None:
            raise Lost("the other end closed")
        session = Session(self._key, self._nonce, data[:NONCE_BYTES], self._port)
        try:
            session.check_proof(data[NONCE_BYTES:])
        except BadSignature as error:
            raise Lost(str(error), is_deserted=True) from error
        self._session = session
        self.queue.appendleft((self._hello, None))

    def close(self) -> None:
        """Give the socket back."""
        self.socket.close()


class Incoming:
    """A connection from a caller; frames come out of it only when they are signed.

    Args:
        connection: As accepted.
        key: The generation's key.
        port: Where we listen.
        deadline_s: Until when the caller must have proved to hold the key, monotonic seconds.
    """

    __slots__ = (
        "_buffer",
        "_key",
        "_need",
        "_port",
        "_session",
        "deadline_s",
        "is_trusted",
        "peer",
        "socket",
    )

    def __init__(self, connection: socket.socket, key: bytes, port: int, deadline_s: float) -> None:
        connection.setblocking(False)
        self.socket = connection
        #: The sender's address as its hello told; None before.
        self.peer: Any = None
        #: Whether a signed frame has come.
        self.is_trusted = False
        self.deadline_s = deadline_s
        self._key = key
        self._port = port
        self._session: Session | None = None
        self._buffer = bytearray()
        self._need = NONCE_BYTES

    def read(self) -> list[bytes]:
        """Return the payloads that have come whole.

        Raises:
            Lost: The caller closed, or didn't sign.
        """
        try:
            data = self.socket.recv(READ_BYTES)
        except BlockingIOError:
            return []
        except OSError as error:
            raise Lost(str(error)) from error
        if not data:
            raise Lost("the caller closed")
        self._buffer += data
        if len(self._buffer) < self._need:
            return []
        if self._session is None:
            self._answer()
        return self._parse(self._session)

    def _answer(self) -> None:
        """Prove to the caller that we hold the key, and challenge it to do the same."""
        nonce = new_nonce()
        self._session = Session(self._key, bytes(self._buffer[:NONCE_BYTES]), nonce, self._port)
        del self._buffer[:NONCE_BYTES]
        try:
            self.socket.send(nonce + self._session.proof)
        except OSError as error:
            raise Lost(str(error)) from error

    def _parse(self, session: Session | None) -> list[bytes]:
        """Take whole frames out of the buffer."""
        payloads: list[bytes] = []
        start, have = 0, len(self._buffer)
        with memoryview(self._buffer) as view:
            while session is not None:
                self._need = start + HEADER.size
                if have < self._need:
                    break
                size, tag = HEADER.unpack_from(view, start)
                if size > (FRAME_BYTES_MAX if self.is_trusted else HELLO_BYTES_MAX):
                    raise Lost(f"expected a frame within its limit, got {size} bytes")
                self._need += size
                if have < self._need:
                    break
                try:
                    payloads.append(session.open(tag, bytes(view[self._need - size : self._need])))
                except BadSignature as error:
                    raise Lost(str(error)) from error
                self.is_trusted = True
                start = self._need
        del self._buffer[:start]
        self._need -= start
        return payloads

    def close(self) -> None:
        """Give the socket back."""
        self.socket.close()
