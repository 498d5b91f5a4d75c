"""Signed frames: nothing is unpickled before its sender has proved to hold the generation's key.

Both ends of a connection prove it before the first message, so a stranger who connects is refused,
and a stranger who took over the port of a dead actor is told nothing. The tags of one connection
are worth nothing on another, nor in another order.
"""

from __future__ import annotations

import hmac
import secrets
import struct
from hashlib import blake2b

#: Bytes of a generation's key.
KEY_BYTES = 32
#: Bytes of a random challenge, and of a tag.
NONCE_BYTES = 16
TAG_BYTES = 16
#: Length of the payload as 4 bytes, then its tag.
HEADER = struct.Struct(f">I{TAG_BYTES}s")


class BadSignature(ValueError):  # noqa: N818  reads as the fact it reports
    """Bytes that don't come from a holder of the key."""


def new_key() -> bytes:
    """Return a fresh random key of `KEY_BYTES` bytes."""
    return secrets.token_bytes(KEY_BYTES)


def new_nonce() -> bytes:
    """Return a fresh random challenge of `NONCE_BYTES` bytes."""
    return secrets.token_bytes(NONCE_BYTES)


class Session:
    """One direction of one connection: the caller seals, the listener opens, in order.

    Args:
        key: The generation's key, 16 to 64 bytes.
        caller_nonce: The challenge of the end that connected.
        listener_nonce: The challenge of the end that listens.
        port: The listener's port, so that nobody can pass the frames on to another one.
    """

    def __init__(self, key: bytes, caller_nonce: bytes, listener_nonce: bytes, port: int) -> None:
        about = caller_nonce + listener_nonce + port.to_bytes(4, "big")
        session_key = blake2b(about, key=key, digest_size=32, person=b"mimo session").digest()
        #: What the listener sends to prove that it holds the key.
        self.proof = blake2b(about, key=key, digest_size=TAG_BYTES, person=b"mimo proof").digest()
        self._state = blake2b(key=session_key, digest_size=TAG_BYTES)
        self._count = 0

    def check_proof(self, proof: bytes) -> None:
        """Refuse a listener that doesn't hold the key.

        Raises:
            BadSignature: It doesn't.
        """
        if not hmac.compare_digest(proof, self.proof):
            raise BadSignature("expected a listener with this node's key")

    def seal(self, payload: bytes) -> bytes:
        """Return the next frame: header and payload."""
        return HEADER.pack(len(payload), self._next_tag(payload)) + payload

    def open(self, tag: bytes, payload: bytes) -> bytes:
        """Return the payload of the next frame.

        Raises:
            BadSignature: The frame isn't the next one that the other end sealed.
        """
        if not hmac.compare_digest(tag, self._next_tag(payload)):
            raise BadSignature(f"expected a signed frame, got {len(payload)} unsigned bytes")
        return payload

    def _next_tag(self, payload: bytes) -> bytes:
        state = self._state.copy()
        state.update(self._count.to_bytes(8, "big"))
        state.update(payload)
        self._count += 1
        return state.digest()
