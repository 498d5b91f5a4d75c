"""The whole supervision tree as data; nothing else starts an actor.

Order is dependency: what stands lower needs what stands higher.
"""

from __future__ import annotations

from typing import Any

from mimo.actors.pools import recall_names
from mimo.config import limits
from mimo.config.settings import Settings, load_settings
from mimo.supervision.specs import (
    SUPERVISOR_CLASS,
    ChildSpec,
    RestartStrategy,
    Shutdown,
    SupervisorFlags,
    group,
)

#: Workers are cheap to restart: a group forgives twenty deaths in five seconds.
ONE_FOR_ONE = SupervisorFlags(strategy=RestartStrategy.ONE_FOR_ONE, intensity=20, period_s=5.0)
SKILLS_FLAGS = SupervisorFlags(strategy=RestartStrategy.DYNAMIC, intensity=20, period_s=5.0)
REST_FOR_ONE = SupervisorFlags(strategy=RestartStrategy.REST_FOR_ONE, intensity=10, period_s=5.0)
#: The root forgives less often: each of its restarts is a whole group. Past it, the generation
#: ends.
ROOT_FLAGS = SupervisorFlags(
    strategy=RestartStrategy.REST_FOR_ONE, intensity=5, period_s=10.0, parks_groups=True
)

#: Which heir holds the tables of which owner.
HEIR_OF = {
    "tools/terminal": "heirs/tools",
    "memory/ingest": "heirs/memory",
    "memory/llm": "heirs/tools",
    "memory/working_memory": "heirs/memory",
    "resilience/breakers": "heirs/tools",
    "resilience/services": "heirs/tools",
    "resilience/telemetry": "heirs/tools",
    "tools/reasoning": "heirs/tools",
}


def tree(settings: Settings) -> ChildSpec:
    """Return the root's spec for these settings."""
    return ChildSpec(
        id="mimo",
        start=SUPERVISOR_CLASS,
        type="supervisor",
        flags=ROOT_FLAGS,
        children=(
            _heirs(settings),
            _storage(settings),
            _resilience(settings),
            _memory(settings),
            _knowledge(settings),
            _tools(settings),
            _bridge(settings),
        ),
    )


def _worker(id: str, start: str, settings: Settings, **fields: Any) -> ChildSpec:  # noqa: A002
    args: dict[str, Any] = {"settings": settings}
    if id in HEIR_OF:
        args["heir"] = HEIR_OF[id]
    return ChildSpec(id=id, start=start, args=args | fields.pop("args", {}), **fields)


def _rests(settings: Settings) -> dict[str, Any]:
    """Say of a worker that it starts with the node, to go on with what is open, and rests.

    What it may take of the machine has a bound: what it works on comes from outside.
    """
    return {
        "rest_after_s": settings.rest_after_s,
        "data_bytes_max": limits.TOOL_DATA_BYTES_MAX,
    }


def _on_demand(settings: Settings) -> dict[str, Any]:
    """Say of a worker that it starts at the first call to it, and rests."""
    return {"on_demand": True, **_rests(settings)}


def _heirs(settings: Settings) -> ChildSpec:
    store = {
        "store": "mimo.storage.shared_tables.SharedTables",
        "data_dir": str(settings.data_dir),
    }
    return group(
        "heirs",
        ONE_FOR_ONE,
        _worker("heirs/memory", "mimo.supervision.heir.Heir", settings, args=store),
        _worker("heirs/tools", "mimo.supervision.heir.Heir", settings, args=store),
        critical=True,
    )


def _storage(settings: Settings) -> ChildSpec:
    return group(
        "storage",
        REST_FOR_ONE,
        _worker(
            "storage/writer",
            "mimo.actors.storage.writer.Writer",
            settings,
            start_timeout_s=60.0,
            busy_max_s=10.0,
        ),
        _worker(
            "storage/maintenance",
            "mimo.actors.storage.maintenance.Maintenance",
            settings,
            busy_max_s=600.0,
        ),
        critical=True,
    )


def _resilience(settings: Settings) -> ChildSpec:
    return group(
        "resilience",
        ONE_FOR_ONE,
        _worker("resilience/breakers", "mimo.actors.resilience.breakers.Breakers", settings),
        _worker("resilience/services", "mimo.actors.resilience.services.Services", settings),
        _worker("resilience/telemetry", "mimo.actors.resilience.telemetry.Telemetry", settings),
    )


def _memory(settings: Settings) -> ChildSpec:
    recalls = (
        _worker(name, "mimo.actors.memory.recall.Recall", settings, busy_max_s=10.0)
        for name in recall_names(settings)
    )
    return group(
        "memory",
        ONE_FOR_ONE,
        *recalls,
        # It runs only where nobody else wants to, so its own work may take long.
        _worker(
            "memory/embedder", "mimo.actors.memory.embedder.Embedder", settings, busy_max_s=120.0
        ),
        _worker(
            "memory/working_memory", "mimo.actors.memory.working_memory.WorkingMemory", settings
        ),
        _worker(
            "memory/lifecycle",
            "mimo.actors.lifecycle.lifecycle.Lifecycle",
            settings,
            busy_max_s=10.0,
        ),
        _worker("memory/llm", "mimo.actors.llm.client.LlmClient", settings, **_rests(settings)),
        # One page of a PDF, or one file of JSON, is read in one go.
        _worker(
            "memory/ingest",
            "mimo.actors.ingest.ingester.Ingester",
            settings,
            busy_max_s=60.0,
            **_rests(settings),
        ),
    )


def _knowledge(settings: Settings) -> ChildSpec:
    procedures = "mimo.actors.procedures.procedures.Procedures"
    return group(
        "knowledge",
        ONE_FOR_ONE,
        # A hub with very many facts takes a while to be joined.
        _worker(
            "knowledge/graph",
            "mimo.actors.knowledge.graph.KnowledgeGraph",
            settings,
            busy_max_s=10.0,
            **_on_demand(settings),
        ),
        _worker("knowledge/procedures", procedures, settings, **_rests(settings)),
    )


def _tools(settings: Settings) -> ChildSpec:
    keeper = "mimo.actors.skills.keeper.SkillKeeper"
    insight = "mimo.actors.insight.insight.Insight"
    reasoner = "mimo.actors.reasoning.reasoner.Reasoner"
    return group(
        "tools",
        ONE_FOR_ONE,
        _worker(
            "tools/code",
            "mimo.actors.code.code.Code",
            settings,
            busy_max_s=10.0,
            **_on_demand(settings),
        ),
        # It starts with the node, so that no edit stays half done; the disk may be slow.
        _worker(
            "tools/files",
            "mimo.actors.files.files.Files",
            settings,
            busy_max_s=10.0,
            **_rests(settings),
        ),
        # External MCP servers, added when their file is read.
        group("tools/skills", SKILLS_FLAGS),
        _worker("tools/skill_keeper", keeper, settings, **_on_demand(settings)),
        _worker("tools/insight", insight, settings, busy_max_s=10.0, **_on_demand(settings)),
        _worker(
            "tools/library", "mimo.actors.library.library.Library", settings, **_on_demand(settings)
        ),
        # It starts with the node, to bring to disk what only its table has.
        _worker("tools/reasoning", reasoner, settings, busy_max_s=10.0, **_rests(settings)),
        # It starts with the node, to go on with what is open.
        _worker("tools/tasks", "mimo.actors.tasks.tasks.Tasks", settings, **_rests(settings)),
        _worker(
            "tools/terminal", "mimo.actors.terminal.terminal.Terminal", settings, **_rests(settings)
        ),
        _worker("tools/web", "mimo.actors.web.worker.Web", settings, **_on_demand(settings)),
    )


def _bridge(settings: Settings) -> ChildSpec:
    return group(
        "bridge",
        REST_FOR_ONE,
        _worker(
            "bridge/mcp_bridge",
            # A dotted path, so that the tree may name what stands in a higher layer.
            "mimo.interfaces.mcp.bridge.Bridge",
            settings,
            shutdown=Shutdown.after(10.0),
            busy_max_s=5.0,
        ),
    )


#: The tree with the shipped settings, as the README draws it.
ROOT = tree(load_settings())


def draw(spec: ChildSpec) -> str:
    """Return the tree as text, a line a child, as the README shows it."""
    lines: list[str] = []
    _draw(spec, "", "", lines)
    return "\n".join(lines)


def _draw(spec: ChildSpec, branch: str, indent: str, lines: list[str]) -> None:
    note = f"  {spec.flags.strategy}" if spec.flags else ""
    lines.append(f"{branch}{spec.id}{note}")
    for child in spec.children:
        is_last = child is spec.children[-1]
        _draw(
            child,
            indent + ("`- " if is_last else "|- "),
            indent + ("   " if is_last else "|  "),
            lines,
        )
