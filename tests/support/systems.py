"""An actor system of a test's own, in a process that owns all of it and takes it along."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def run_in_system(script: str, tmp_path: Path, *, portable: bool = False) -> Any:
    """Run Python statements in a fresh process with `system`, `runtime`, `key` and `port` at hand.

    The process adopts and finally kills all it started. What the statements put into `result` is
    returned, by way of JSON.
    """
    program = _BEFORE + "\n".join(f"    {line}" for line in script.splitlines()) + _AFTER
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={
            **os.environ,
            "MIMO_PORTABLE": "1" if portable else "0",
            "LOG_DIR": str(tmp_path),
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


_BEFORE = """
import json, os, pickle, select, signal, sys
from pathlib import Path
from mimo.supervision import platform, platform_linux, runtime, signing
from tests.support import actors_small as actors
from tests.support import intruder
from tests.support.waiting import eventually
log_dir = Path(os.environ["LOG_DIR"])
result = None
platform_linux.set_child_subreaper()
line = platform.new_lifeline()
port, key = runtime.free_port(), signing.new_key()
system = runtime.boot(
    port, key, log_dir=log_dir, guardian_pid=os.getpid(), lifeline=line
)


def living():
    queue, found = [os.getpid()], []
    while queue:
        below = platform_linux.children_of(queue.pop())
        found += [pid for pid in below if platform.is_alive(pid)]
        queue += below
    return found


try:
"""
_AFTER = """
finally:
    if line is not None:
        line.cut()
    while pids := living():
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        platform.reap()
print(json.dumps(result))
"""
