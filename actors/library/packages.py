"""Packages of four ecosystems: how they are named, and what is told of one."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any, Final

from mimo.config import limits
from mimo.config.errors import InvalidRequest

ECOSYSTEMS: Final = ("pypi", "npm", "crates", "hex")
#: What may be a name: nothing that could be another path of a registry or of a disk.
_NAMES: Final = {
    "pypi": re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9])?"),
    "npm": re.compile(r"(?:@[a-z0-9~][a-z0-9._~-]{0,98}/)?[A-Za-z0-9~][A-Za-z0-9._~-]{0,98}"),
    "crates": re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}"),
    "hex": re.compile(r"[a-z][a-z0-9_]{0,63}"),
}
_VERSION: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+!_-]{0,63}")
#: What the manifests' reader calls an ecosystem -> what a registry is called.
OF_MANIFEST: Final = {"python": "pypi", "npm": "npm", "cargo": "crates", "mix": "hex"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """What is known of a package.

    Args:
        name: As its ecosystem writes it.
        ecosystem: One of `ECOSYSTEMS`.
        version: That it is about.
        description: One or two sentences.
        license: As stated; "" if not.
        docs_url: Where its documentation is, else its home page.
        dependencies: What it needs to run, as written.
        modules: Names to import, where they are known.
        source: `installed`, `cache` or `registry`.
        place: The path or URL that it was read from.
    """

    name: str
    ecosystem: str
    version: str
    description: str = ""
    license: str = ""
    docs_url: str = ""
    dependencies: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    source: str = ""
    place: str = ""

    def told(self) -> dict[str, Any]:
        """Return it as JSON values."""
        shown = asdict(self)
        return shown | {
            "found": True,
            "dependencies": list(self.dependencies[: limits.DEPENDENCIES_SHOWN_MAX]),
            "modules": list(self.modules),
            "modules_count": len(self.modules),
        }


def package_of(told: dict[str, Any]) -> Package:
    """Return a package that `told` made, from a cache.

    Raises:
        InvalidRequest: It isn't one.
    """
    fields: dict[str, Any] = {
        name: tuple(map(str, value)) if name in {"dependencies", "modules"} else str(value)
        for name, value in told.items()
        if name not in {"found", "modules_count"}
    }
    try:
        return Package(**fields)
    except TypeError as error:
        raise InvalidRequest(f"expected a package, got: {error}") from None


def clean_name(ecosystem: str, name: str) -> str:
    """Return a package's name as its ecosystem compares it.

    Raises:
        InvalidRequest: It can't be one.
    """
    given = name.strip()
    if not _NAMES[ecosystem].fullmatch(given) or ".." in given:
        raise InvalidRequest(
            f"expected the name of a package of {ecosystem}, got {name[:100]!r}; correct it"
        )
    if ecosystem == "pypi":
        return re.sub(r"[-_.]+", "-", given).lower()
    return given


def clean_version(version: str) -> str:
    """Return a version; "" for the latest one.

    Raises:
        InvalidRequest: It can't be one.
    """
    given = version.strip()
    if given in {"", "latest"}:
        return ""
    if not _VERSION.fullmatch(given) or ".." in given:
        raise InvalidRequest(f"expected a version such as 1.2.3, got {version[:100]!r}; correct it")
    return given


def brief(text: object, longest: int = 500) -> str:
    """Return text of somebody else's on one line, shortened."""
    plain = " ".join(str(text or "").split())
    return plain if len(plain) <= longest else plain[: longest - 3] + "..."
