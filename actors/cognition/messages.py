"""What verifies; served by `tools/reasoning`, answered by `mimo.actors.operations.Result`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Verify:
    """Do one of the `verify_*` operations; see `verifying.answer`.

    Args:
        operation: Its name.
        arguments: As they were checked against its schema.
    """

    operation: str
    arguments: Mapping[str, Any]
