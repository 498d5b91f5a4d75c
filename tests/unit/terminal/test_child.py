"""Child processes under their keeper: output, limits, ends; nothing of them is left."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from mimo.actors.terminal.child import ChildLimits, Command, Ended, environment, run
from mimo.supervision import platform

#: Forks until there are 256 processes, and no more.
FORKS = "import os\nfor _ in range(8): os.fork()\nimport time; time.sleep(20)"
#: Fills 60 MB.
FILLS = "x = bytearray(b'x' * 60_000_000)"


def ran(tmp_path: Path, *argv: str, **fields: object) -> Ended:
    """Run a command in a folder of its own."""
    given = {"timeout_s": 20.0, "env": environment(os.environ), **fields}
    return run(Command(argv=argv, cwd=tmp_path.resolve(), **given))  # type: ignore[arg-type]


def test_output_errors_and_exit_code_come_back(tmp_path: Path) -> None:
    """Each by itself, or merged in order."""
    script = "echo out; echo err >&2; exit 3"

    apart = ran(tmp_path, "sh", "-c", script)
    merged = ran(tmp_path, "sh", "-c", script, merged=True)

    assert (apart.stdout, apart.stderr, apart.exit_code) == (b"out\n", b"err\n", 3)
    assert (merged.stdout, merged.stderr) == (b"out\nerr\n", b"")
    assert (apart.reason, apart.succeeded) == ("exited", False)


def test_a_program_gets_its_arguments_as_they_are(tmp_path: Path) -> None:
    """No shell looks at them (mcp.md 7)."""
    found = ran(tmp_path, "printf", "%s|", "$(id)", "; rm -rf x", "*", "a\nb", "'")

    assert found.stdout == b"$(id)|; rm -rf x|*|a\nb|'|"


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    """No exit code is made up."""
    found = ran(tmp_path, "no-such-program")

    assert (found.reason, found.exit_code) == ("not_started", None)
    assert "No such file" in found.trouble
    with pytest.raises(FileNotFoundError):
        ran(tmp_path / "nowhere", "ls")


def test_a_folder_is_never_reached_through_a_link(tmp_path: Path) -> None:
    """A folder that became a link after it was judged is refused (CVE-2025-53109)."""
    (tmp_path / "link").symlink_to("/etc")

    with pytest.raises(OSError, match=r"Not a directory|symbolic"):
        run(Command(argv=("ls",), cwd=tmp_path.resolve() / "link", env={}))


def test_input_is_read(tmp_path: Path) -> None:
    """However much, and none is an end at once."""
    assert ran(tmp_path, "wc", "-c", stdin=b"x" * 500_000).stdout.split() == [b"500000"]
    assert ran(tmp_path, "cat").stdout == b""


def test_of_long_output_the_end_is_kept(tmp_path: Path) -> None:
    """A command may write for ever; its memory here has a bound."""
    found = ran(tmp_path, "seq", "1", "100000", output_bytes=1_000)

    assert len(found.stdout) == 1_000
    assert found.stdout.endswith(b"100000\n")
    assert found.left_out + 1_000 == sum(len(f"{each}\n") for each in range(1, 100_001))


def test_what_hangs_is_ended_with_all_it_started(tmp_path: Path) -> None:
    """What ignores signals, and what left for a session of its own."""
    pids = tmp_path / "pids"
    script = f"trap '' TERM; setsid sh -c 'echo $$ >> {pids}; sleep 60' & sleep 60"

    found = ran(tmp_path, "sh", "-c", script, timeout_s=0.5)

    assert found.reason == "timeout"
    for pid in pids.read_text().split():
        with pytest.raises(ProcessLookupError):
            os.kill(int(pid), 0)


@pytest.mark.skipif(platform.is_portable(), reason="nobody adopts orphans here")
def test_what_is_left_behind_ends_with_its_command(tmp_path: Path) -> None:
    """A daemon is no way out."""
    pids = tmp_path / "pids"
    script = f"(setsid sh -c 'echo $$ >> {pids}; exec sleep 60' >/dev/null 2>&1 &); sleep 0.2"

    assert ran(tmp_path, "sh", "-c", script).exit_code == 0

    for pid in pids.read_text().split():
        with pytest.raises(ProcessLookupError):
            os.kill(int(pid), 0)


def test_a_family_that_grows_is_ended(tmp_path: Path) -> None:
    """At its limit; the kernel lets none fork while its group is killed."""
    found = ran(tmp_path, sys.executable, "-c", FORKS, limits=ChildLimits(processes=30))

    assert found.reason == "processes"


def test_what_takes_too_much_memory_is_ended(tmp_path: Path) -> None:
    """One that allocates, and several that do so together."""
    one = "x = [bytearray(20_000_000) for _ in range(100)]"
    many = f"import os, time\nfor _ in range(3): os.fork()\n{FILLS}\ntime.sleep(20)"
    most = ChildLimits(memory_bytes=200_000_000)

    alone = ran(tmp_path, sys.executable, "-c", one, limits=most)
    together = ran(tmp_path, sys.executable, "-c", many, limits=most)

    assert alone.reason == "memory" or b"MemoryError" in alone.stderr
    assert together.reason == "memory"


def test_time_on_the_processor_and_written_files_have_limits(tmp_path: Path) -> None:
    """Each with its own word."""
    busy = ran(tmp_path, "sh", "-c", "while :; do :; done", limits=ChildLimits(cpu_s=1))
    large = ran(tmp_path, "sh", "-c", "cat /dev/zero > f", limits=ChildLimits(file_bytes=10_000))

    assert busy.reason == "cpu"
    assert (tmp_path / "f").stat().st_size == 10_000
    assert not large.succeeded


def test_a_signal_is_no_exit_code(tmp_path: Path) -> None:
    """A process that was killed didn't fail by itself."""
    found = ran(tmp_path, "sh", "-c", "kill -9 $$")

    assert (found.reason, found.signal_number, found.exit_code) == ("signal", 9, None)


def test_the_environment_holds_no_keys() -> None:
    """Only what is listed, and folders of PATH that can't be somebody else's."""
    found = environment(
        {"PATH": "/bin:.:bin:/usr/bin", "HOME": "/h", "OPENAI_API_KEY": "k", "MIMO_X": "1"},
        {"MORE": "1"},
    )

    assert found["PATH"] == "/bin:/usr/bin"
    assert (found["HOME"], found["MORE"]) == ("/h", "1")
    assert not {"OPENAI_API_KEY", "MIMO_X"} & set(found)


def test_a_module_of_the_folder_is_not_imported_by_the_keeper(tmp_path: Path) -> None:
    """A file `json.py` in a project runs nothing of ours."""
    (tmp_path / "json.py").write_text("raise SystemExit('hijacked')")

    assert ran(tmp_path, "echo", "fine").stdout == b"fine\n"
