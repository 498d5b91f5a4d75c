"""The parts of the README that are made from the source, so that they can't drift from it.

`python -m tests.support.readme` writes them; `tests/contract/test_docs.py` compares.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from mimo.actors.catalogue import TOOLS
from mimo.actors.tree import ROOT as TREE
from mimo.actors.tree import draw
from mimo.config.errors import MimoError, all_error_types
from mimo.config.events import EVENTS
from mimo.config.settings import OTHER_VARIABLES, settings_table
from mimo.interfaces.cli.hosts import HOSTS
from mimo.interfaces.cli.table import COMMANDS
from tests.support.parity import rows
from tests.support.source import ROOT

README = ROOT / "README.md"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---" for _ in head], *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + "\n"


def tools() -> str:
    """Return every operation of every tool."""
    rows = [
        (f"`{tool.name}`", f"`{one.name}`", one.effect, one.summary)
        for tool in TOOLS
        for one in tool.operations
    ]
    return table(("tool", "operation", "effect", "what it does"), rows)


def parity() -> str:
    """Return what became of every operation of the original."""
    return table(("tool of the original", "operations", "here"), rows())


def commands() -> str:
    """Return every command."""
    rows = [(f"`mimo {name}`", entry.summary) for name, entry in COMMANDS.items()]
    return table(("command", "what it does"), rows)


def variables() -> str:
    """Return the variables that are no settings."""
    return table(
        ("variable", "meaning"), [(f"`{name}`", text) for name, text in OTHER_VARIABLES.items()]
    )


def tree() -> str:
    """Return the supervision tree, drawn."""
    return f"```\n{draw(TREE)}\n```\n"


def errors() -> str:
    """Return every error code, its retry and its exit code."""
    kinds = sorted(all_error_types().values(), key=lambda kind: kind.code)
    rows = [
        (f"`{kind.code}`", kind.retry, str(kind.exit_code), (kind.__doc__ or "").split("\n")[0])
        for kind in kinds
        if kind is not MimoError
    ]
    return table(("code", "retry", "exit code", "meaning"), rows)


def events() -> str:
    """Return every event of the log."""
    return table(("event", "meaning"), [(f"`{name}`", text) for name, text in EVENTS.items()])


def hosts() -> str:
    """Return the block that tells each host about Mimo."""
    return "\n".join(
        f"**{host.title}**: {host.file}.\n\n"
        f"```{host.language}\n{host.render(['mimo', 'stdio'])}\n```\n"
        for host in HOSTS.values()
    )


SECTIONS: dict[str, Callable[[], str]] = {
    "tools": tools,
    "parity": parity,
    "hosts": hosts,
    "commands": commands,
    "settings": settings_table,
    "variables": variables,
    "tree": tree,
    "errors": errors,
    "events": events,
}


def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(rf"(<!-- {name} -->\n)(.*?)(<!-- /{name} -->)", re.DOTALL)


def written(name: str, text: str) -> str | None:
    """Return what stands in a section of the README's text; None when it has no such section."""
    found = _pattern(name).search(text)
    return found[2] if found else None


def main() -> None:
    """Write every section anew."""
    text = README.read_text(encoding="utf-8")
    for name, render in SECTIONS.items():
        before = written(name, text)
        if before is None:
            raise LookupError(f"expected <!-- {name} --> in {README}, got none; add it")
        start, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        text = text.replace(start + before + end, start + render() + end)
    README.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
