"""What `mimo stdio` costs from its start to an answered tools/list, and what it imports."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from tests.load.rows import Row, ms
from tests.support.client import Client, stdio_command
from tests.support.figures import median
from tests.support.node import Node

CPU_S_MAX = 0.060
#: Modules that Python's start-up itself brings where packages are installed for editing.
_STARTUP = ("__editable__", "_distutils_hack", "_virtualenv", "sitecustomize", "usercustomize")


def measure(node: Node, *, starts: int = 10) -> list[Row]:
    """Start relays at a node that is up and see what each used until tools/list was answered."""
    cpu: list[float] = []
    wall: list[float] = []
    tools = 0
    for _ in range(starts):
        began_s = time.perf_counter()
        with node.connect("starter", shake_hands=False) as client:
            client.initialize()
            answer = client.request("tools/list").wait()
            wall.append(time.perf_counter() - began_s)
            cpu.append(cpu_s(client.process.pid))
            tools = len(answer["result"]["tools"])
    foreign = foreign_imports(node)
    return [
        Row(
            what="`mimo stdio`, start to tools/list, node up",
            bar=f"< {ms(CPU_S_MAX)} of CPU, nothing outside the standard library",
            figure=f"{ms(median(cpu))} of CPU ({ms(median(wall))} wall), {tools} tools,"
            f" foreign imports: {', '.join(foreign) or 'none'}",
            how=f"median of {starts} starts, schedstat of the process; -X importtime",
            is_met=median(cpu) < CPU_S_MAX and not foreign and tools > 0,
            raw={"cpu_s": cpu, "wall_s": wall, "foreign": foreign},
        )
    ]


def measure_cold(folder: Path, env: dict[str, str]) -> list[Row]:
    """Measure a relay whose node isn't there yet: its answers must not wait for the node."""
    began_s = time.perf_counter()
    with Client(folder, env=env) as client:
        client.initialize()
        answer = client.request("tools/list").wait()
        listed_s = time.perf_counter() - began_s
        used_s = cpu_s(client.process.pid)
        is_up_before = _has_answered(client)
        client.call("health", timeout_s=60)
        served_s = time.perf_counter() - began_s
    return [
        Row(
            what="`mimo stdio`, node cold",
            bar="tools/list answered before the node is up",
            figure=f"tools/list after {ms(listed_s)} ({ms(used_s)} of CPU),"
            f" first tool call after {ms(served_s)}",
            how="a new data directory",
            is_met=bool(answer["result"]["tools"]) and not is_up_before and listed_s < served_s,
            raw={"listed_s": listed_s, "served_s": served_s, "cpu_s": used_s},
        )
    ]


def cpu_s(pid: int) -> float:
    """Return the processor time that a process and its threads have used, in seconds."""
    total = 0
    for path in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        total += int(path.read_text(encoding="ascii").split()[0])
    return total / 1e9


def foreign_imports(node: Node) -> list[str]:
    """Return the packages outside the standard library that a relay imports."""
    command = stdio_command(node.data_dir)
    done = subprocess.run(
        [command[0], "-X", "importtime", *command[1:]],
        input=b'{"jsonrpc":"2.0","id":1,"method":"ping"}\n',
        env=node.env,
        capture_output=True,
        timeout=60,
        check=False,
    )
    names = {
        line.rsplit("|", 1)[1].strip().split(".")[0]
        for line in done.stderr.decode().splitlines()
        if line.startswith("import time:") and "imported package" not in line
    }
    assert "mimo" in names, f"expected a list of imports, got {done.stderr[:300]!r}"
    allowed = sys.stdlib_module_names | {"mimo"}
    return sorted(name for name in names if name not in allowed and not name.startswith(_STARTUP))


def _has_answered(client: Client) -> bool:
    """Tell whether a tool call that only the node can answer is answered at once."""
    pending = client.submit("stats")
    return pending.is_done
