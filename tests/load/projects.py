"""Real projects to measure with: fetched from their registries, and never run."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

#: Three of Python's, together beyond 100,000 lines.
PYTHON = ("Django==5.1", "SQLAlchemy==2.0.36", "rich==13.9.4")
#: TypeScript's compiler, and a project that ships its sources.
TYPESCRIPT, TYPESCRIPT_PROJECT = "typescript@5.6.3", "rxjs@7.8.1"
ORACLE = Path(__file__).resolve().parents[1] / "data" / "typescript_definitions.cjs"
FETCH_S = 300.0


def fetch_python(folder: Path) -> list[Path]:
    """Return the folders of the Python projects, below a folder.

    Raises:
        subprocess.SubprocessError: The registry isn't reachable.
    """
    wheels = folder / "wheels"
    options = ["--quiet", "--no-deps", "--only-binary", ":all:", "--dest", str(wheels)]
    _run([sys.executable, "-m", "pip", "download", *options, *PYTHON], folder)
    found = []
    for wheel in sorted(wheels.glob("*.whl")):
        place = folder / "python" / wheel.name.partition("-")[0]
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(place)  # noqa: S202  zipfile keeps what it extracts inside
        found.append(place)
    return found


def fetch_typescript(folder: Path) -> Path:
    """Return the sources of the TypeScript project; the compiler stands beside it.

    Raises:
        subprocess.SubprocessError: The registry isn't reachable.
    """
    folder.mkdir(parents=True, exist_ok=True)
    quiet = ["--silent", "--no-audit", "--no-fund", "--ignore-scripts"]
    _run(["npm", "install", *quiet, "--prefix", str(folder), TYPESCRIPT], folder)
    _run(["npm", "pack", "--silent", TYPESCRIPT_PROJECT], folder)
    (packed,) = folder.glob("*.tgz")
    with tarfile.open(packed) as archive:
        archive.extractall(folder / "project", filter="data")
    return folder / "project" / "package" / "src"


def typescript_definitions(
    compiler: Path, files: list[Path]
) -> Iterator[tuple[Path, set[tuple[str, str, int]]]]:
    """Yield what TypeScript's own compiler finds in each file: (group, name, line).

    Args:
        compiler: The folder in which it was installed.
        files: What to read.

    Raises:
        subprocess.SubprocessError: The compiler failed.
    """
    script = compiler / ORACLE.name
    script.write_bytes(ORACLE.read_bytes())
    listed = "\n".join(map(str, files)).encode()
    for line in _run(["node", str(script)], compiler, listed).splitlines():
        path, found = json.loads(line)
        yield Path(path), {(group, name, at) for group, name, at in found}


def _run(command: list[str], folder: Path, given: bytes = b"") -> bytes:
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        command, cwd=folder, input=given, capture_output=True, check=True, timeout=FETCH_S
    )
    return done.stdout
