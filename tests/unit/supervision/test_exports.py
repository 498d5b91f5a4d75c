"""What `mimo.supervision` offers, and what importing it costs."""

from __future__ import annotations

import subprocess
import sys

import pytest

import mimo.supervision


def test_the_offered_names_are_sorted_and_there() -> None:
    """`__all__` as ruff sorts it; each name can be had, another one can't."""
    names = mimo.supervision.__all__
    constants = [name for name in names if name.isupper()]
    classes = [name for name in names if not name.isupper() and name[0].isupper()]
    functions = [name for name in names if name[0].islower()]
    assert names == sorted(constants) + sorted(classes) + sorted(functions)
    assert all(getattr(mimo.supervision, name) is not None for name in names)
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = mimo.supervision.no_such_name


def test_the_watchdogs_modules_bring_no_thespian() -> None:
    """It must stay small, and run where the library can't."""
    program = (
        "import sys, mimo.supervision.node; heavy = {'thespian', 'numpy', 'psutil', 'mcp', 'apsw'};"
        " print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout == b"[]\n"


def test_importing_the_runtime_asks_no_name_server() -> None:
    """With broken DNS the library's own import takes half a minute (getfqdn, IPBase:22)."""
    program = (
        "import socket; names = [];"
        " socket.getfqdn = lambda name='': names.append(name) or 'host';"
        " real = socket.getaddrinfo;"
        " socket.getaddrinfo = lambda host, *rest, **more: (names.append(host)"
        " if host not in (None, 'localhost', '127.0.0.1') else None, real(host, *rest, **more))[1];"
        " import mimo.supervision.runtime; print(names)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout == b"[]\n"
