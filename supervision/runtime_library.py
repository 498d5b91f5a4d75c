"""Import Thespian without its surprises: no name look-ups, loopback only, our limits.

None of the library's files is changed; what is set here are its own module constants. Only its
`runtime*.py` siblings import Thespian as well.
"""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from mimo.supervision.loopback import LOOPBACK


@contextmanager
def _without_name_lookups() -> Iterator[None]:
    """Answer for the resolver while Thespian's import asks who we are.

    With broken DNS that would take half a minute.
    """
    saved = socket.getfqdn, socket.gethostname
    socket.getfqdn = lambda name="": "localhost"  # noqa: ARG005
    socket.gethostname = lambda: "localhost"
    try:
        yield
    finally:
        socket.getfqdn, socket.gethostname = saved


with _without_name_lookups():
    from thespian.system.transport import IPBase as ip  # noqa: N813

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
from thespian.system import multiprocCommon as processes  # noqa: E402, N813
from thespian.system import systemBase as bases  # noqa: E402, N813
from thespian.system import transport as transports  # noqa: E402
from thespian.system import utilis as library_log  # noqa: E402
from thespian.system.addressManager import CannotPickleAddress  # noqa: E402
from thespian.system.multiprocTCPBase import ActorSystemBase  # noqa: E402
from thespian.system.transport import (  # noqa: E402
    ReceiveEnvelope,
    SendStatus,
    TransmitIntent,
    TransmitOnly,
)
from thespian.system.transport import TCPTransport as tcp  # noqa: E402, N813

# Read at every new address; without it the library asks the routing table for the way to 8.8.8.8,
# and every address dies with the network's next change.
os.environ["THESPIAN_BASE_IPADDR"] = LOOPBACK
#: After this long an undelivered message is dropped; a call's own deadline is shorter (D10).
transports.DEFAULT_MAX_TRANSMIT_PERIOD = timedelta(seconds=30)
#: How long a starter waits for its admin; 5 s are too few on a busy machine.
processes.MAX_ADMIN_STARTUP_DELAY = timedelta(seconds=30)
#: How long a client waits for the admin to answer.
bases.MAX_ADMIN_STATUS_REQ_DELAY = timedelta(seconds=2)

# str() of the whole message at every hop, even with logging off, costs more than the hop (D11).
TransmitIntent.identify = lambda self: f"TX({type(self.message).__name__})"
ReceiveEnvelope.identify = lambda self: f"RX({type(self.message).__name__})"


def log_to(path: str) -> None:
    """Send Thespian's own log to the file `path` instead of a guessable name in /tmp."""
    library_log._thesplog_file = path  # noqa: SLF001
    library_log._thesplog_old_file = path + ".old"  # noqa: SLF001


def complain(sentence: str) -> None:
    """Write a warning into Thespian's own log."""
    library_log.thesplog("%s", sentence, level=logging.WARNING)


__all__ = [
    "Actor",
    "ActorAddress",
    "ActorExitRequest",
    "ActorSystem",
    "ActorSystemBase",
    "ActorSystemException",
    "ActorSystemMessage",
    "CannotPickleAddress",
    "ChildActorExited",
    "DeadEnvelope",
    "PoisonMessage",
    "ReceiveEnvelope",
    "SendStatus",
    "ThespianWatch",
    "TransmitIntent",
    "TransmitOnly",
    "WakeupMessage",
    "WatchMessage",
    "bases",
    "complain",
    "ip",
    "log_to",
    "processes",
    "tcp",
]
