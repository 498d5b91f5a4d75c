"""Which files may be read: hostile paths, links, races, secrets, ignore files."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mimo.actors.ingest.places import Roots, read_file
from mimo.actors.ingest.walking import Walk, matches, split_glob
from mimo.actors.workspace.secret_names import is_secret
from mimo.config import limits
from mimo.config.errors import InvalidRequest, MimoError, NotFound


@pytest.fixture
def inside(tmp_path: Path) -> Path:
    """An allowed folder beside one that isn't, whose name begins the same."""
    root = tmp_path.resolve() / "notes"
    root.mkdir()
    (root / "a.md").write_text("allowed")
    (tmp_path / "notes-private").mkdir()
    (tmp_path / "notes-private" / "b.md").write_text("not allowed")
    (tmp_path / "outside.md").write_text("not allowed")
    return root


def _read(root: Path, given_path: str) -> bytes:
    roots = Roots(allowed=(root,))
    real = roots.resolve(given_path)
    found = roots.root_of(real)
    assert found is not None
    return read_file(real, found)


def test_a_file_inside_is_read(inside: Path) -> None:
    """By its plain path, and by one with dots that stays inside."""
    assert _read(inside, f"{inside}/a.md") == b"allowed"
    assert _read(inside, f"{inside}/../notes/./a.md") == b"allowed"


@pytest.mark.parametrize(
    "path",
    [
        "{root}/../outside.md",
        "{root}/../notes-private/b.md",
        "{root}-private/b.md",
        "{root}/../../../../../../etc/passwd",
        "/etc/passwd",
        "/proc/self/environ",
        "/dev/zero",
        "/",
        "//etc//passwd",
        "{root}/link-to-file",
        "{root}/link-to-folder/b.md",
        "{root}/link-to-folder",
        "{root}/chain",
        "relative.md",
        "../x",
        "",
        "~nobody/x",
        "file://{root}/a.md",
        "{root}/a.md\0.png",
        "{root}/\ud800",
    ],
)
def test_nothing_outside_is_read(inside: Path, path: str) -> None:
    """`..`, links, chains of links, prefixes, other schemes. Source: original/tools.md, sandbox."""
    (inside / "link-to-file").symlink_to(inside.parent / "outside.md")
    (inside / "link-to-folder").symlink_to(inside.parent / "notes-private")
    (inside / "chain").symlink_to(inside / "link-to-file")

    with pytest.raises(InvalidRequest, match="expected"):
        _read(inside, path.replace("{root}", str(inside)))


def test_nobody_feels_about_outside(inside: Path) -> None:
    """What exists outside and what doesn't gets the same answer. Source: ours."""
    answers = set()
    for name in ("outside.md", "missing.md"):
        with pytest.raises(InvalidRequest) as caught:
            _read(inside, str(inside.parent / name))
        answers.add(caught.value.message.replace(name, ""))

    assert len(answers) == 1


def test_a_link_inside_to_a_file_inside_is_that_file(inside: Path) -> None:
    """The real path is what counts."""
    (inside / "alias.md").symlink_to(inside / "a.md")

    assert _read(inside, f"{inside}/alias.md") == b"allowed"


def test_a_root_may_be_a_link(inside: Path) -> None:
    """The operator named it."""
    link = inside.parent / "link"
    link.symlink_to(inside)

    assert _read(link, f"{link}/a.md") == b"allowed"
    assert _read(link, f"{inside}/a.md") == b"allowed"


def test_what_becomes_a_link_after_it_was_judged_is_not_followed(inside: Path) -> None:
    """The classic race, at the file and at a folder above it. Source: CWE-367."""
    folder = inside / "sub"
    folder.mkdir()
    (folder / "c.md").write_text("fine")
    roots = Roots(allowed=(inside,))
    real = roots.resolve(f"{folder}/c.md")

    (folder / "c.md").unlink()
    (folder / "c.md").symlink_to("/etc/passwd")
    with pytest.raises(InvalidRequest, match="expected a usable file"):
        read_file(real, inside)

    (folder / "c.md").unlink()
    folder.rmdir()
    other = inside.parent / "notes-private"
    (other / "c.md").write_text("not allowed")
    folder.symlink_to(other)
    with pytest.raises(InvalidRequest, match="expected a usable file"):
        read_file(real, inside)


def test_only_regular_files_are_read(inside: Path) -> None:
    """A pipe would wait forever, a device never ends. Source: ours."""
    os.mkfifo(inside / "pipe.md")
    with socket.socket(socket.AF_UNIX) as listening:
        # By a relative name: the path of a test's folder is too long for a socket.
        here = Path.cwd()
        os.chdir(inside)
        try:
            listening.bind("socket.md")
        finally:
            os.chdir(here)
        for name in ("pipe.md", "socket.md"):
            with pytest.raises(InvalidRequest, match="file"):
                _read(inside, f"{inside}/{name}")


def test_a_file_that_is_too_large_is_refused_by_its_limit(inside: Path) -> None:
    """The number is in the message. Source: issue 3, ingest."""
    with (inside / "big.md").open("wb") as stream:
        stream.truncate(limits.INGEST_FILE_BYTES_MAX + 1)

    with pytest.raises(InvalidRequest, match=str(limits.INGEST_FILE_BYTES_MAX)):
        _read(inside, f"{inside}/big.md")


def test_a_missing_file_is_not_found(inside: Path) -> None:
    """Inside, that may be told."""
    with pytest.raises(NotFound):
        _read(inside, f"{inside}/none.md")


@pytest.mark.parametrize(
    "name",
    [
        ".env",
        ".env.local",
        "prod.env",
        "id_rsa",
        "ID_RSA",
        "id_ed25519",
        "server.pem",
        "server.key",
        ".netrc",
        ".npmrc",
        "credentials",
        "credentials.json",
        "secrets.yaml",
        "terraform.tfstate",
        "store.kdbx",
        ".git-credentials",
    ],
)
def test_files_of_keys_are_never_read(inside: Path, name: str) -> None:
    """Not even when they are named. Source: issue 3, ingest."""
    (inside / name).write_text("PASSWORD=x")

    assert is_secret(name)
    with pytest.raises(InvalidRequest, match="without secrets"):
        _read(inside, f"{inside}/{name}")
    walk = Walk(inside, "", Roots(allowed=(inside,)))
    assert [path.name for path in walk.files()] == ["a.md"]


@pytest.mark.parametrize("name", ["secrets.py", "environment.md", "keys.md", "token.py", "id.txt"])
def test_other_files_are_no_secrets(name: str) -> None:
    """A name alone that speaks of one isn't enough. Source: ours."""
    assert not is_secret(name)


def test_hidden_folders_and_mimos_own_data_are_refused(inside: Path) -> None:
    """Unless a root is that folder itself. Source: ours."""
    for folder in (".ssh", ".config", "data"):
        (inside / folder).mkdir()
        (inside / folder / "x.md").write_text("x")
    roots = Roots(allowed=(inside,), refused=(inside / "data",))

    for folder in (".ssh", ".config", "data"):
        with pytest.raises(InvalidRequest):
            roots.resolve(f"{inside}/{folder}/x.md")
    own = Roots(allowed=(inside / ".config",))
    assert own.resolve(f"{inside}/.config/x.md").name == "x.md"
    assert [path.name for path in Walk(inside, "", roots).files()] == ["a.md"]


@given(path=st.text(max_size=60))
def test_no_path_brings_the_reader_down(path: str) -> None:
    """Whatever the text: a place inside, or an error that says why."""
    roots = Roots(allowed=(Path("/nonexistent-root"),))
    for given_path in (path, f"/nonexistent-root/{path}"):
        with pytest.raises(MimoError):
            roots.resolve(given_path)


# -- Directories ----------------------------------------------------------------------------------
def _tree(root: Path, **files: str) -> None:
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("DOT", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def _found(root: Path, pattern: str = "") -> list[str]:
    walk = Walk(root, pattern, Roots(allowed=(root,)))
    return [str(path.relative_to(root)) for path in walk.files()]


def test_a_directory_leaves_out_what_git_ignores(inside: Path) -> None:
    """Nested files, negation, folders; the nearest one decides. Source: gitignore(5)."""
    _tree(
        inside,
        DOTgitignore="build/\n*.log\n!keep.log\n/only-top.md\n",
        sub__DOTgitignore="b.md\n!x.log\n",
        build__x_md="",
        **{
            "build__out.md": "",
            "x.log": "",
            "keep.log": "",
            "only-top.md": "",
            "sub__only-top.md": "",
            "sub__b.md": "",
            "sub__c.md": "",
            "sub__x.log": "",
            "node_modules__pkg__readme.md": "",
        },
    )

    assert _found(inside) == ["a.md", "keep.log", "sub/c.md", "sub/only-top.md", "sub/x.log"]


def test_the_repository_around_a_directory_counts(inside: Path) -> None:
    """Its ignore file stands above. Source: gitignore(5)."""
    _tree(inside, DOTgitignore="docs/draft.md\n", **{"docs__draft.md": "", "docs__real.md": ""})
    (inside / ".git").mkdir()

    walk = Walk(inside / "docs", "", Roots(allowed=(inside,)))

    assert [path.name for path in walk.files()] == ["real.md"]


def test_a_directory_follows_no_link_and_reads_no_picture(inside: Path) -> None:
    """What is left out is counted by reason. Source: issue 3, ingest."""
    (inside / "loop").symlink_to(inside)
    (inside / "out.md").symlink_to("/etc/passwd")
    (inside / "photo.png").write_bytes(b"\x89PNG")
    (inside / ".hidden.md").write_text("x")
    os.mkfifo(inside / "pipe.md")
    os.mkfifo(inside / ".gitignore")
    walk = Walk(inside, "", Roots(allowed=(inside,)))

    assert [path.name for path in walk.files()] == ["a.md"]
    assert walk.skipped == {"link": 2, "other form": 1, "hidden": 2, "special": 1}


def test_a_name_that_is_no_text_is_left_out(inside: Path) -> None:
    """It could not be written down. Source: ours."""
    Path(os.fsdecode(os.fsencode(inside) + b"/bad-\xff.md")).write_text("x")
    walk = Walk(inside, "", Roots(allowed=(inside,)))

    assert [path.name for path in walk.files()] == ["a.md"]
    assert walk.skipped == {"unreadable": 1}


def test_globs_choose_files(inside: Path) -> None:
    """One star stays in its folder, two don't. Source: issue 3, ingest."""
    _tree(inside, **{"x__b.md": "", "x__c.txt": "", "x__y__d.md": ""})

    assert split_glob(f"{inside}/x/*.md") == (f"{inside}/x", "*.md")
    assert split_glob(f"{inside}/**/*.md") == (str(inside), "**/*.md")
    assert split_glob(f"{inside}/a.md") == (f"{inside}/a.md", "")
    (inside / "odd[1].md").write_text("")
    assert split_glob(f"{inside}/odd[1].md") == (f"{inside}/odd[1].md", "")
    assert _found(inside, "*.md") == ["a.md", "odd[1].md"]
    assert _found(inside, "x/*") == ["x/b.md", "x/c.txt"]
    assert _found(inside, "**/*.md") == ["a.md", "odd[1].md", "x/b.md", "x/y/d.md"]
    assert _found(inside, "x/**") == ["x/b.md", "x/c.txt", "x/y/d.md"]


def test_a_hostile_glob_takes_no_longer_than_others() -> None:
    """No backtracking over the parts of a path. Source: ours."""
    path = ["a"] * 60

    assert not matches(path, ["**", "a"] * 30 + ["b"])
    assert matches(path, ["**"] * 30 + ["a"])
    assert not matches(["a" * 250], ["*a" * 100 + "b"])


def test_too_many_files_are_refused_by_their_limit(
    inside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The number and the way out are in the message."""
    monkeypatch.setattr(limits, "INGEST_FILES_MAX", 3)
    _tree(inside, **{f"f{number}.md": "" for number in range(5)})

    with pytest.raises(InvalidRequest, match="at most 3 files"):
        _found(inside)
