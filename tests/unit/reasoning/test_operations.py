"""The rows of the reason tool: what travels is clean, and each has a handler."""

from __future__ import annotations

from mimo.actors.operations import CallContext
from mimo.actors.reasoning.handlers import HANDLERS
from mimo.actors.reasoning.messages import Reason
from mimo.actors.reasoning.operations import REASON

CONTEXT = CallContext(client="test", connection="c", request_id="r", key="k")


def built(name: str, **arguments: object) -> Reason:
    operation = REASON.operation(name)
    assert operation is not None
    made = operation.build(arguments, CONTEXT)
    assert isinstance(made, Reason)
    return made


def test_every_operation_has_a_handler() -> None:
    assert {each.name for each in REASON.operations} <= set(HANDLERS)


def test_secrets_and_what_cannot_be_stored_never_travel() -> None:
    secret = "ghp_" + "a1B2" * 9
    made = built("steps", session_id="s", thoughts=[f"The token is {secret}", "a\ud800b\0c"])
    first, second = made.arguments["thoughts"]
    assert secret not in first
    assert second.encode().decode() == "ab c"


def test_a_summary_is_short_enough_for_the_wire() -> None:
    assert not [each.name for each in REASON.operations if len(each.summary) > 60]
