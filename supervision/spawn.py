"""Start a node that outlives who starts it; standard library only, as the relay uses it too."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path


def spawn_node(data_dir: Path, argv: Sequence[str]) -> subprocess.Popen[bytes]:
    """Start `argv` in its own session, with no file of ours, and return the process.

    Args:
        data_dir: The data directory; what the node writes to stderr lands in its `logs/node.err`.
        argv: The command, such as `[sys.executable, "-m", "mimo", "node", "--data-dir", ...]`.
    """
    log_dir = data_dir / "logs"
    log_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
    errors = os.open(log_dir / "node.err", flags, 0o600)
    try:
        return subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            start_new_session=True,
            cwd="/",
        )
    finally:
        os.close(errors)
