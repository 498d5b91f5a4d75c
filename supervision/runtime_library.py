"""Import Thespian without its surprises: no name look-ups, loopback only, our limits.

Nothing of the library's files is changed; what is set here are its own module constants, some of which it would read
from the environment, which children and `/proc` would see.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from mimo.supervision.loopback import LOOPBACK


@contextmanager
def _without_name_lookups() -> Iterator[None]:
    """Answer for the resolver while Thespian's import asks who we are: with broken DNS that takes 30 s."""
    saved = socket.getfqdn, socket.gethostname
    socket.getfqdn = lambda name="": "localhost"  # noqa: ARG005
    socket.gethostname = lambda: "localhost"
    try:
        yield
    finally:
        socket.getfqdn, socket.gethostname = saved


with _without_name_lookups():
    import thespian.system.transport.IPBase  # noqa: F401  resolves names once, here

import thespian.system.multiprocCommon as processes  # noqa: E402
import thespian.system.systemCommon as common  # noqa: E402
import thespian.system.transport as transports  # noqa: E402
import thespian.system.transport.asyncTransportBase as flow  # noqa: E402
import thespian.system.transport.TCPTransport as tcp  # noqa: E402
from thespian.actors import (  # noqa: E402
    Actor,
    ActorAddress,
    ActorExitRequest,
    ActorSystem,
    ActorSystemException,
    ActorSystemMessage,
    ChildActorExited,
    DeadEnvelope,
    PoisonMessage,
    ThespianWatch,
    WakeupMessage,
    WatchMessage,
)
from thespian.system import utilis as library_log  # noqa: E402

# The library reads this one from the environment at every new address, and nowhere else.
os.environ["THESPIAN_BASE_IPADDR"] = LOOPBACK

#: Frames under way from one actor to all others before it queues; 20 lets one busy target block all (D9).
flow.MAX_PENDING_TRANSMITS = 200
#: After this long an undelivered message is dropped; the sender's own deadline is shorter (D10).
transports.DEFAULT_MAX_TRANSMIT_PERIOD = timedelta(seconds=30)
#: How long a connection may take over one frame.
tcp.MAX_INCOMING_SOCKET_PERIOD = timedelta(seconds=30)
#: No 100 ms sleeps at 4,480 sends a second.
common.RATE_THROTTLE = 10**9


def log_to(path: str) -> None:
    """Send Thespian's own log to the file `path` instead of a guessable name in /tmp."""
    library_log._thesplog_file = path  # noqa: SLF001
    library_log._thesplog_old_file = path + ".old"  # noqa: SLF001


# str() of the whole message at every hop, even with logging off, costs more than the hop (D11).
transports.TransmitIntent.identify = lambda self: f"TX({type(self.message).__name__})"
transports.ReceiveEnvelope.identify = lambda self: f"RX({type(self.message).__name__})"

__all__ = [
    "Actor",
    "ActorAddress",
    "ActorExitRequest",
    "ActorSystem",
    "ActorSystemException",
    "ActorSystemMessage",
    "ChildActorExited",
    "DeadEnvelope",
    "PoisonMessage",
    "ThespianWatch",
    "WakeupMessage",
    "WatchMessage",
    "common",
    "flow",
    "log_to",
    "processes",
    "tcp",
    "transports",
]
