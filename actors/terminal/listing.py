"""The processes of this user, as ps(1) tells of them."""

from __future__ import annotations

from typing import Final

from mimo.actors.operations import Result
from mimo.actors.terminal import orders
from mimo.actors.terminal.child import Ended
from mimo.actors.terminal.presentation import line_of
from mimo.config.errors import NotAvailable
from mimo.supervision import messages as m
from mimo.supervision.gen_server import failure

_FIELDS: Final = 6


def processes_of(ended: Ended, limit: int) -> Result | m.Failure:
    """Return the processes that ps told of; those that use most of the processor come first."""
    if ended.reason == orders.NOT_STARTED or not ended.succeeded:
        why = ended.trouble or ended.stderr.decode(errors="replace").strip()[:200] or ended.reason
        return failure(NotAvailable(f"expected ps to list processes, got: {why}; install procps"))
    rows = []
    for line in ended.stdout.decode(errors="replace").splitlines():
        fields = line.split(None, _FIELDS - 1)
        if len(fields) == _FIELDS:
            pid, parent, cpu, kilobytes, age, command = fields
            rows.append(
                {
                    "pid": int(pid),
                    "parent_pid": int(parent),
                    "cpu_percent": float(cpu),
                    "memory_bytes": int(kilobytes) * 1024,
                    "age": age,
                    "command": line_of(command, 200),
                }
            )
    rows.sort(key=lambda row: (-float(str(row["cpu_percent"])), -int(str(row["memory_bytes"]))))
    return Result(data={"processes": rows[:limit], "count": len(rows)})
