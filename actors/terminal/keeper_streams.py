"""The output of a command as its keeper has it: the last bytes, and how many there were."""

from __future__ import annotations

import os
from typing import Final

_BLOCK_BYTES: Final = 65_536


class Stream:
    """One stream: read from a file number, kept up to a limit; the oldest bytes go first.

    Args:
        fd: Where it is read from; non-blocking from now on.
        kept_bytes: Most bytes that are kept.
    """

    def __init__(self, fd: int, kept_bytes: int) -> None:
        os.set_blocking(fd, False)
        self.fd = fd
        self.total = 0
        self._kept_bytes = kept_bytes
        self._kept = bytearray()

    @property
    def is_open(self) -> bool:
        """Tell whether more may come."""
        return self.fd >= 0

    @property
    def first(self) -> int:
        """Return the offset of the oldest byte that is kept."""
        return self.total - len(self._kept)

    def pull(self) -> int:
        """Read one block; return its size, 0 when there is nothing now or any more."""
        try:
            block = os.read(self.fd, _BLOCK_BYTES)
        except BlockingIOError:
            return 0
        except OSError:
            # A terminal whose other end is closed: EIO on Linux.
            block = b""
        if not block:
            self.close()
            return 0
        self.total += len(block)
        self._kept += block
        if len(self._kept) > self._kept_bytes:
            del self._kept[: len(self._kept) - self._kept_bytes]
        return len(block)

    def drain(self, most_bytes: int) -> None:
        """Read what is there, up to a bound: a command may write for ever."""
        taken = 0
        while self.is_open and taken < most_bytes:
            size = self.pull()
            if not size:
                break
            taken += size

    def part(self, offset: int, most: int) -> tuple[int, bytes]:
        """Return where the bytes from `offset` begin that are still kept, and at most so many.

        Args:
            offset: From the beginning of all output; negative counts from the end.
            most: Bytes.
        """
        wanted = self.total + offset if offset < 0 else offset
        begin = min(max(wanted, self.first), self.total)
        at = begin - self.first
        return begin, bytes(self._kept[at : at + most])

    def close(self) -> None:
        """Let go of the file."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1
