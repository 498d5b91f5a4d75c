"""What projects say they depend on: the manifests of six ecosystems."""

from __future__ import annotations

import configparser
import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from mimo.actors.knowledge.manifest_lines import go_requirements, mix_dependencies, requirement
from mimo.config.errors import InvalidRequest

#: What a project needs to run, and what only those who work on it need.
RUNTIME: Final = "depends_on"
DEVELOPMENT: Final = "dev_depends_on"


@dataclass(frozen=True, slots=True)
class Dependency:
    """One line of a manifest.

    Args:
        name: As its ecosystem compares names.
        predicate: `RUNTIME` or `DEVELOPMENT`.
        wanted: The versions that fit, as written; "" for any.
    """

    name: str
    predicate: str
    wanted: str = ""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What one file says.

    Args:
        project: The project's name; "" where the file has none.
        ecosystem: python, npm, cargo, go or mix.
        dependencies: Each once; what is needed to run wins over what is needed to develop.
    """

    project: str
    ecosystem: str
    dependencies: tuple[Dependency, ...]


def parse(name: str, text: str) -> Manifest:
    """Return what a manifest says.

    Args:
        name: The file's name, which tells its form; see `is_manifest`.
        text: Its content.

    Raises:
        InvalidRequest: It isn't well formed.
    """
    ecosystem, read = _READERS[_form(name)]
    try:
        project, found = read(text)
        listed = list(found)
    except (
        ValueError,
        AttributeError,
        TypeError,
        KeyError,
        configparser.Error,
        RecursionError,
    ) as error:
        raise InvalidRequest(
            f"expected a well-formed {name}, got {type(error).__name__}: {str(error)[:120]};"
            " correct the file and sync again"
        ) from None
    listed.sort(key=lambda each: each.predicate != RUNTIME)
    unique = {each.name: each for each in reversed(listed) if each.name}
    return Manifest(project, ecosystem, tuple(unique[name] for name in sorted(unique)))


def is_manifest(name: str) -> bool:
    """Tell whether a file's name is that of a manifest."""
    return _form(name) in _READERS


def _form(name: str) -> str:
    is_list = re.fullmatch(r"[\w.-]*requirements[\w.-]*\.txt", name)
    return "requirements.txt" if is_list else name


Read = tuple[str, Iterator[Dependency]]


def _pyproject(text: str) -> Read:
    data = tomllib.loads(text)
    project = data.get("project", {})
    poetry = data.get("tool", {}).get("poetry", {})
    return str(project.get("name") or poetry.get("name") or ""), _python_tables(
        project, poetry, data.get("dependency-groups", {})
    )


def _python_tables(
    project: Mapping[str, Any], poetry: Mapping[str, Any], groups: Mapping[str, Any]
) -> Iterator[Dependency]:
    """Yield what PEP 621, PEP 735 and Poetry's own tables list."""
    yield from _requirements(project.get("dependencies", ()), RUNTIME)
    for listed in project.get("optional-dependencies", {}).values():
        yield from _requirements(listed, DEVELOPMENT)
    for listed in groups.values():
        yield from _requirements([each for each in listed if isinstance(each, str)], DEVELOPMENT)
    yield from _poetry(poetry.get("dependencies", {}), RUNTIME)
    yield from _poetry(poetry.get("dev-dependencies", {}), DEVELOPMENT)
    for group in poetry.get("group", {}).values():
        yield from _poetry(group.get("dependencies", {}), DEVELOPMENT)


def _requirements(lines: Any, predicate: str) -> Iterator[Dependency]:
    for line in lines:
        found = requirement(str(line))
        if found is not None:
            yield Dependency(found[0], predicate, found[1])


def _poetry(table: Mapping[str, Any], predicate: str) -> Iterator[Dependency]:
    for name, wanted in table.items():
        found = requirement(name)
        if found is not None and found[0] != "python":
            is_optional = isinstance(wanted, Mapping) and wanted.get("optional") is True
            kind = DEVELOPMENT if is_optional else predicate
            yield Dependency(found[0], kind, _version_in(wanted))


def _version_in(value: Any) -> str:
    if isinstance(value, Mapping):
        value = value.get("version", "")
    return value if isinstance(value, str) else ""


def _setup_cfg(text: str) -> Read:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(text)

    def found() -> Iterator[Dependency]:
        lines = parser.get("options", "install_requires", fallback="").splitlines()
        yield from _requirements(lines, RUNTIME)
        if parser.has_section("options.extras_require"):
            for _, value in parser.items("options.extras_require"):
                yield from _requirements(value.splitlines(), DEVELOPMENT)

    return parser.get("metadata", "name", fallback=""), found()


def _requirements_txt(text: str) -> Read:
    joined = re.sub(r"\\\r?\n", " ", text)
    return "", _requirements(joined.splitlines(), RUNTIME)


def _package_json(text: str) -> Read:
    data = json.loads(text)

    def found() -> Iterator[Dependency]:
        for table, predicate in (
            ("dependencies", RUNTIME),
            ("peerDependencies", RUNTIME),
            ("optionalDependencies", DEVELOPMENT),
            ("devDependencies", DEVELOPMENT),
        ):
            for name, wanted in data.get(table, {}).items():
                yield Dependency(name.casefold(), predicate, _version_in(wanted))

    return str(data.get("name") or ""), found()


def _cargo(text: str) -> Read:
    data = tomllib.loads(text)

    def found() -> Iterator[Dependency]:
        places = [data, data.get("workspace", {}), *data.get("target", {}).values()]
        for place in places:
            for table, predicate in (
                ("dependencies", RUNTIME),
                ("build-dependencies", DEVELOPMENT),
                ("dev-dependencies", DEVELOPMENT),
            ):
                for name, wanted in place.get(table, {}).items():
                    # A crate may go by another name here; `package` is its own.
                    own = wanted.get("package", name) if isinstance(wanted, Mapping) else name
                    yield Dependency(str(own).casefold(), predicate, _version_in(wanted))

    return str(data.get("package", {}).get("name") or ""), found()


def _go_mod(text: str) -> Read:
    module = re.search(r"^\s*module\s+(\S+)", text, re.MULTILINE)
    found = (Dependency(name, RUNTIME, version) for name, version in go_requirements(text))
    return (module[1].strip('"') if module else ""), found


def _mix(text: str) -> Read:
    app = re.search(r"\bapp:\s*:(\w+)", text)
    found = (
        Dependency(name, DEVELOPMENT if is_development else RUNTIME, version)
        for name, version, is_development in mix_dependencies(text)
    )
    return (app[1] if app else ""), found


_READERS: Final[Mapping[str, tuple[str, Callable[[str], Read]]]] = {
    "pyproject.toml": ("python", _pyproject),
    "setup.cfg": ("python", _setup_cfg),
    "requirements.txt": ("python", _requirements_txt),
    "package.json": ("npm", _package_json),
    "Cargo.toml": ("cargo", _cargo),
    "go.mod": ("go", _go_mod),
    "mix.exs": ("mix", _mix),
}
