"""The line formats of manifests: Python's requirements, Go's require, Elixir's deps."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_REQUIREMENT: Final = re.compile(
    r"^(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[[^\]]*\])?\s*"
    r"(?P<wanted>(?:\(?\s*(?:===|==|~=|!=|<=|>=|<|>)[^;#@]*\)?)?)\s*(?:@[^;]*)?(?:;.*)?$"
)
_EGG: Final = re.compile(r"[#&]egg=([A-Za-z0-9._-]+)")
_GO_LINE: Final = re.compile(r"^\s*(?:require\s+)?(?P<path>[\w.~/-]+\.[\w.~/-]+)\s+(?P<at>v\S+)")
_MIX: Final = re.compile(r"\{\s*:(?P<name>\w+)\s*(?P<rest>(?:,[^{}]*)?)\}")


def requirement(line: str) -> tuple[str, str] | None:
    """Return name and versions of a Python requirement, or None for a line without one.

    Source: PEP 508 (requirements), PEP 503 (names are compared in lower case, with runs of `-_.`
    as one hyphen), pip's requirements file format.
    """
    line = re.sub(r"(^|\s)#.*$", "", line).strip()
    editable = re.match(r"^(?:-e|--editable)[\s=]+(.*)$", line)
    if editable or "://" in line.partition("@")[0] or line.startswith("git+"):
        egg = _EGG.search(line)
        return (_pep503(egg[1]), "") if egg else None
    line = re.split(r"\s--", line)[0].strip()
    found = _REQUIREMENT.match(line)
    if found is None:
        return None
    return _pep503(found["name"]), found["wanted"].strip("() ").replace(" ", "")


def _pep503(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def go_requirements(text: str) -> Iterator[tuple[str, str]]:
    """Yield module and version of each direct requirement of a go.mod.

    Source: go.dev/ref/mod, "go.mod files"; `// indirect` marks what others need.
    """
    is_inside = False
    for line in text.splitlines():
        bare = line.strip()
        if re.match(r"^require\s*\($", bare):
            is_inside = True
        elif bare.startswith(")"):
            is_inside = False
        elif (is_inside or bare.startswith("require ")) and "// indirect" not in bare:
            found = _GO_LINE.match(bare)
            if found is not None:
                yield found["path"], found["at"]


def mix_dependencies(text: str) -> Iterator[tuple[str, str, bool]]:
    """Yield name, versions and whether only development needs it, of each dependency in a mix.exs.

    Source: hexdocs.pm, Mix.Tasks.Deps.
    """
    uncommented = re.sub(r"(?m)^\s*#.*$", "", text)
    block = re.search(r"\bdefp?\s+deps\b.*?\n\s*end\b", uncommented, re.DOTALL)
    for found in _MIX.finditer(block.group() if block else ""):
        rest = found["rest"]
        version = re.match(r',\s*"([^"]*)"', rest)
        only = re.search(r"only:\s*(\[[^\]]*\]|:\w+)", rest)
        is_development = only is not None and ":prod" not in only[1]
        yield found["name"], version[1] if version else "", is_development
