"""Places on the disk, and the lightness of the module that the relay imports."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from mimo.config import paths

HOME = {"HOME": "/home/ada"}


@pytest.mark.parametrize(
    ("environ", "platform", "expected"),
    [
        (HOME, "linux", "/home/ada/.local/share/mimo"),
        ({**HOME, "XDG_DATA_HOME": "/data"}, "linux", "/data/mimo"),
        ({**HOME, "XDG_DATA_HOME": "relative"}, "linux", "/home/ada/.local/share/mimo"),
        (
            {**HOME, "XDG_DATA_HOME": "/data"},
            "darwin",
            "/home/ada/Library/Application Support/mimo",
        ),
    ],
)
def test_the_data_directory_follows_the_platform(
    environ: dict[str, str], platform: str, expected: str
) -> None:
    """Only HOME is guaranteed. Source: XDG Base Directory Specification."""
    assert paths.default_data_dir(environ, platform) == Path(expected)


def test_the_settings_file_stands_in_the_config_directory() -> None:
    """Source: XDG Base Directory Specification."""
    assert paths.default_config_file(HOME, "linux") == Path("/home/ada/.config/mimo/mimo.toml")
    assert paths.default_config_file(HOME, "darwin").parent.name == "mimo"


def test_all_files_stand_below_the_data_directory(tmp_path: Path) -> None:
    """Deleting it deletes everything (README)."""
    found = paths.RunPaths(tmp_path)
    names = [name for name, kind in vars(paths.RunPaths).items() if isinstance(kind, property)]

    assert len(names) >= 10
    for name in names:
        assert getattr(found, name).is_relative_to(tmp_path), name


def test_the_relay_can_import_the_paths_without_third_party_code() -> None:
    """The relay imports nothing outside the standard library (issue: bars)."""
    code = (
        "import sys; before = set(sys.modules); import mimo.config.paths;"
        "print(sorted({n.partition('.')[0] for n in set(sys.modules) - before}"
        " - set(sys.stdlib_module_names)))"
    )

    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert found.stdout.strip() == "['mimo']"
