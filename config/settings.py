"""The settings of a node: typed, frozen, each with its rule and its meaning.

A value comes from the shipped `default.toml`, then a TOML file, then `MIMO_*` variables, then
flags; the last one wins. What is unknown or wrong is refused with its place, what was expected,
what came, and what to do.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints

from mimo.config import paths, setting_sources
from mimo.config.setting_rules import Rule
from mimo.config.settings_tools import (
    AutoMemory,
    Briefing,
    Ingest,
    Library,
    Skills,
    Tasks,
    Terminal,
    Web,
    Workspace,
)

Durability = Literal["full", "normal"]
LogLevel = Literal["debug", "info", "warning", "error"]
Provider = Literal["embedded", "ollama", "openai", "none"]
Host = Literal["127.0.0.1"]

#: Variables that are no settings: name -> meaning.
OTHER_VARIABLES = {
    "MIMO_CONFIG": "The settings file to read.",
    "MIMO_CHAOS": "`1` arms the fault points of `MIMO_FAULTS`; for tests.",
    "MIMO_FAULTS": "Fault points, such as `writer.before_commit:crash@3`; for tests.",
    "MIMO_FAULTS_DIR": "Folder in which processes count their faults together; for tests.",
    "MIMO_SEED": "Seed of the fault points' random choices; for tests.",
    "MIMO_TEST_ID": "Marks the processes of one test.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedding:
    """How memories are found by meaning."""

    provider: Annotated[
        Provider,
        Rule(
            "choice",
            "`embedded`: the model Mimo brings. `ollama`, or `openai` for any service of that form:"
            " the model at `embedding.url`. `none`: by words only.",
            choices=("embedded", "ollama", "openai", "none"),
        ),
    ]
    model_path: Annotated[
        Path | None,
        Rule("path", "Folder of another model (`model.onnx`, `vocab.txt`); empty: Mimo's own."),
    ]
    idle_release_s: Annotated[
        float,
        Rule("seconds", "The model's memory is given back after this long without use.", least=1),
    ]
    url: Annotated[
        str,
        Rule("text", "Of a service; empty: `http://127.0.0.1:11434`, `https://api.openai.com/v1`."),
    ]
    model: Annotated[str, Rule("text", "Of a service: its model's name.")]
    dimensions: Annotated[
        int,
        Rule("count", "Length of the vectors of a service, or of a model of yours.", most=8_192),
    ]
    key_variable: Annotated[
        str, Rule("text", "Of a service: the environment variable that holds its key.")
    ]
    query_prefix: Annotated[str, Rule("text", "Of a service: put before each question.")]
    document_prefix: Annotated[str, Rule("text", "Of a service: put before each memory.")]
    batch: Annotated[
        int, Rule("count", "Of a service: most texts in one request.", least=1, most=256)
    ]
    timeout_s: Annotated[
        float,
        Rule("seconds", "Of a service: for a request with memories.", least=0.1, most=60),
    ]
    query_timeout_s: Annotated[
        float,
        Rule(
            "seconds",
            "Of a service: for one question; then words alone decide.",
            least=0.05,
            most=5,
        ),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """How the database is treated."""

    busy_timeout_s: Annotated[
        float,
        Rule("seconds", "How long a write waits for a lock of another program.", most=60),
    ]
    checkpoint_bytes: Annotated[
        int,
        Rule("bytes", "The log is merged into the database beyond this size.", least=65_536),
    ]
    checkpoint_idle_s: Annotated[
        float,
        Rule("seconds", "The log is merged and emptied after this long without a write.", least=1),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Backups:
    """When a backup is made, and how many are kept."""

    keep: Annotated[int, Rule("count", "Backups kept; the oldest go first.", least=1, most=1_000)]
    interval_s: Annotated[float, Rule("seconds", "Time between two backups; 0 makes none.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one client may ask for before it is told to wait."""

    rate_per_s: Annotated[float, Rule("number", "Calls a second of one client.", least=0.1)]
    burst: Annotated[int, Rule("count", "Calls at once beyond the rate.", least=1)]
    risky_rate_per_s: Annotated[
        float,
        Rule(
            "number",
            "Calls a second of one client and tool that reach outside or destroy.",
            least=0.1,
        ),
    ]
    risky_burst: Annotated[int, Rule("count", "Such calls at once beyond that rate.", least=1)]
    concurrency: Annotated[
        int, Rule("count", "Calls in flight of one client.", least=1, most=1_024)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Http:
    """MCP over HTTP, beside the sockets of the relays."""

    host: Annotated[
        Host,
        Rule("choice", "Where HTTP listens: this machine only.", choices=("127.0.0.1",)),
    ]
    port: Annotated[int, Rule("count", "Port of MCP over HTTP; 0 serves none.", most=65_535)]
    key_file: Annotated[
        Path,
        Rule("path", "File with the bearer key; empty: `http.key` in the data directory."),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """Which tools are offered to assistants."""

    read_only: Annotated[bool, Rule("flag", "Offer only operations that change nothing.")]
    no_exec: Annotated[bool, Rule("flag", "Offer no operation that runs programs.")]
    enabled: Annotated[tuple[str, ...], Rule("names", "Tools offered; empty: all.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall:
    """How many processes answer searches."""

    workers: Annotated[int, Rule("count", "Processes that search.", least=1, most=16)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifecycle:
    """How memories fade, and when the sleep cycle runs."""

    enabled: Annotated[bool, Rule("flag", "Run the sleep cycle by itself when nobody calls.")]
    idle_after_s: Annotated[
        float, Rule("seconds", "The cycle runs this long after the last call.", least=0.1)
    ]
    min_gap_s: Annotated[float, Rule("seconds", "Least time between two cycles.")]
    budget_s: Annotated[
        float, Rule("seconds", "A cycle goes on next time after this long.", least=0.1, most=3_600)
    ]
    forget_below: Annotated[
        float, Rule("number", "A memory whose score is lower is archived; 0: none is.", most=1)
    ]
    archive_max: Annotated[
        int,
        Rule(
            "count",
            "Archived memories in the database; the oldest beyond go into files in `archive`.",
        ),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Llm:
    """Which language models may be asked; none unless the user names one."""

    providers: Annotated[
        tuple[str, ...],
        Rule(
            "names",
            "Asked in this order: `groq:MODEL`, `cerebras:MODEL`, `openrouter:MODEL`,"
            " `ollama:MODEL`, `openai:MODEL@https://HOST/v1` for any of that form. Empty: none.",
        ),
    ]
    key_variable: Annotated[
        str, Rule("text", "Of `openai`: the environment variable that holds its key.")
    ]
    attempt_timeout_s: Annotated[
        float, Rule("seconds", "For one answer of one provider.", least=0.1, most=300)
    ]
    calls_per_hour: Annotated[int, Rule("count", "Most requests an hour.", most=100_000)]
    tokens_per_hour: Annotated[
        int, Rule("count", "Most tokens an hour, of questions and answers.", most=1_000_000_000)
    ]
    cache_ttl_s: Annotated[
        float, Rule("seconds", "An answer is given again for the same question; 0: never.")
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Logs:
    """How much log is kept."""

    file_bytes: Annotated[
        int, Rule("bytes", "A log file is set aside beyond this size.", least=65_536)
    ]
    keep: Annotated[int, Rule("count", "Log files kept besides the present one.", most=100)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings of a node; made by `load_settings`.

    `origins` tells for each key which source its value came from.
    """

    data_dir: Annotated[
        Path,
        Rule("path", "Where everything is kept; empty: the platform's place for user data."),
    ]
    durability: Annotated[
        Durability,
        Rule(
            "choice",
            "`full`: an acknowledged memory survives power loss. `normal`: it survives every crash,"
            " and power loss may take the last seconds.",
            choices=("full", "normal"),
        ),
    ]
    log_level: Annotated[
        LogLevel,
        Rule("choice", "The least that is logged.", choices=("debug", "info", "warning", "error")),
    ]
    idle_exit_s: Annotated[
        float, Rule("seconds", "The node leaves this long after its last client; 0: never.")
    ]
    rest_after_s: Annotated[
        float,
        Rule(
            "seconds",
            "A worker that may rest leaves after this long without a call, until the next one.",
            least=0.1,
        ),
    ]
    portable: Annotated[
        bool, Rule("flag", "Use the portable fallback of each Linux-only primitive; for tests.")
    ]
    embedding: Embedding
    storage: Storage
    backups: Backups
    limits: Limits
    http: Http
    tools: Tools
    recall: Recall
    ingest: Ingest
    workspace: Workspace
    terminal: Terminal
    web: Web
    library: Library
    lifecycle: Lifecycle
    tasks: Tasks
    llm: Llm
    skills: Skills
    briefing: Briefing
    auto_memory: AutoMemory
    logs: Logs
    origins: Mapping[str, str] = dataclasses.field(compare=False, repr=False)

    @property
    def paths(self) -> paths.RunPaths:
        """Return the files of the data directory."""
        return paths.RunPaths(self.data_dir)


def rules(kind: type = Settings, prefix: str = "") -> Iterator[tuple[str, Rule]]:
    """Yield every setting's key, such as `storage.busy_timeout_s`, with its rule."""
    for name, hint in get_type_hints(kind, include_extras=True).items():
        if dataclasses.is_dataclass(hint):
            yield from rules(hint, f"{prefix}{name}.")  # type: ignore[arg-type]
        elif name != "origins":
            yield prefix + name, hint.__metadata__[0]


#: Rule of each setting by key.
RULES: Mapping[str, Rule] = dict(rules())


def variable(key: str) -> str:
    """Return the environment variable of a setting: `storage.keep` -> `MIMO_STORAGE_KEEP`."""
    return "MIMO_" + key.replace(".", "_").upper()


def load_settings(
    overrides: Mapping[str, str] | None = None,
    environ: Mapping[str, str] | None = None,
    config_file: Path | None = None,
) -> Settings:
    """Return the settings in force.

    Args:
        overrides: From flags: setting's key -> text.
        environ: The environment; None means none at all, not this process's.
        config_file: The settings file, which must exist; by default MIMO_CONFIG, else the
            platform's place if there is one.

    Raises:
        SettingsError: Place, expected and got.
    """
    environ = environ or {}
    sources = [
        setting_sources.shipped(),
        *setting_sources.file(config_file, environ),
        setting_sources.environment(
            environ, {variable(key): key for key in RULES}, OTHER_VARIABLES
        ),
        setting_sources.flags(overrides or {}),
    ]
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for source in sources:
        for key, value in source.read(RULES).items():
            values[key] = value
            origins[key] = source.origin(key)
    _fill(values, environ)
    settings: Settings = _build(Settings, "", values, origins)
    return settings


def _fill(values: dict[str, Any], environ: Mapping[str, str]) -> None:
    """Put the platform's places where a path was left empty."""
    values["data_dir"] = values["data_dir"] or paths.default_data_dir(environ)
    values["http.key_file"] = values["http.key_file"] or values["data_dir"] / "http.key"


def _build(
    kind: type[Any], prefix: str, values: Mapping[str, Any], origins: Mapping[str, str]
) -> Any:
    given: dict[str, Any] = {}
    for name, hint in get_type_hints(kind).items():
        if name == "origins":
            given[name] = dict(origins)
        elif dataclasses.is_dataclass(hint):
            given[name] = _build(hint, f"{prefix}{name}.", values, origins)  # type: ignore[arg-type]
        else:
            given[name] = values[prefix + name]
    return kind(**given)


def settings_table() -> str:
    """Return the README's table of settings, one row each, in the order of declaration."""
    defaults = setting_sources.shipped().values
    rows = ["| setting | default | variable | meaning |", "|---|---|---|---|"]
    for key, rule in RULES.items():
        default = defaults[key]
        text = str(default).lower() if isinstance(default, bool) else str(default)
        shown = "" if default in ("", []) else f"`{text}`"
        rows.append(f"| `{key}` | {shown} | `{variable(key)}` | {rule.doc} |")
    return "\n".join(rows) + "\n"
