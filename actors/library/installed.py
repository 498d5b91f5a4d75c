"""What is installed in a project: the answer that needs no network.

Only files that describe a package are read: `METADATA` of a virtual environment, `package.json` of
`node_modules`, `Cargo.toml` of vendored crates, `hex_metadata.config` of Elixir's `deps`.
"""

from __future__ import annotations

import contextlib
import email.parser
import importlib.metadata
import json
import os
import re
import tomllib
from collections.abc import Iterator
from typing import Any, Final

from mimo.actors.library.packages import Package, brief, clean_name
from mimo.actors.library.registries import npm_package
from mimo.actors.workspace import opening
from mimo.actors.workspace.places import Place
from mimo.config import limits
from mimo.config.errors import MimoError

_ENVIRONMENTS: Final = (".venv", "venv", "env")
_HEX_FIELD: Final = r"\{{<<\"{}\">>,\s*<<\"([^\"]{{1,500}})\">>\}}"


def find_installed(
    ecosystem: str, name: str, version: str, project: Place | None
) -> Package | None:
    """Return an installed package; None if there is none of that version.

    Args:
        ecosystem: One of `ECOSYSTEMS`.
        name: From `clean_name`.
        version: From `clean_version`; "" for any.
        project: The project's folder; None for Mimo's own environment alone.
    """
    found = _in_project(ecosystem, name, project) if project is not None else None
    if found is None and ecosystem == "pypi":
        found = _in_this_environment(name)
    return found if found is None or version in {"", found.version} else None


def _in_project(ecosystem: str, name: str, project: Place) -> Package | None:
    try:
        match ecosystem:
            case "pypi":
                return _python(name, project)
            case "npm":
                return _node(name, project)
            case "crates":
                return _crate(name, project)
            case _:
                return _hex(name, project)
    except (MimoError, OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        # What is installed may be damaged or unreadable; then it isn't known from here.
        return None


def installed_names(ecosystem: str, project: Place | None) -> Iterator[str]:
    """Yield the names of installed packages, as `clean_name` writes them."""
    if project is not None and ecosystem == "pypi":
        for folder in _site_packages(project):
            for name in names_in(folder):
                if match := re.fullmatch(r"(.+)-[^-]+\.dist-info", name):
                    yield clean_name("pypi", match[1])
    elif project is not None and ecosystem == "npm":
        modules = project.below("node_modules")
        for name in names_in(modules):
            if name.startswith("@"):
                yield from (f"{name}/{each}" for each in names_in(modules.below(name)))
            elif not name.startswith("."):
                yield name
    elif project is not None:
        yield from names_in(project.below("vendor" if ecosystem == "crates" else "deps"))


def _python(name: str, project: Place) -> Package | None:
    for folder in _site_packages(project):
        for entry in names_in(folder):
            match = re.fullmatch(r"(.+)-[^-]+\.dist-info", entry)
            if match and clean_name("pypi", match[1]) == name:
                info = folder.below(entry)
                raw = _text(info.below("METADATA"))
                modules: tuple[str, ...] = ()
                with contextlib.suppress(MimoError):
                    modules = tuple(_text(info.below("top_level.txt")).split())
                return _of_metadata(raw, modules, str(info))
    return None


def _in_this_environment(name: str) -> Package | None:
    try:
        found = importlib.metadata.distribution(name)
    except (importlib.metadata.PackageNotFoundError, ValueError):
        return None
    raw = found.read_text("METADATA") or ""
    modules = tuple((found.read_text("top_level.txt") or "").split())
    return _of_metadata(raw, modules, "Mimo's own environment") if raw else None


def _of_metadata(raw: str, modules: tuple[str, ...], place: str) -> Package:
    told = email.parser.HeaderParser().parsestr(raw)
    addresses = {}
    for line in told.get_all("Project-URL") or ():
        label, _, address = str(line).partition(",")
        addresses[label.strip().lower()] = address.strip()
    docs = addresses.get("documentation") or addresses.get("docs")
    needed = [str(each) for each in told.get_all("Requires-Dist") or ()]
    return Package(
        name=str(told["Name"]),
        ecosystem="pypi",
        version=str(told["Version"]),
        description=brief(told["Summary"]),
        license=brief(told["License-Expression"] or told["License"], 100),
        docs_url=brief(docs or told["Home-page"] or addresses.get("homepage"), 300),
        dependencies=tuple(brief(each, 200) for each in needed if "extra ==" not in each),
        modules=modules[:50],
        source="installed",
        place=place,
    )


def _node(name: str, project: Place) -> Package:
    place = project.below("node_modules", *name.split("/"), "package.json")
    return npm_package(json.loads(_text(place)), source="installed", place=str(place))


def _crate(name: str, project: Place) -> Package:
    place = project.below("vendor", name, "Cargo.toml")
    told: dict[str, Any] = tomllib.loads(_text(place))
    package = told["package"]
    return Package(
        name=str(package["name"]),
        ecosystem="crates",
        version=str(package["version"]),
        description=brief(package.get("description")),
        license=brief(package.get("license"), 100),
        docs_url=brief(package.get("documentation") or f"https://docs.rs/{name}", 300),
        dependencies=tuple(brief(each, 200) for each in told.get("dependencies", {})),
        source="installed",
        place=str(place),
    )


def _hex(name: str, project: Place) -> Package:
    place = project.below("deps", name, "hex_metadata.config")
    raw = _text(place)
    fields = {
        each: found[1]
        for each in ("version", "description")
        if (found := re.search(_HEX_FIELD.format(each), raw))
    }
    return Package(
        name=name,
        ecosystem="hex",
        version=fields["version"],
        description=brief(fields.get("description")),
        docs_url=f"https://hexdocs.pm/{name}",
        source="installed",
        place=str(place),
    )


def _site_packages(project: Place) -> Iterator[Place]:
    for environment in _ENVIRONMENTS:
        libraries = project.below(environment, "lib")
        for name in names_in(libraries):
            if name.startswith("python3"):
                yield libraries.below(name, "site-packages")


def names_in(place: Place) -> list[str]:
    """Return the names in a folder, sorted; none where it isn't there or is a link."""
    try:
        with opening.folder(place) as handle:
            return sorted(os.listdir(handle))  # noqa: PTH208  of a descriptor
    except OSError:
        return []


def _text(place: Place) -> str:
    return opening.read(place, limits.LIBRARY_FILE_BYTES_MAX).data.decode("utf-8", "replace")
