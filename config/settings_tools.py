"""The settings of tools that touch the world outside, and of what Mimo does unasked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from mimo.config.setting_rules import Rule

Checkers = Literal["ask", "allow", "refuse"]
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
class Terminal:
    """Which commands may run in the workspace."""

    enabled: Annotated[bool, Rule("flag", "Whether commands run at all.")]
    shell: Annotated[
        bool, Rule("flag", "Whether pipes, lists and redirections may be used: they take a shell.")
    ]
    allow: Annotated[
        tuple[str, ...],
        Rule(
            "names",
            "Beginnings of commands that run without a question, besides those that only look:"
            " `pytest`, `make test`, `npm run`.",
        ),
    ]
    confirm: Annotated[
        tuple[str, ...], Rule("names", "Beginnings of commands about which you are asked.")
    ]
    refuse: Annotated[
        tuple[str, ...], Rule("names", "Beginnings of commands that never run, such as `git push`.")
    ]
    memory_bytes: Annotated[
        int, Rule("bytes", "Most memory of one command with all it starts.", least=16_777_216)
    ]
    processes: Annotated[int, Rule("count", "Most processes of one command.", least=1, most=10_000)]


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Skills:
    """External MCP servers whose tools are offered with Mimo's own."""

    enabled: Annotated[bool, Rule("flag", "Offer the tools of skills.")]
    file: Annotated[
        Path | None,
        Rule("path", "Names the skills, as `mcpServers`; empty: `skills.json` in the data folder."),
    ]
    commands: Annotated[
        tuple[str, ...],
        Rule("names", "Programs that a skill may be: names in PATH, or whole paths."),
    ]
    variables: Annotated[
        tuple[str, ...], Rule("names", "Variables that a skill may be given as `${NAME}`.")
    ]
    call_timeout_s: Annotated[
        float, Rule("seconds", "For one call of a skill.", least=0.1, most=55)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """Where packages are looked up, and whether a project's own checkers run unasked."""

    pypi_url: Annotated[str, Rule("text", "Registry of Python; its host must be in `web.allow`.")]
    npm_url: Annotated[str, Rule("text", "Registry of npm; likewise.")]
    crates_url: Annotated[str, Rule("text", "Registry of Rust; likewise.")]
    hex_url: Annotated[str, Rule("text", "Registry of Elixir; likewise.")]
    cache_ttl_s: Annotated[
        float, Rule("seconds", "What a registry said is asked for again after this long.")
    ]
    checkers: Annotated[
        Checkers,
        Rule(
            "choice",
            "Linters and compilers may run code of the project they check. `ask`: the user is asked"
            " each time. `allow`: they run. `refuse`: they don't.",
            choices=("ask", "allow", "refuse"),
        ),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Briefing:
    """What an assistant is told with its first answer."""

    first_call: Annotated[
        bool, Rule("flag", "Tell an assistant that has just come what matters, once, unasked.")
    ]
    max_tokens: Annotated[
        int, Rule("count", "Length of that, in tokens by estimate.", least=100, most=2_000)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoMemory:
    """What is remembered of calls without being asked to."""

    enabled: Annotated[bool, Rule("flag", "Remember lessons of calls; never of `memory` itself.")]
    min_importance: Annotated[float, Rule("number", "Only what is at least so important.", most=1)]
    per_hour: Annotated[int, Rule("count", "Most such memories an hour.", most=1_000)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tasks:
    """What tasks may do by themselves."""

    concurrency: Annotated[
        int, Rule("count", "Calls of tasks on their way at once.", least=1, most=8)
    ]
    ask: Annotated[
        tuple[str, ...],
        Rule(
            "names",
            "Effects of operations that a task asks the user about first: `write`, `destructive`,"
            " `open-world`.",
        ),
    ]
