"""What `meta` asks of tools/insight that takes the other tools."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Composite:
    """A question whose answer takes other tools.

    Args:
        key: Idempotency key of the call; those made for it have keys of their own, made of it.
        request_id: For the log.
    """

    key: str
    request_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalyzeFile(Composite):
    """Return what is known of a file.

    Args:
        path: The file.
        include_content: Whether its beginning is shown.
    """

    path: str
    include_content: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DebugError(Composite):
    """Return what is known of an error.

    Args:
        message: An error message or a traceback.
        path: The file that it is about; "" for the one that it names.
        symbol: A symbol that it is about; "" for those that it names.
    """

    message: str
    path: str = ""
    symbol: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrepareContext(Composite):
    """Return what a reader should know, within a budget.

    Args:
        query: What he is about to do or asks.
        max_tokens: The budget, by estimate.
        sources: Where to look.
    """

    query: str
    max_tokens: int
    sources: tuple[str, ...]
