"""The start of a keeper's command: its files, its terminal, its limits."""

from __future__ import annotations

import contextlib
import fcntl
import os
import resource
import signal
import struct
import sys
import termios
from typing import Final, NoReturn

from mimo.actors.terminal.orders import Order

#: `Order.stdin`: none, or what is written later.
NO_INPUT, WRITTEN = -1, -2
#: Rows and columns of a terminal.
_ROWS, _COLUMNS = 40, 120
#: Exit code of a process that couldn't become the command. Source: sh(1).
_NOT_EXECUTED: Final = 127
#: What the keeper handles or Python ignores, and the command shall not.
_SIGNALS: Final = (
    *(signal.SIGPIPE, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD),
    signal.SIGXFSZ,
)
#: How much less often than others a command gets the processor: nice(1).
_NICER: Final = 5
#: Between the signal that a command may handle and the one that it can't, in seconds of CPU.
_CPU_GRACE_S: Final = 2


class Started:
    """A command that was started.

    Args:
        pid: Of its first process, which leads a session and a group of its own.
        outputs: Where its streams are read.
        input: Where its input is written; -1 where it has none.
        trouble: Why there is none at all; "" if it runs.
    """

    def __init__(self, pid: int, outputs: list[int], input: int, trouble: str) -> None:  # noqa: A002
        self.pid = pid
        self.outputs = outputs
        self.input = input
        self.trouble = trouble


def start(order: Order) -> Started:
    """Start the command of an order."""
    if order["pty"]:
        main, side = os.openpty()
        fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("4H", _ROWS, _COLUMNS, 0, 0))
        ours, theirs, given = [main], [side, side, side], main
    else:
        ours, theirs, given = _pipes(order)
    told, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        _become(order, theirs, tell)
    for fd in {*theirs, tell}:
        os.close(fd)
    trouble = os.read(told, 4_096).decode(errors="replace")
    os.close(told)
    return Started(pid, ours, given, trouble)


def _pipes(order: Order) -> tuple[list[int], list[int], int]:
    """Return our ends of the outputs, the command's three files, and our end of its input."""
    given = -1
    match order["stdin"]:
        case fd if fd >= 0:
            source = fd
        case int() as fd if fd == WRITTEN:
            source, given = os.pipe()
        case _:
            source = os.open(os.devnull, os.O_RDONLY)
    out, out_end = os.pipe()
    if order["merged"]:
        return [out], [source, out_end, out_end], given
    err, err_end = os.pipe()
    return [out, err], [source, out_end, err_end], given


def _become(order: Order, files: list[int], tell: int) -> NoReturn:
    """Be the command; tell through `tell` why not. Never returns."""
    try:
        os.setsid()
        if order["pty"]:
            fcntl.ioctl(files[0], termios.TIOCSCTTY, 0)
        # Beyond 2 first: one of them may be the number of another's place.
        held = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 3) for fd in files]
        for place, fd in enumerate(held):
            os.dup2(fd, place, inheritable=True)
        for number in (
            signal.SIGPIPE,
            signal.SIGTERM,
            signal.SIGINT,
            signal.SIGHUP,
            signal.SIGCHLD,
        ):
            signal.signal(number, signal.SIG_DFL)
        os.fchdir(order["cwd"])
        _limit(order)
        os.execvpe(order["argv"][0], order["argv"], order["env"])  # noqa: S606  the very purpose
    except (OSError, ValueError) as error:
        words = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        os.write(tell, words.encode(errors="replace")[:4_000])
    finally:
        os._exit(_NOT_EXECUTED)


def _limit(order: Order) -> None:
    """Set the limits that the kernel holds for each process; the keeper holds those for all."""
    _at_most(resource.RLIMIT_CORE, 0)
    for kind, most in (
        (resource.RLIMIT_CPU, order["cpu_s"]),
        (resource.RLIMIT_NOFILE, order["files"]),
        (resource.RLIMIT_FSIZE, order["file_bytes"]),
        # Writable memory, not address space: runtimes reserve gigabytes and use few of them.
        (resource.RLIMIT_DATA, order["memory_bytes"]),
    ):
        if most:
            _at_most(kind, most, _CPU_GRACE_S if kind == resource.RLIMIT_CPU else 0)
    # Its keeper, and all of Mimo, come first.
    os.nice(_NICER)
    if sys.platform == "linux":
        if order["processes"]:
            # The kernel counts all threads of the user; root's it doesn't count.
            _at_most(resource.RLIMIT_NPROC, _threads_of_all() + order["processes"])
        # Where memory runs out, the kernel takes it from here first.
        with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:  # noqa: PTH123
            file.write("1000")


def _threads_of_all() -> int:
    """Return how many threads the machine has now; source: proc(5), loadavg."""
    with open("/proc/loadavg", encoding="ascii") as file:  # noqa: PTH123  pathlib is slow to import
        return int(file.read().split()[3].partition("/")[2])


def _at_most(kind: int, most: int, grace: int = 0) -> None:
    _, hard = resource.getrlimit(kind)
    ceiling = most + grace if hard == resource.RLIM_INFINITY else min(most + grace, hard)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(kind, (min(most, ceiling), ceiling))
