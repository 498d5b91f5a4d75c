"""The launcher: imports everything once, then forks a starter for each generation.

It has no threads and no open database, so that what it forks starts clean; a fork costs
milliseconds, an import of everything a second.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import pickle
import signal
import socket
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from mimo.config.clock import SYSTEM_CLOCK
from mimo.config.errors import MimoError, StartError
from mimo.supervision import heartbeat, platform
from mimo.supervision import messages as m
from mimo.supervision.lifeline import Lifeline
from mimo.supervision.machine import start_limit_s
from mimo.supervision.warm_types import settle_types

if TYPE_CHECKING:
    from mimo.supervision.specs import ChildSpec

#: Longest order or report, in bytes: macOS carries no larger datagram.
REPORT_BYTES_MAX = 2_048
DETAIL_CHARS_MAX = 800


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What all generations of a node share.

    Args:
        root_spec: The root supervisor.
        preload: Modules to import before the first fork.
        log_dir: Where faults and Thespian's own log go.
        watchdog_pid: The guardian of every admin.
    """

    root_spec: ChildSpec
    preload: tuple[str, ...]
    log_dir: Path
    watchdog_pid: int


def serve(channel: socket.socket, site: Site, lifeline: Lifeline | None) -> NoReturn:
    """Be the launcher: obey the orders that come over `channel` until the watchdog dies."""
    _take_default_signals()
    line = () if lifeline is None else lifeline.files
    platform.drop_inherited_files((channel.fileno(), *line))
    # A collection here would leave holes in shared pages, which every fork would then copy.
    gc.disable()
    settled = set(sys.modules)
    try:
        for module in site.preload:
            importlib.import_module(module)
        importlib.import_module("mimo.supervision.runtime")
    except ImportError as error:
        _report(channel, kind="useless", detail=f"can't import {error.name}: {error}")
        os._exit(70)
    settle_types(but_those_of=settled)
    gc.freeze()
    while True:
        raw, files, _, _ = socket.recv_fds(channel, REPORT_BYTES_MAX, 1)
        order = json.loads(raw)
        guardian = Lifeline.from_end(files[0]) if files else None
        _in_fork(channel, order, site, guardian)
        if guardian is not None:
            guardian.cut()


def _in_fork(
    channel: socket.socket, order: dict[str, Any], site: Site, lifeline: Lifeline | None
) -> None:
    """Carry out one order in a fork, and report for it if it can't."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            gc.enable()
            if order["kind"] == "boot":
                _boot(channel, order, site, lifeline)
            else:
                _ask_to_stop(order)
            code = 0
        except MimoError as error:
            _report(channel, kind="failed", generation=order["generation"], detail=error.message)
            code = 0
        finally:
            if code:
                traceback.print_exc()
            sys.stderr.flush()
            os._exit(code)
    _, status = os.waitpid(pid, 0)
    if status and order["kind"] == "boot":
        detail = f"the starter ended with {os.waitstatus_to_exitcode(status)}"
        _report(channel, kind="failed", generation=order["generation"], detail=detail)


def _boot(
    channel: socket.socket, order: dict[str, Any], site: Site, lifeline: Lifeline | None
) -> None:
    """Boot an actor system, start its root supervisor and report both."""
    from mimo.supervision import runtime

    system = runtime.boot(
        order["port"],
        bytes.fromhex(order["key"]),
        log_dir=site.log_dir,
        guardian_pid=site.watchdog_pid,
        lifeline=lifeline,
    )
    spec = site.root_spec
    root = runtime.create_root(system, spec.start)
    start = m.Start(
        name=spec.id,
        incarnation=int(SYSTEM_CLOCK.monotonic_s() * 1e6),
        args={
            **spec.args,
            "heartbeat": {"path": heartbeat.SOCKET_NAME, "generation": order["generation"]},
        },
        spec=spec,
    )
    started = _introduce(system, root, start, start_limit_s(spec))
    if isinstance(started, m.StartFailed):
        _report(channel, kind="refused", detail=started.detail, exit_code=started.exit_code)
        return
    _report(
        channel,
        kind="started",
        generation=order["generation"],
        admin_pid=platform.parent_of(started.pid),
        root_pid=started.pid,
        root_address=pickle.dumps(root).hex(),
        root_incarnation=start.incarnation,
    )


def _introduce(
    system: Any, root: Any, start: m.Start, timeout_s: float
) -> m.Started | m.StartFailed:
    """Send `start` and wait for the answer; a refusal is one only where no other try can succeed.

    Raises:
        StartError: The root couldn't start this time, or didn't answer in time.
    """
    end_s = SYSTEM_CLOCK.monotonic_s() + timeout_s
    system.tell(root, start)
    while (left_s := end_s - SYSTEM_CLOCK.monotonic_s()) > 0:
        message = system.listen(left_s)
        for item in message.items if isinstance(message, m.Batch) else (message,):
            if isinstance(item, m.Started) and item.incarnation == start.incarnation:
                return item
            if isinstance(item, m.StartFailed):
                if item.exit_code:
                    return item
                raise StartError(item.detail)
            if isinstance(item, m.Exiting):
                raise StartError(item.reason.detail or f"the root ended: {item.reason.kind}")
    raise StartError(
        f"expected the tree to be up within {timeout_s} s; the log says what it waits for"
    )


def _ask_to_stop(order: dict[str, Any]) -> None:
    """Tell the root supervisor to leave in order."""
    from mimo.supervision import runtime

    endpoint = runtime.Endpoint(order["port"], bytes.fromhex(order["key"]))
    root = pickle.loads(bytes.fromhex(order["root_address"]))
    endpoint.send(root, m.Stop(incarnation=order["root_incarnation"]))
    endpoint.flush(order["timeout_s"])


def _report(channel: socket.socket, **fields: Any) -> None:
    if "detail" in fields:
        fields["detail"] = fields["detail"][:DETAIL_CHARS_MAX]
    with contextlib.suppress(OSError):
        channel.send(json.dumps(fields).encode())


def _take_default_signals() -> None:
    """Drop the watchdog's handlers; Ctrl-C and a closing terminal are the watchdog's business."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
