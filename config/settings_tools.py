"""The settings of the tools that touch the world outside: documents, the workspace, the web."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from mimo.config.setting_rules import Rule

SearchKind = Literal["none", "searxng", "brave", "json"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingest:
    """Which documents may be read."""

    roots: Annotated[
        tuple[Path, ...],
        Rule(
            "paths",
            "Folders from which `ingest` may read; never what is hidden in them, and no keys.",
        ),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """Where an assistant may work with files, commands and code."""

    roots: Annotated[
        tuple[Path, ...],
        Rule(
            "paths",
            "Folders in which `file`, `terminal`, `code`, `meta` and `onboard` may work; never"
            " what is hidden in them, and no keys. Empty: none.",
        ),
    ]
    dot_names: Annotated[
        tuple[str, ...],
        Rule("names", "Names beginning with a dot that may be read and changed there."),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Web:
    """Where Mimo may connect to for an assistant."""

    allow: Annotated[
        tuple[str, ...],
        Rule(
            "names",
            "Hosts that may be read: `docs.python.org`, `*.example.org`, `*` for every public one;"
            " `127.0.0.1:8000`, with its port, also a private one. Empty: none.",
        ),
    ]
    confirm: Annotated[
        bool,
        Rule(
            "flag",
            "Ask the user before a POST, a script or a click on a server not named with its port.",
        ),
    ]
    search_kind: Annotated[
        SearchKind,
        Rule(
            "choice",
            "Who searches: `searxng`, `brave`, `json` for any service that answers with"
            " `results` of `title`, `url`, `snippet`; `none`.",
            choices=("none", "searxng", "brave", "json"),
        ),
    ]
    search_url: Annotated[
        str,
        Rule(
            "text",
            "Of `searxng`: its address. Of `json`: an address with `{query}` and `{count}`."
            " Naming it allows it.",
        ),
    ]
    search_key_variable: Annotated[
        str, Rule("text", "The environment variable that holds the search service's key.")
    ]
    arxiv_url: Annotated[
        str, Rule("text", "arXiv's API; its host must be in `web.allow` as any other.")
    ]
    browser_path: Annotated[
        Path | None,
        Rule("path", "Chromium; empty: `chromium` or `google-chrome` of the search path."),
    ]
