"""A stranger on this machine: finds our ports and says hostile things to them."""

from __future__ import annotations

import contextlib
import pickle
import socket
import struct
from collections.abc import Iterable
from pathlib import Path

from mimo.supervision.signing import Session, new_key, new_nonce

_LISTENING = "0A"


class Payload:
    """Creates a file when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self._marker = marker

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return (Path.touch, (self._marker,))


def listeners(pids: Iterable[int]) -> set[tuple[str, int]]:
    """Return host and port of every TCP socket on which these processes listen."""
    inodes = set()
    for pid in pids:
        with contextlib.suppress(OSError):
            for link in Path(f"/proc/{pid}/fd").iterdir():
                with contextlib.suppress(OSError):
                    name = str(link.readlink())
                    if name.startswith("socket:["):
                        inodes.add(name[8:-1])
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == _LISTENING and fields[9] in inodes:
                host, port = fields[1].split(":")
                found.add((_host(host), int(port, 16)))
    return found


def _host(text: str) -> str:
    if len(text) != 8:
        return f"v6:{text}"
    return socket.inet_ntoa(struct.pack("<I", int(text, 16)))


def send_library_frame(port: int, marker: Path) -> None:
    """Send a pickle as the plain library frames it."""
    pickled = pickle.dumps(Payload(marker))
    send(port, b"%d>" % len(pickled) + pickled)


def send(port: int, data: bytes, *, answer: bool = False) -> bytes:
    """Connect, send, and return what comes back within half a second, if it is wanted."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        with contextlib.suppress(OSError):
            connection.sendall(data)
        if not answer:
            return b""
        connection.settimeout(0.5)
        with contextlib.suppress(OSError):
            return connection.recv(4_096)
        return b""


def send_everything_hostile(port: int, marker: Path) -> None:
    """Say to a port what a stranger may try; each with a pickle that would create `marker`."""
    pickled = pickle.dumps(Payload(marker))
    nonce = bytes(16)
    header = struct.pack(">I16s", len(pickled), bytes(16))
    send_library_frame(port, marker)
    send(port, pickled)
    send(port, nonce + header + pickled)
    send(port, nonce + struct.pack(">I", 0xFFFFFFFF) + bytes(16) + pickled * 100)
    send(port, nonce + struct.pack(">I", 0) + bytes(16) + pickled)
    send(port, b"-1>" + pickled)
    send(port, b"9" * 60)
    send(port, b"")
    send(port, nonce[:7])
    challenge = send(port, nonce, answer=True)
    send(port, nonce + challenge[16:] + pickled)
    _answer_the_challenge(port, pickled)


def _answer_the_challenge(port: int, pickled: bytes) -> None:
    """Go through the whole handshake, with a key of our own."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        nonce = new_nonce()
        connection.sendall(nonce)
        connection.settimeout(0.5)
        with contextlib.suppress(OSError):
            answer = connection.recv(4_096)
            session = Session(new_key(), nonce, answer[:16], port)
            connection.sendall(session.seal(pickled) + session.seal(pickled))
