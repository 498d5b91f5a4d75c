"""What registries are asked, and what their answers say."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

from mimo.actors.library.packages import Package, brief
from mimo.config.errors import InvalidRequest, NotAvailable
from mimo.config.settings_tools import Library

Json = Mapping[str, Any]


def package_url(ecosystem: str, name: str, version: str, settings: Library) -> str:
    """Return where a registry tells of a package.

    Args:
        ecosystem: One of `ECOSYSTEMS`.
        name: From `clean_name`.
        version: From `clean_version`.
        settings: The registries' addresses.
    """
    exact = quote(version, safe="")
    match ecosystem:
        case "pypi":
            return f"{_base(settings.pypi_url)}/pypi/{name}{'/' + exact if exact else ''}/json"
        case "npm":
            return f"{_base(settings.npm_url)}/{quote(name, safe='@')}/{exact or 'latest'}"
        case "crates":
            return f"{_base(settings.crates_url)}/api/v1/crates/{name}"
        case _:
            return f"{_base(settings.hex_url)}/api/packages/{name}"


def search_url(ecosystem: str, query: str, limit: int, settings: Library) -> str:
    """Return where a registry searches.

    Raises:
        NotAvailable: It can't.
    """
    match ecosystem:
        case "npm":
            asked = urlencode({"text": query, "size": limit})
            return f"{_base(settings.npm_url)}/-/v1/search?{asked}"
        case "crates":
            asked = urlencode({"q": query, "per_page": limit})
            return f"{_base(settings.crates_url)}/api/v1/crates?{asked}"
        case "hex":
            asked = urlencode({"search": query, "sort": "downloads"})
            return f"{_base(settings.hex_url)}/api/packages?{asked}"
        case _:
            raise NotAvailable(
                "expected an ecosystem whose registry can be searched (npm, crates, hex), got pypi,"
                " which has no search for programs; use library_get with a name"
            )


def read_package(ecosystem: str, answer: bytes, version: str, url: str) -> Package:
    """Return what a registry says of a package.

    Raises:
        InvalidRequest: It says nothing that can be read.
    """
    try:
        return _PACKAGES[ecosystem](json.loads(answer), version, url)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _unreadable(url, error) from None


def read_found(ecosystem: str, answer: bytes, url: str) -> list[dict[str, Any]]:
    """Return what a registry's search found.

    Raises:
        InvalidRequest: It says nothing that can be read.
    """
    try:
        return _FOUND[ecosystem](json.loads(answer))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _unreadable(url, error) from None


def _pypi(told: Json, _version: str, url: str) -> Package:
    info = told["info"]
    urls = {str(key).lower(): value for key, value in (info.get("project_urls") or {}).items()}
    docs = urls.get("documentation") or urls.get("docs") or info.get("docs_url")
    needed = [str(each) for each in info.get("requires_dist") or ()]
    return Package(
        name=str(info["name"]),
        ecosystem="pypi",
        version=str(info["version"]),
        description=brief(info.get("summary")),
        license=brief(info.get("license_expression") or info.get("license"), 100),
        docs_url=_address(docs or info.get("home_page") or urls.get("homepage")),
        dependencies=tuple(brief(each, 200) for each in needed if "extra ==" not in each),
        source="registry",
        place=url,
    )


def _npm(told: Json, _version: str, url: str) -> Package:
    return npm_package(told, source="registry", place=url)


def npm_package(told: Json, *, source: str, place: str) -> Package:
    """Return what a `package.json` says."""
    needed = told.get("dependencies") or {}
    licence = told.get("license")
    return Package(
        name=str(told["name"]),
        ecosystem="npm",
        version=str(told["version"]),
        description=brief(told.get("description")),
        license=brief(licence.get("type") if isinstance(licence, dict) else licence, 100),
        docs_url=_address(told.get("homepage")),
        dependencies=tuple(brief(f"{name} {wanted}", 200) for name, wanted in needed.items()),
        source=source,
        place=place,
    )


def _crates(told: Json, version: str, url: str) -> Package:
    crate = told["crate"]
    latest = crate.get("max_stable_version") or crate["max_version"]
    versions = {str(each.get("num")): each for each in told.get("versions") or ()}
    if version and version not in versions:
        raise InvalidRequest(f"expected a version of {crate['id']}, got {version!r}; correct it")
    chosen = versions.get(version or latest, {})
    return Package(
        name=str(crate["id"]),
        ecosystem="crates",
        version=str(version or latest),
        description=brief(crate.get("description")),
        license=brief(chosen.get("license"), 100),
        docs_url=_address(crate.get("documentation") or f"https://docs.rs/{crate['id']}"),
        source="registry",
        place=url,
    )


def _hex(told: Json, version: str, url: str) -> Package:
    meta = told.get("meta") or {}
    versions = [str(each["version"]) for each in told.get("releases") or ()]
    if version and version not in versions:
        raise InvalidRequest(f"expected a version of {told['name']}, got {version!r}; correct it")
    latest = told.get("latest_stable_version") or (versions[0] if versions else "")
    return Package(
        name=str(told["name"]),
        ecosystem="hex",
        version=str(version or latest),
        description=brief(meta.get("description")),
        license=brief(", ".join(map(str, meta.get("licenses") or ())), 100),
        docs_url=_address(told.get("docs_html_url") or f"https://hexdocs.pm/{told['name']}"),
        source="registry",
        place=url,
    )


def _found(name: object, version: object, description: object, url: object) -> dict[str, Any]:
    return {
        "name": brief(name, 100),
        "version": brief(version, 64),
        "description": brief(description, 200),
        "url": _address(url),
    }


def _npm_found(told: Any) -> list[dict[str, Any]]:
    packages = [each["package"] for each in told["objects"]]
    return [
        _found(
            each["name"],
            each.get("version"),
            each.get("description"),
            (each.get("links") or {}).get("npm"),
        )
        for each in packages
    ]


def _crates_found(told: Any) -> list[dict[str, Any]]:
    return [
        _found(
            each["id"],
            each.get("max_version"),
            each.get("description"),
            each.get("documentation"),
        )
        for each in told["crates"]
    ]


def _hex_found(told: Any) -> list[dict[str, Any]]:
    return [
        _found(
            each["name"],
            each.get("latest_stable_version"),
            (each.get("meta") or {}).get("description"),
            each.get("html_url"),
        )
        for each in told
    ]


_PACKAGES: Final[Mapping[str, Callable[[Json, str, str], Package]]] = {
    "pypi": _pypi,
    "npm": _npm,
    "crates": _crates,
    "hex": _hex,
}
_FOUND: Final[Mapping[str, Callable[[Any], list[dict[str, Any]]]]] = {
    "npm": _npm_found,
    "crates": _crates_found,
    "hex": _hex_found,
}


def _base(url: str) -> str:
    return url.rstrip("/")


def _address(given: object) -> str:
    """Return a web address of somebody else's; "" for anything else."""
    text = str(given or "")
    is_plain = text.isprintable() and " " not in text and len(text) <= 300
    return text if is_plain and text.startswith(("https://", "http://")) else ""


def _unreadable(url: str, error: Exception) -> InvalidRequest:
    return InvalidRequest(
        f"expected a registry's answer at {url[:200]}, got {type(error).__name__}:"
        f" {str(error)[:100]}; check the registry's setting"
    )
