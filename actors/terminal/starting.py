"""The start of a keeper."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO

from mimo.actors.terminal.orders import Order

#: Variables that a keeper inherits; the command's own are in its order.
_KEEPERS_OWN = ("MIMO_PORTABLE", "MIMO_TEST_ID", "PATH", "PYTHONPATH")


def start_keeper(
    order: Order, control: socket.socket, files: tuple[int, ...]
) -> subprocess.Popen[bytes]:
    """Start a keeper.

    Args:
        order: What it shall do.
        control: Its connection to who asks.
        files: The files that its order names.
    """
    with tempfile.TemporaryFile() as written:
        written.write(json.dumps(order).encode())
        written.seek(0)
        return _keeper(written, control, files)


def _keeper(
    written: IO[bytes], control: socket.socket, files: tuple[int, ...]
) -> subprocess.Popen[bytes]:
    # -P: a folder with a file `json.py` must not be imported from.
    program = [sys.executable, "-P", "-s", "-m", "mimo.actors.terminal.keeper"]
    return subprocess.Popen(
        [*program, str(control.fileno())],
        stdin=written,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=(control.fileno(), *files),
        cwd="/",
        env={name: os.environ[name] for name in _KEEPERS_OWN if name in os.environ},
    )


def open_folder(path: Path) -> int:
    """Return the number of an open folder; walks from the root without following a link.

    Raises:
        OSError: A part is missing, or is a link.
    """
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    folder = os.open("/", flags)
    for part in path.parts[1:]:
        try:
            below = os.open(part, flags, dir_fd=folder)
        finally:
            os.close(folder)
        folder = below
    return folder
