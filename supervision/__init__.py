"""OTP on Thespian: supervisors, gen-servers, heirs and a node, usable without the rest of Mimo.

Not here: what an actor is for, SQL, any protocol. Imports `config` only; Thespian in `runtime*.py`.
The names below are imported on first use, so that `supervision.node` doesn't bring Thespian along.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mimo.supervision.client import Client
    from mimo.supervision.gen_server import NO_REPLY, GenServer
    from mimo.supervision.node import find_node, request_node_stop, run_node
    from mimo.supervision.specs import (
        AutoShutdown,
        ChildSpec,
        RestartStrategy,
        RestartType,
        Shutdown,
        SupervisorFlags,
        group,
    )
    from mimo.supervision.supervisor import Supervisor

__all__ = [
    "NO_REPLY",
    "AutoShutdown",
    "ChildSpec",
    "Client",
    "GenServer",
    "RestartStrategy",
    "RestartType",
    "Shutdown",
    "Supervisor",
    "SupervisorFlags",
    "find_node",
    "group",
    "request_node_stop",
    "run_node",
]

_HOMES = {
    "client": ("Client",),
    "gen_server": ("NO_REPLY", "GenServer"),
    "node": ("find_node", "request_node_stop", "run_node"),
    "specs": (
        "AutoShutdown",
        "ChildSpec",
        "RestartStrategy",
        "RestartType",
        "Shutdown",
        "SupervisorFlags",
        "group",
    ),
    "supervisor": ("Supervisor",),
}


def __getattr__(name: str) -> Any:
    """Import an exported name from its module."""
    for home, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(f"{__name__}.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
