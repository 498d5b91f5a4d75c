"""The user's agreement to one call, asked for through the client, in both protocol eras.

The question is made of facts of ours by the worker that would act; nothing was changed yet. A
client that can't ask its user gets a refusal, never the effect.
"""

from __future__ import annotations

import hashlib
import secrets
from collections import OrderedDict
from dataclasses import dataclass

import anyio
import mcp_types as types
from mcp.server.request_state import RequestStateBoundary, RequestStateSecurity
from mcp.shared.exceptions import MCPError
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from mimo.interfaces.mcp.calls import Context

#: How long a user may take to answer where the call stays open meanwhile, in seconds.
ANSWER_S = 120.0
#: How many answers are remembered as used, so that each opens one call.
USED_MAX = 1_024
#: The one field of the form, and the name of the question.
CONFIRM = "confirm"
FORM: types.ElicitRequestedSchema = {
    "type": "object",
    "properties": {
        CONFIRM: {
            "type": "boolean",
            "title": "Allow it",
            "description": "Allow this one call.",
            "default": False,
        }
    },
    "required": [CONFIRM],
}

CANT_ASK = (
    "; the client can't ask its user, so nothing was done. Ask your user: with"
    " `mimo call` in a terminal they can do it themselves, or the settings can allow it"
)
DECLINED = "; the user declined, so nothing was done. Don't try again unless they ask for it"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of asking.

    Args:
        is_approved: Whether the user agreed to this very question.
        why_not: What to tell the client; "" if approved.
    """

    is_approved: bool
    why_not: str = ""


class Approvals:
    """Asks users, and takes each answer once."""

    def __init__(self) -> None:
        self._used: OrderedDict[str, None] = OrderedDict()

    async def ask(
        self, context: Context, params: types.CallToolRequestParams, question: str
    ) -> Verdict | types.InputRequiredResult:
        """Return what the user says; a result that asks, where the client calls again with it.

        Args:
            context: Of the call.
            params: Of the call; the answer to an earlier question rides on them.
            question: One sentence for the user.
        """
        capabilities = context.session.client_capabilities
        if capabilities is None or capabilities.elicitation is None:
            return Verdict(False, CANT_ASK)
        if context.protocol_version in MODERN_PROTOCOL_VERSIONS:
            return self._ridden(params, question)
        return await self._elicited(context, question)

    def _ridden(
        self, params: types.CallToolRequestParams, question: str
    ) -> Verdict | types.InputRequiredResult:
        answer = (params.input_responses or {}).get(CONFIRM)
        nonce, _, asked = (params.request_state or "").partition(":")
        is_mine = asked == _digest(question) and nonce not in self._used
        if answer is None or not is_mine:
            state = f"{secrets.token_hex(16)}:{_digest(question)}"
            request = types.ElicitRequest(
                params=types.ElicitRequestFormParams(message=question, requested_schema=FORM)
            )
            return types.InputRequiredResult(request_state=state, input_requests={CONFIRM: request})
        self._used[nonce] = None
        while len(self._used) > USED_MAX:
            self._used.popitem(last=False)
        return _verdict(answer)

    async def _elicited(self, context: Context, question: str) -> Verdict:
        answer: object = None
        try:
            with anyio.move_on_after(ANSWER_S):
                answer = await context.session.elicit_form(
                    question, FORM, related_request_id=context.request_id
                )
        except MCPError:
            return Verdict(False, CANT_ASK)
        return _verdict(answer)


def sealing() -> RequestStateBoundary:
    """Return the middleware that lets no client make or change what it gives back.

    The key lives as long as the process: after a restart the user is asked again.
    """
    security = RequestStateSecurity(keys=[secrets.token_bytes(32)])
    return RequestStateBoundary(security, default_audience="mimo")


def _verdict(answer: object) -> Verdict:
    is_approved = (
        isinstance(answer, types.ElicitResult)
        and answer.action == "accept"
        and (answer.content or {}).get(CONFIRM) is True
    )
    return Verdict(is_approved, "" if is_approved else DECLINED)


def _digest(question: str) -> str:
    return hashlib.sha256(question.encode()).hexdigest()
