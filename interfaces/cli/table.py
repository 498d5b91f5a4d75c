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


_CLI = "mimo.interfaces.cli"

COMMANDS: dict[str, Entry] = {
    "stdio": Entry("", "Serve one assistant over stdin and stdout; starts the node if needed."),
    "start": Entry(f"{_CLI}.lifecycle.start", "Start the node in the background."),
    "stop": Entry(f"{_CLI}.lifecycle.stop", "Stop the node in order."),
    "restart": Entry(f"{_CLI}.lifecycle.restart", "Restart the node, or one part of its tree."),
    "status": Entry(f"{_CLI}.looking.status", "Tell whether the node runs and how it is."),
    "tree": Entry(f"{_CLI}.looking.tree", "Show the live supervision tree."),
    "top": Entry(f"{_CLI}.looking.top", "Show the tree again and again, with CPU use."),
    "kill": Entry(f"{_CLI}.lifecycle.kill", "Send a signal to one process of the tree."),
    "tables": Entry(f"{_CLI}.looking.tables", "Show the heir-held tables: owner, sequence, size."),
    "breakers": Entry(f"{_CLI}.looking.breakers", "Show the circuit breakers."),
    "logs": Entry(f"{_CLI}.log_reading.logs", "Show the log, filtered or as it grows."),
    "call": Entry(f"{_CLI}.calling.call", "Call a tool, as an assistant would."),
    "tools": Entry(f"{_CLI}.calling.tools", "List the tools and their operations."),
    "backup": Entry(f"{_CLI}.keeping.backup", "Make a verified backup, or list them."),
    "restore": Entry(f"{_CLI}.keeping.restore", "Put a backup in the database's place."),
    "check": Entry(f"{_CLI}.keeping.check", "Check the database's integrity."),
    "doctor": Entry(f"{_CLI}.doctoring.doctor", "Check everything that Mimo needs to work here."),
    "config": Entry(f"{_CLI}.configuring.config", "Show the settings and where they come from."),
    "version": Entry(f"{_CLI}.configuring.version", "Show the versions of Mimo and its parts."),
    "demo": Entry(f"{_CLI}.configuring.demo", "Run a session that stores, kills and recalls."),
    "node": Entry("", "Be the node, in the foreground; `start` and `stdio` do it for you."),
}
