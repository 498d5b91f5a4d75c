"""The commands as data: name -> where it stands and what it does. Imported by the docs tests."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """One command of `mimo`.

    Args:
        place: Dotted path of its click command; empty where `mimo.__main__` serves it itself.
        summary: One line for the help and the README.
    """

    place: str
    summary: str


COMMANDS: dict[str, Entry] = {
    "stdio": Entry("", "Serve one assistant over stdin and stdout; starts the node if needed."),
    "start": Entry("mimo.interfaces.cli.lifecycle.start", "Start the node in the background."),
    "stop": Entry("mimo.interfaces.cli.lifecycle.stop", "Stop the node in order."),
    "restart": Entry(
        "mimo.interfaces.cli.lifecycle.restart", "Restart the node, or one part of its tree."
    ),
    "status": Entry(
        "mimo.interfaces.cli.looking.status", "Tell whether the node runs and how it is."
    ),
    "tree": Entry("mimo.interfaces.cli.looking.tree", "Show the live supervision tree."),
    "top": Entry("mimo.interfaces.cli.looking.top", "Show the tree again and again, with CPU use."),
    "kill": Entry(
        "mimo.interfaces.cli.lifecycle.kill", "Send a signal to one process of the tree."
    ),
    "tables": Entry(
        "mimo.interfaces.cli.looking.tables", "Show the heir-held tables: owner, sequence, size."
    ),
    "breakers": Entry("mimo.interfaces.cli.looking.breakers", "Show the circuit breakers."),
    "logs": Entry("mimo.interfaces.cli.log_reading.logs", "Show the log, filtered or as it grows."),
    "call": Entry("mimo.interfaces.cli.calling.call", "Call a tool, as an assistant would."),
    "tools": Entry("mimo.interfaces.cli.calling.tools", "List the tools and their operations."),
    "procedures": Entry(
        "mimo.interfaces.cli.procedures.procedures",
        "Show and run procedures; approve what they ask.",
    ),
    "tasks": Entry(
        "mimo.interfaces.cli.tasks.tasks", "Show and steer the tasks that run by themselves."
    ),
    "approvals": Entry(
        "mimo.interfaces.cli.tasks.approvals", "Show and decide what waits for your word."
    ),
    "export": Entry(
        "mimo.interfaces.cli.exchanging.export",
        "Write all memories to a file or a folder of notes.",
    ),
    "import": Entry(
        "mimo.interfaces.cli.exchanging.import_",
        "Read memories from an export, Mimo's or another's.",
    ),
    "ingest": Entry(
        "mimo.interfaces.cli.ingesting.ingest", "Read files, a page or a text into memories."
    ),
    "backup": Entry("mimo.interfaces.cli.keeping.backup", "Make a verified backup, or list them."),
    "restore": Entry(
        "mimo.interfaces.cli.keeping.restore", "Put a backup in the database's place."
    ),
    "check": Entry("mimo.interfaces.cli.keeping.check", "Check the database's integrity."),
    "doctor": Entry(
        "mimo.interfaces.cli.doctoring.doctor", "Check everything that Mimo needs to work here."
    ),
    "config": Entry(
        "mimo.interfaces.cli.configuring.config", "Show the settings and where they come from."
    ),
    "version": Entry(
        "mimo.interfaces.cli.configuring.version", "Show the versions of Mimo and its parts."
    ),
    "reembed": Entry(
        "mimo.interfaces.cli.reembedding.reembed",
        "Embed every memory by the model in force, and watch it.",
    ),
    "bench": Entry(
        "mimo.interfaces.cli.bench.bench", "Measure speed and retrieval on this machine."
    ),
    "demo": Entry(
        "mimo.interfaces.cli.configuring.demo", "Run a session that stores, kills and recalls."
    ),
    "node": Entry("", "Be the node, in the foreground; `start` and `stdio` do it for you."),
}
