"""What one may ask the code worker, besides what every actor answers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Parse:
    """Parse a file, or a text.

    Args:
        path: The file; "" for a text.
        source: The text.
        language: Its language; "" to go by the file's name.
        limit: Most symbols told.
    """

    path: str = ""
    source: str = ""
    language: str = ""
    limit: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Symbols:
    """List what a file or the files of a folder define.

    Args:
        path: File or folder.
        name: Only those whose names fit; "" for all.
        kind: Only those of this kind; "" for all but imports.
        limit: Most of them.
    """

    path: str
    name: str = ""
    kind: str = ""
    limit: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Find definitions by a part of their names, or by wildcards.

    Args:
        pattern: A part of a name, or a whole one with `*` and `?`.
        path: Only below this one; "" for all.
        kind: Only those of this kind; "" for all but imports.
        limit: Most of them.
    """

    pattern: str
    path: str = ""
    kind: str = ""
    limit: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """Find where a name is defined.

    Args:
        name: A name, or the end of a qualified one.
        path: Only below this one; "" for all.
        limit: Most of them.
    """

    name: str
    path: str = ""
    limit: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class References:
    """Find where a name is used.

    Args:
        name: A name; of a qualified one its last part is looked for.
        path: Only below this one; "" for all.
        limit: Most of them.
    """

    name: str
    path: str = ""
    limit: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class CallGraph:
    """Find who calls a function, and whom it calls.

    Args:
        name: A name, or the end of a qualified one.
        path: Only below this one; "" for all.
        limit: Most of each.
    """

    name: str
    path: str = ""
    limit: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """Bring the index up to date.

    Args:
        path: File or folder; "" for all.
        force: Read what has not changed, too.
        request_id: Whom to tell how far it is.
    """

    path: str = ""
    force: bool = False
    request_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Onboard:
    """Make a project known: its code, its dependencies, what is linked with what.

    Args:
        path: Its folder; "" for the first allowed one.
        force: Do it again, though nothing has changed.
        request_id: Whom to tell how far it is.
    """

    path: str = ""
    force: bool = False
    request_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OnboardStatus:
    """Tell how far a project is known.

    Args:
        path: Its folder; "" for the first allowed one.
    """

    path: str = ""


#: What is asked about the index, each within a path.
Question = Symbols | Search | Definition | References | CallGraph | Index
