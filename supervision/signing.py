"""Signed frames: nothing is unpickled before its sender has proved to hold the generation's key.

Every frame carries a keyed BLAKE2b tag, also on loopback. A bare token would do against a stranger who connects
to us, but a stranger may also take over the port of an actor that died, and would then be sent the token.
"""

from __future__ import annotations

import hmac
import secrets
from hashlib import blake2b

#: Bytes of the tag in front of every signed payload.
TAG_BYTES = 16
#: Bytes of a generation's key.
KEY_BYTES = 32


class BadSignature(ValueError):  # noqa: N818  reads as the fact it reports
    """A frame that its claimed sender didn't sign."""


def new_key() -> bytes:
    """Return a fresh random key of `KEY_BYTES` bytes."""
    return secrets.token_bytes(KEY_BYTES)


class Signer:
    """Signs payloads with one key and opens what was signed with the same.

    Args:
        key: 16 to 64 secret bytes.

    Raises:
        ValueError: The key is too short or too long.
    """

    def __init__(self, key: bytes) -> None:
        if not 16 <= len(key) <= 64:
            raise ValueError(f"expected a key of 16 to 64 bytes, got {len(key)}; use new_key()")
        self._key = key

    def sign(self, payload: bytes) -> bytes:
        """Return `payload` with its tag in front."""
        return blake2b(payload, key=self._key, digest_size=TAG_BYTES).digest() + payload

    def open(self, frame: bytes) -> bytes:
        """Return the payload of a frame that `sign` made with the same key.

        Raises:
            BadSignature: The frame is too short or was signed with another key.
        """
        payload = frame[TAG_BYTES:]
        expected = blake2b(payload, key=self._key, digest_size=TAG_BYTES).digest()
        if not hmac.compare_digest(frame[:TAG_BYTES], expected):
            raise BadSignature(
                f"expected a frame signed with this node's key, got {len(frame)} bytes"
            )
        return payload
