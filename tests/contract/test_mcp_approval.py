"""The user's agreement through the client, in both protocol eras. Source: mcp.md 4.6."""

from __future__ import annotations

from typing import Any

import anyio
import mcp_types as types
import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError

from mimo.actors.bridge.gateway import Gateway, Submission
from mimo.actors.catalogue import TOOLS
from mimo.actors.operations import Result
from mimo.interfaces.mcp.server import MimoServer
from mimo.supervision.messages import Failure
from tests.support.answering import Seen, answering

ERAS = ("legacy", "2026-07-28")
QUESTION = "delete memory 3, 'Ada likes tea'?"
ARGUMENTS = {"operation": "delete", "memory_id": 3}
DELETED = {"memory_id": 3, "deleted_at": "2026-05-03T00:00:00Z", "restorable": True}
Answer = Any


def worker(submission: Submission) -> Any:
    """Act as a worker that wants to be allowed."""
    if submission.idempotency_key.endswith(":approved"):
        return Result(data=DELETED)
    return Failure(code="approval_required", message=QUESTION)


def saying(action: str, confirm: object = None) -> tuple[list[str], Answer]:
    """Return what a user is asked, and a user who answers so."""
    asked: list[str] = []

    async def answer(_context: Any, params: types.ElicitRequestParams) -> types.ElicitResult:
        asked.append(params.message)
        content = {"confirm": confirm} if confirm is not None else None
        return types.ElicitResult.model_validate({"action": action, "content": content})

    return asked, answer


def call(era: str, user: Answer | None) -> tuple[types.CallToolResult, Seen]:
    """Make the call as a client with this user; None: a client that can't ask."""
    found: list[types.CallToolResult] = []

    async def run() -> None:
        async with Client(server.sdk, mode=era, elicitation_callback=user) as client:
            found.append(await client.call_tool("memory", ARGUMENTS))

    gateway = Gateway()
    server = MimoServer(gateway, TOOLS)
    with answering(gateway, worker) as seen:
        anyio.run(run)
    return found[0], seen


def text(result: types.CallToolResult) -> str:
    (part,) = result.content
    assert isinstance(part, types.TextContent)
    return part.text


@pytest.mark.parametrize("era", ERAS)
def test_a_user_who_agrees_is_asked_once_and_obeyed(era: str) -> None:
    """The question is the worker's, word for word."""
    asked, user = saying("accept", confirm=True)
    result, seen = call(era, user)

    assert asked == [QUESTION]
    assert not result.is_error
    assert result.structured_content == DELETED
    approved = [each.idempotency_key for each in seen.submissions]
    assert approved[-1].endswith(":approved")
    assert len([key for key in approved if key.endswith(":approved")]) == 1


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize(
    ("action", "confirm"),
    [("decline", None), ("cancel", None), ("accept", False), ("accept", "yes")],
)
def test_anything_but_a_yes_is_a_no(era: str, action: str, confirm: object) -> None:
    """A form sent off without its tick is none."""
    asked, user = saying(action, confirm)
    result, seen = call(era, user)

    assert asked == [QUESTION]
    assert result.is_error
    assert text(result).startswith("approval_required: ")
    assert "nothing was done" in text(result)
    assert not any(each.idempotency_key.endswith(":approved") for each in seen.submissions)


@pytest.mark.parametrize("era", ERAS)
def test_a_client_that_cannot_ask_gets_a_refusal(era: str) -> None:
    """Never the effect."""
    result, seen = call(era, None)

    assert result.is_error
    assert QUESTION in text(result)
    assert "can't ask" in text(result)
    assert not any(each.idempotency_key.endswith(":approved") for each in seen.submissions)


def test_an_answer_opens_one_call_and_none_that_is_made_up() -> None:
    """Sealed, bound to the arguments, used once. Source: MCP 2026-07-28, requestState."""

    async def run() -> None:
        async with Client(
            server.sdk, mode="2026-07-28", elicitation_callback=saying("accept", confirm=True)[1]
        ) as client:

            async def again(state: str | None, memory_id: int = 3) -> Any:
                return await client.session.call_tool(
                    "memory",
                    {**ARGUMENTS, "memory_id": memory_id},
                    input_responses={
                        "confirm": types.ElicitResult(action="accept", content={"confirm": True})
                    },
                    request_state=state,
                    allow_input_required=True,
                )

            asked = await again(None)
            assert isinstance(asked, types.InputRequiredResult)
            for wrong in (again("made-up"), again(asked.request_state, memory_id=4)):
                with pytest.raises(MCPError) as refusal:
                    await wrong
                assert refusal.value.error.code == types.INVALID_PARAMS
            done = await again(asked.request_state)
            assert isinstance(done, types.CallToolResult)
            assert done.structured_content == DELETED
            assert isinstance(await again(asked.request_state), types.InputRequiredResult)

    gateway = Gateway()
    server = MimoServer(gateway, TOOLS)
    with answering(gateway, worker):
        anyio.run(run)
