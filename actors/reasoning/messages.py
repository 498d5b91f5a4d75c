"""What `tools/reasoning` can be asked; replies are `mimo.actors.operations.Result`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Do one operation of the `reason` tool, or one of `cognitive` that looks things up.

    Args:
        operation: Its name.
        arguments: As they were checked against its schema.
        key: Idempotency key; the same one has its effect once, also over a death of the worker.
        client: Who calls.
    """

    operation: str
    arguments: Mapping[str, Any]
    key: str
    client: str
