"""Nothing leaves the machine, and nothing is kept outside the data directory."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def test_loading_every_library_of_mimo_leaves_no_trace_in_the_home_directory(
    tmp_path: Path,
) -> None:
    """ONNX Runtime 1.32 would keep a device id and events for its maker there (README, privacy)."""
    home, temporary = tmp_path / "home", tmp_path / "tmp"
    home.mkdir()
    temporary.mkdir()
    places = {"HOME": str(home), "TMPDIR": str(temporary)}
    environ = {name: text for name, text in os.environ.items() if not name.startswith("XDG_")}
    code = (
        "import importlib\n"
        "from mimo.actors.tree import ROOT\n"
        "from mimo.interfaces.node import preload\n"
        "for name in preload(ROOT): importlib.import_module(name)\n"
        "from mimo.actors.memory import model_cache\n"
    )

    subprocess.run([sys.executable, "-c", code], env=environ | places, check=True)

    assert [path for folder in (home, temporary) for path in folder.rglob("*")] == []
