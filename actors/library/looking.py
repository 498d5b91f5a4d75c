"""Looking a package up: what is installed, else what was kept, else what a registry says."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from mimo.actors.knowledge import manifests
from mimo.actors.library import installed, registries
from mimo.actors.library import messages as lm
from mimo.actors.library.cache import Cache
from mimo.actors.library.packages import (
    OF_MANIFEST,
    Package,
    clean_name,
    clean_version,
    package_of,
)
from mimo.actors.web.downloading import check_status
from mimo.actors.web.exchange import Request, ask
from mimo.actors.workspace import opening
from mimo.actors.workspace.places import Place, Roots
from mimo.config import limits
from mimo.config.clock import Clock
from mimo.config.errors import InvalidRequest, MimoError, NotAvailable, NotFound, Unavailable
from mimo.config.settings import Settings


@dataclass(slots=True, kw_only=True)
class Look:
    """One job's surroundings, and what it wants kept.

    Args:
        settings: The registries and what may be read.
        roots: Where projects may be.
        cache: To be read only.
        clock: Now.
        keep: Entries for the cache: key and value.
        degraded: What was missing.
        untrusted: Where text of others came from.
    """

    settings: Settings
    roots: Roots
    cache: Cache
    clock: Clock
    keep: list[tuple[str, Any]] = field(default_factory=list)
    degraded: list[str] = field(default_factory=list)
    untrusted: str = ""

    def answer(self, data: dict[str, Any]) -> dict[str, Any]:
        """Return what the child answers with."""
        return {
            "data": data,
            "keep": self.keep,
            "degraded": list(dict.fromkeys(self.degraded)),
            "untrusted": self.untrusted,
        }


def work(request: lm.Lookup, look: Look) -> dict[str, Any]:
    """Do a job.

    Raises:
        MimoError: It can't be done.
    """
    match request:
        case lm.GetLibrary():
            return look.answer(_get(request, look))
        case lm.SearchLibraries():
            return look.answer(_search(request, look))
        case lm.DiscoverLibraries():
            return look.answer(_discover(request, look))


def _get(request: lm.GetLibrary, look: Look) -> dict[str, Any]:
    name = clean_name(request.ecosystem, request.name)
    version = clean_version(request.version)
    project = _project(request.path, look)
    try:
        found = find(request.ecosystem, name, version, project, look)
    except NotFound:
        if request.ensure:
            raise
        return {"name": name, "ecosystem": request.ecosystem, "found": False}
    if request.ensure:
        return {
            "name": found.name,
            "ecosystem": found.ecosystem,
            "version": found.version,
            "cached": found.source != "installed",
            "source": found.source,
            "found": True,
        }
    return found.told()


def find(ecosystem: str, name: str, version: str, project: Place | None, look: Look) -> Package:
    """Return a package, from the nearest source that knows it.

    Raises:
        NotFound: Nobody knows it.
        NotAvailable: It isn't installed, and its registry may not be asked.
        Unavailable: The registry doesn't answer, and nothing was kept.
    """
    local = installed.find_installed(ecosystem, name, version, project)
    if local is not None:
        look.untrusted = look.untrusted or f"the package {name}"
        return local
    key = f"{ecosystem}/{name}@{version}"
    kept = look.cache.get(key)
    url = registries.package_url(ecosystem, name, version, look.settings.library)
    look.untrusted = url
    age_s = look.clock.wall_s() - kept.at_s if kept else 0.0
    if kept and 0 <= age_s < look.settings.library.cache_ttl_s:
        return replace(package_of(kept.value), source="cache")
    try:
        found = registries.read_package(ecosystem, _read(url, look), version, url)
    except (Unavailable, NotAvailable):
        if kept is None:
            raise
        look.degraded.append("registry: not asked, an old answer")
        return replace(package_of(kept.value), source="cache")
    look.keep.append((key, found.told()))
    return found


def _search(request: lm.SearchLibraries, look: Look) -> dict[str, Any]:
    words = request.query.lower().split()
    project = _project(request.path, look)
    names = sorted(
        {
            name
            for name in installed.installed_names(request.ecosystem, project)
            if all(word in name.lower() for word in words)
        }
    )
    found = [{"name": name, "type": "installed"} for name in names[: request.limit]]
    source = "installed"
    try:
        url = registries.search_url(
            request.ecosystem, request.query, request.limit, look.settings.library
        )
        listed = registries.read_found(request.ecosystem, _read(url, look), url)
        look.untrusted = url
        known = set(names)
        found += [each | {"type": "registry"} for each in listed if each["name"] not in known]
        source = "registry"
    except (NotAvailable, Unavailable) as error:
        if not found:
            raise
        look.degraded.append(f"registry: {error.code}")
    shown = found[: request.limit]
    return {
        "query": request.query,
        "ecosystem": request.ecosystem,
        "results": shown,
        "count": len(shown),
        "source": source,
    }


def _discover(request: lm.DiscoverLibraries, look: Look) -> dict[str, Any]:
    project = _project(request.path, look)
    if project is None:
        raise look.roots.unset()
    rows, unreadable = _declared(project)
    refused = ""
    asked = 0
    for row in rows:
        try:
            may_ask = not refused and asked < limits.DISCOVERED_MAX
            package = _known(row, project, look, may_ask=may_ask)
        except NotAvailable as error:
            refused = error.message
            package = None
        except MimoError as error:
            row["trouble"] = error.message[:200]
            package = None
        asked += package is not None and package.source == "registry"
        row.update({"version": package.version, "source": package.source} if package else {})
    known = sum("version" in row for row in rows)
    if refused:
        look.degraded.append("registry: not allowed")
    return {
        "path": str(project),
        "ecosystems": sorted({row["ecosystem"] for row in rows}),
        "dependencies": rows[: limits.DEPENDENCIES_SHOWN_MAX],
        "total_dependencies": len(rows),
        "known": known,
        "unknown": len(rows) - known,
        "unreadable": unreadable,
    }


def _known(row: dict[str, Any], project: Place, look: Look, *, may_ask: bool) -> Package | None:
    name = clean_name(row["ecosystem"], row["name"])
    if may_ask:
        return find(row["ecosystem"], name, "", project, look)
    return installed.find_installed(row["ecosystem"], name, "", project)


def _declared(project: Place) -> tuple[list[dict[str, Any]], list[str]]:
    """Return what the manifests of a folder name, and the manifests that can't be read."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    unreadable = []
    for name in installed.names_in(project):
        if not manifests.is_manifest(name):
            continue
        try:
            raw = opening.read(project.below(name), limits.LINKED_BYTES_MAX).data
            manifest = manifests.parse(name, raw.decode("utf-8", "replace"))
        except MimoError:
            unreadable.append(name)
            continue
        ecosystem = OF_MANIFEST.get(manifest.ecosystem)
        for each in manifest.dependencies if ecosystem else ():
            row = {"name": each.name, "ecosystem": ecosystem, "wanted": each.wanted}
            rows.setdefault((str(ecosystem), each.name), row)
    return [rows[key] for key in sorted(rows)], unreadable


def _project(path: str, look: Look) -> Place | None:
    """Return a project's folder; None if no folder is allowed and none was named."""
    if not path and not look.roots.allowed:
        return None
    place = look.roots.resolve(path or ".")
    if not place.path.is_dir():
        raise InvalidRequest(f"expected a project's folder, got the file {place}; name its folder")
    return place


def _read(url: str, look: Look) -> bytes:
    request = Request(url=url, headers={"Accept": "application/json"})
    answer = ask(request, look.settings.web.allow, look.clock, judge=check_status, timeout_s=20.0)
    return answer.body
