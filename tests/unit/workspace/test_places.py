"""Which paths may be worked with: hostile names, links, races, dot files, Mimo's own data."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mimo.actors.workspace import opening, writing
from mimo.actors.workspace.places import Place, Roots
from mimo.actors.workspace.walking import Walk
from mimo.config.errors import InvalidRequest, MimoError, NotAvailable, NotFound

TEMPORARY = writing.temporary_name("t")


@pytest.fixture
def inside(tmp_path: Path) -> Path:
    """An allowed folder beside one that isn't, whose name begins the same."""
    root = tmp_path.resolve() / "work"
    root.mkdir()
    (root / "a.txt").write_text("allowed")
    (tmp_path / "work-private").mkdir()
    (tmp_path / "work-private" / "b.txt").write_text("not allowed")
    (tmp_path / "outside.txt").write_text("not allowed")
    return root


def roots_of(root: Path) -> Roots:
    return Roots(allowed=(root,), refused=(root / "data",), dot_names=(".gitignore",))


ESCAPES = [
    "../outside.txt",
    "../work-private/b.txt",
    "{root}-private/b.txt",
    "{root}/../../../../../../etc/passwd",
    "/etc/passwd",
    "/proc/self/environ",
    "/dev/zero",
    "/",
    "link-to-file",
    "link-to-folder/b.txt",
    "link-to-folder/new.txt",
    "link-to-nothing",
    "chain",
    "~nobody/../../etc/passwd",
    "a.txt\0.png",
    "\ud800",
    "data/x.txt",
    ".git/config",
    ".ssh/id_rsa",
    ".SSH/config",
    "sub/.hidden/x",
    ".env",
    "PROD.ENV",
    "id_rsa",
    "x" * 5_000,
]


@pytest.mark.parametrize("path", ESCAPES)
def test_nothing_refused_is_read_or_written(inside: Path, path: str) -> None:
    """Prefixes, `..`, links, hidden names, keys, own data. Source: mcp.md 7, CVE-2025-53110."""
    (inside / "link-to-file").symlink_to(inside.parent / "outside.txt")
    (inside / "link-to-folder").symlink_to(inside.parent / "work-private")
    (inside / "link-to-nothing").symlink_to(inside.parent / "made.txt")
    (inside / "chain").symlink_to(inside / "link-to-file")
    roots = roots_of(inside)

    for must_exist in (True, False):
        with pytest.raises(InvalidRequest, match="expected"):
            roots.resolve(path.replace("{root}", str(inside)), must_exist=must_exist)


@pytest.mark.parametrize("name", ["-rf", "--output=x", "%2e%2e", "x%2f..", "a\\..\\b", "CON", " "])
def test_an_odd_name_is_that_name_and_nothing_else(inside: Path, name: str) -> None:
    """No decoding, no options. Source: mcp.md 7, CVE-2025-68145, path traversal in names."""
    place = roots_of(inside).resolve(name, must_exist=False)

    writing.replace(place, b"x", TEMPORARY)

    assert place.path.parent == inside
    assert (inside / name).read_bytes() == b"x"


def test_a_name_that_is_too_long_is_an_error_that_says_so(inside: Path) -> None:
    """300 characters. Source: mcp.md 7."""
    place = roots_of(inside).resolve("n" * 300, must_exist=False)

    with pytest.raises(InvalidRequest, match="too long"):
        writing.replace(place, b"x", TEMPORARY)


def test_two_spellings_of_a_letter_are_two_names(inside: Path) -> None:
    """Composed or not, a name is its bytes. Source: mcp.md 7, NFC/NFD collisions."""
    roots = roots_of(inside)
    names = [unicodedata.normalize(form, "é.txt") for form in ("NFC", "NFD")]

    for name in names:
        writing.replace(roots.resolve(name, must_exist=False), name.encode(), TEMPORARY)

    found = {opening.read(roots.resolve(name), 99).data for name in names}
    assert found == {name.encode() for name in names}


def test_nobody_feels_about_outside(inside: Path) -> None:
    """What exists outside and what doesn't gets the same answer. Source: ours."""
    answers = set()
    for name in ("outside.txt", "missing.txt"):
        with pytest.raises(InvalidRequest) as caught:
            roots_of(inside).resolve(f"../{name}")
        answers.add(caught.value.message.replace(name, ""))

    assert len(answers) == 1


def test_without_folders_it_says_what_to_set() -> None:
    """Not a refusal of one path. Source: issue 4, seams."""
    with pytest.raises(NotAvailable, match="MIMO_WORKSPACE_ROOTS"):
        Roots(allowed=()).resolve("a.txt")


def test_a_path_may_be_relative_to_the_first_root(inside: Path, tmp_path: Path) -> None:
    """And what is shown of it can be given again."""
    other = tmp_path.resolve() / "other"
    other.mkdir()
    (other / "c.txt").write_text("c")
    roots = Roots(allowed=(inside, other))

    assert roots.resolve("a.txt") == Place(inside, ("a.txt",))
    for place in (roots.resolve("a.txt"), roots.resolve(f"{other}/c.txt"), roots.resolve(".")):
        assert roots.resolve(roots.shown(place)) == place


SWAPS = ["file", "folder"]


@pytest.mark.parametrize("swapped", SWAPS)
def test_what_becomes_a_link_after_it_was_judged_is_not_followed(
    inside: Path, swapped: str
) -> None:
    """Neither for reading nor for writing. Source: CWE-367; mcp.md 7, symlink swapped."""
    (inside / "sub").mkdir()
    (inside / "sub" / "b.txt").write_text("fine")
    place = roots_of(inside).resolve("sub/b.txt")
    victim = inside.parent / "work-private" / "b.txt"
    if swapped == "file":
        (inside / "sub" / "b.txt").unlink()
        (inside / "sub" / "b.txt").symlink_to(victim)
    else:
        (inside / "sub" / "b.txt").unlink()
        (inside / "sub").rmdir()
        (inside / "sub").symlink_to(victim.parent)

    with pytest.raises(InvalidRequest):
        opening.read(place, 99)
    if swapped == "folder":
        for change in (
            lambda: writing.replace(place, b"bad", TEMPORARY),
            lambda: writing.remove_file(place),
            lambda: writing.move(place, place.parent.parent.below("x")),
            lambda: writing.make_folder(place.parent.below("new")),
        ):
            with pytest.raises(InvalidRequest):
                change()
    else:
        # The link itself is replaced, never what it points to.
        writing.replace(place, b"new", TEMPORARY)
        assert not (inside / "sub" / "b.txt").is_symlink()
    assert victim.read_text() == "not allowed"
    assert [path.name for path in victim.parent.iterdir()] == ["b.txt"]


def test_a_folder_that_becomes_a_link_is_not_listed(inside: Path) -> None:
    """Not even its names. Source: ours."""
    (inside / "sub").mkdir()
    (inside / "sub" / "c.txt").write_text("c")
    walk = Walk(Place(inside, ()), roots_of(inside))
    found = walk.entries()
    names = [next(found).place.name for _ in range(2)]
    (inside / "sub" / "c.txt").unlink()
    (inside / "sub").rmdir()
    (inside / "sub").symlink_to(inside.parent / "work-private")

    names += [entry.place.name for entry in found]

    assert names == ["a.txt", "sub"]
    assert walk.skipped == {"unreadable": 1}


def test_what_may_begin_with_a_dot_is_named_by_a_setting(inside: Path) -> None:
    """Others are hidden, by name and in lists. Source: ours."""
    for name in (".gitignore", ".bashrc"):
        (inside / name).write_text("")
    roots = roots_of(inside)

    assert roots.resolve(".gitignore").name == ".gitignore"
    with pytest.raises(InvalidRequest, match="hidden"):
        roots.resolve(".bashrc")
    walk = Walk(Place(inside, ()), roots)
    assert [place.name for place in walk.files()] == [".gitignore", "a.txt"]


def test_a_folder_with_mimos_data_in_it_is_known(inside: Path) -> None:
    """It can't be moved as a whole. Source: ours."""
    roots = Roots(allowed=(inside,), refused=(inside / "deep" / "data",))

    assert roots.holds_refused(Place(inside, ("deep",)))
    assert not roots.holds_refused(Place(inside, ("other",)))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=st.text(max_size=60))
def test_every_path_is_inside_or_an_error(path: str, tmp_path: Path) -> None:
    """Whatever the text. Source: ours."""
    root = tmp_path.resolve()
    for given_path in (path, f"{root}/{path}", f"../{path}"):
        try:
            place = Roots(allowed=(root,)).resolve(given_path, must_exist=False)
        except MimoError:
            continue
        assert place.path.is_relative_to(root)
        assert os.path.realpath(place.path) == str(place.path)


# -- Writing --------------------------------------------------------------------------------------
def test_a_file_is_replaced_whole_and_keeps_its_bits(inside: Path) -> None:
    """Nothing is left beside it. Source: issue 4, file."""
    script = inside / "run.sh"
    script.write_text("old")
    script.chmod(0o750)
    place = roots_of(inside).resolve("run.sh")

    writing.replace(place, b"new", TEMPORARY, opening.read(place, 99).mode)

    assert script.read_text() == "new"
    assert script.stat().st_mode & 0o7777 == 0o750
    assert {path.name for path in inside.iterdir()} == {"a.txt", "run.sh"}


def test_a_new_file_has_the_bits_of_the_process(inside: Path) -> None:
    """As any program's would."""
    place = roots_of(inside).resolve("new.txt", must_exist=False)

    writing.replace(place, b"x", TEMPORARY)

    (inside / "usual.txt").write_text("x")
    assert (inside / "new.txt").stat().st_mode == (inside / "usual.txt").stat().st_mode


def test_a_hard_link_to_elsewhere_is_cut_by_writing(inside: Path) -> None:
    """The other name keeps its content. Source: ours."""
    outside = inside.parent / "outside.txt"
    os.link(outside, inside / "same.txt")

    writing.replace(roots_of(inside).resolve("same.txt"), b"new", TEMPORARY)

    assert outside.read_text() == "not allowed"


def test_a_move_overwrites_nothing(inside: Path) -> None:
    """Neither file nor folder."""
    (inside / "b.txt").write_text("b")
    (inside / "folder").mkdir()
    roots = roots_of(inside)

    for name in ("b.txt", "folder"):
        with pytest.raises(MimoError, match="expected nothing"):
            writing.move(roots.resolve("a.txt"), roots.resolve(name))
    assert (inside / "b.txt").read_text() == "b"
    with pytest.raises(NotFound):
        writing.move(Place(inside, ("none",)), Place(inside, ("x",)))


@pytest.mark.parametrize("name", ["pipe", "/dev/null"])
def test_only_regular_files_are_read(inside: Path, name: str) -> None:
    """A pipe would wait for ever. Source: ours."""
    os.mkfifo(inside / "pipe")
    place = Place(Path("/dev"), ("null",)) if name.startswith("/") else Place(inside, (name,))

    with pytest.raises(InvalidRequest, match="regular file"):
        opening.read(place, 99)
