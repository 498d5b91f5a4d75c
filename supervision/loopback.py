"""Where the actor system listens: this machine only."""

from __future__ import annotations

import socket

#: The only interface that Mimo's actor system binds.
LOOPBACK = "127.0.0.1"


def free_port() -> int:
    """Return a loopback port that is free now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])
