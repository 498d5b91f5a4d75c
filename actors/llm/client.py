"""The client of language models: asks those the user has named, and nobody unless one is named.

Requests wait in threads; this process decides, counts and never blocks. All that is asked is
charged to a budget that a heir holds, before it is sent.
"""

from __future__ import annotations

import os
import random
from collections import deque
from dataclasses import dataclass
from functools import partial
from typing import Any

from mimo.actors.http_exchange import Exchange
from mimo.actors.llm import wire
from mimo.actors.llm.attempts import Ask, Attempts, GiveUp, Outcome, Pause, Rests
from mimo.actors.llm.budget import Budget
from mimo.actors.llm.cache import Cache, digest_of
from mimo.actors.llm.judging import outcome_of
from mimo.actors.llm.messages import Complete, Completion
from mimo.actors.llm.providers import Provider, key_of, providers_of
from mimo.actors.llm.sending import Late, Sender
from mimo.actors.resilience.messages import Acquire, Record
from mimo.config import limits, logs
from mimo.config.errors import Busy, InvalidRequest, NotAvailable
from mimo.config.settings import Settings
from mimo.supervision import messages as m
from mimo.supervision.breaker import Outcome as BreakerOutcome
from mimo.supervision.breaker import Permit
from mimo.supervision.gen_server import NO_REPLY, failure
from mimo.supervision.heir_protocol import TableSpec
from mimo.supervision.table import TableOwner

TABLE = TableSpec(name="llm_budget", rows_max=4, bytes_max=16_384)
_ROW = "budget"
BREAKERS = "resilience/breakers"
BREAKER = "llm"
#: How long the breaker may take to answer, in seconds; without it a question is asked anyway.
PERMIT_S = 2.0
#: Why nothing works that needs a language model, unless the user names one.
NONE_CONFIGURED = (
    "expected a language model, got no provider configured; set llm.providers, for example to"
    ' ["ollama:llama3.2"]'
)


@dataclass(slots=True, eq=False)
class _Question:
    """One call and how far it is."""

    call: m.Call
    request: Complete
    digest: str
    attempts: Attempts
    began_s: float
    permit: Permit | None = None
    tokens: int = 0


class _GoOn:
    """Timer payload: the pause of this question is over."""

    def __init__(self, question: _Question) -> None:
        self.question = question


class LlmClient(TableOwner):
    """Answer `Complete`; see the module."""

    def init(self, args: dict[str, Any]) -> None:
        """Read which providers there are; nothing is loaded or opened before the first question."""
        settings: Settings = args["settings"]
        self._settings = settings.llm
        self._log = logs.get_logger(self.name)
        self._trouble = NONE_CONFIGURED
        self._providers: tuple[Provider, ...] = ()
        try:
            self._providers = providers_of(self._settings)
        except NotAvailable as error:
            self._trouble = error.message
            self._log.error("llm.misconfigured", detail=error.message)
        self._budget = Budget(self._settings.calls_per_hour, self._settings.tokens_per_hour)
        self._cache = Cache(
            self._settings.cache_ttl_s, limits.LLM_CACHE_ROWS_MAX, limits.LLM_CACHE_BYTES_MAX
        )
        self._chance = random.Random(args.get("seed", self.incarnation))
        self._rests: Rests = {}
        self._queue: deque[_Question] = deque()
        self._active: set[_Question] = set()
        self._sender = Sender(self)
        self._counts = {"answered": 0, "cached": 0, "failed": 0, "attempts": 0}
        super().init(args)

    def may_rest(self) -> bool:
        """Tell whether there is nobody to ask; else others look whether this process serves."""
        return not self._providers

    def tables(self) -> tuple[TableSpec, ...]:
        """Return the one table: the budget."""
        return (TABLE,)

    def table_ready(self) -> None:
        """Go on from what was charged before."""
        row = self.table(TABLE.name).get(_ROW)
        if row is not None:
            self._budget.restore(row)
        if self._providers:
            self.follow(BREAKERS)

    def handle_call(self, request: Any, call: m.Call) -> Any:
        """Answer `Complete`, now from the cache or later from a provider."""
        if isinstance(request, Complete):
            return self._complete(request, call)
        return super().handle_call(request, call)

    def handle_info(self, info: Any) -> None:
        """Go on after a pause; give up an attempt."""
        match info:
            case _GoOn():
                self._go_on(info.question)
            case Late():
                info.give_up()
            case _:
                super().handle_info(info)

    def statistics_extra(self) -> dict[str, Any]:
        """Add what was asked, without a word of it."""
        calls, tokens = self._budget.used()
        return {
            **self._counts,
            "providers": [provider.place for provider in self._providers],
            "active": len(self._active),
            "waiting": len(self._queue),
            "kept": len(self._cache),
            "calls_this_hour": calls,
            "tokens_this_hour": tokens,
        }

    # -- Questions ---------------------------------------------------------------------------
    def _complete(self, request: Complete, call: m.Call) -> Any:
        if not self._providers:
            raise NotAvailable(self._trouble)
        _check(request)
        now_s = self.clock.monotonic_s()
        digest = digest_of(request, self._providers)
        if (known := self._cache.get(digest, now_s)) is not None:
            self._counts["cached"] += 1
            return Completion(
                text=known.text, provider=known.provider, model=known.model, cached=True
            )
        if len(self._queue) >= limits.LLM_WAITING_MAX:
            raise Busy(
                f"expected at most {limits.LLM_WAITING_MAX} waiting questions, got one more",
                retry_after_s=5.0,
            )
        attempts = Attempts(
            self._providers,
            self._rests,
            deadline_s=now_s + request.deadline_s,
            attempt_s=self._settings.attempt_timeout_s,
            chance=self._chance,
        )
        self._queue.append(_Question(call, request, digest, attempts, now_s))
        self._start_waiting()
        return NO_REPLY

    def _start_waiting(self) -> None:
        """Begin with the next questions, as long as there is room."""
        while self._queue and len(self._active) < limits.LLM_AT_ONCE_MAX:
            question = self._queue.popleft()
            self._active.add(question)
            self.call(
                BREAKERS,
                Acquire(breaker=BREAKER),
                partial(self._permitted, question),
                timeout_s=PERMIT_S,
            )

    def _permitted(self, question: _Question, value: Any) -> None:
        """Go on; without an answer of the breakers too, since they only protect."""
        if isinstance(value, m.Failure) and value.code == "breaker_open":
            self._fail(question, "all providers failed lately", value.retry_after_s, "ignored")
            return
        question.permit = value if isinstance(value, Permit) else None
        self._go_on(question)

    def _go_on(self, question: _Question) -> None:
        step = question.attempts.next(self.clock.monotonic_s())
        match step:
            case Pause():
                self.after(step.delay_s, _GoOn(question))
            case GiveUp():
                self._fail(question, step.reason, step.retry_after_s)
            case Ask():
                self._ask(question, step)

    def _ask(self, question: _Question, step: Ask) -> None:
        """Charge the budget and send, unless something forbids it."""
        wall_s = self.clock.wall_s()
        tokens = wire.tokens_at_most(question.request)
        if refusal := self._budget.refusal(tokens, wall_s):
            wait_s = self._budget.retry_after_s(wall_s)
            self._fail(question, refusal, wait_s, "ignored")
            return
        if self._sender.is_stuck:
            self._fail(question, "too many requests hang", None)
            return
        try:
            key = key_of(step.provider, os.environ)
        except NotAvailable as error:
            self._attempted(question, step, Outcome(kind="refused", why=error.message))
            return
        minute = self._budget.charge(tokens, wall_s)
        self._save()
        self._counts["attempts"] += 1
        body = wire.body_of(step.provider, question.request, is_repair=step.is_repair)

        def finished(exchange: Exchange | None) -> None:
            self._judge(question, step, exchange, charged=(minute, tokens))

        self._sender.send(step.provider.url, body, key, step.timeout_s, finished)

    def _judge(
        self, question: _Question, step: Ask, exchange: Exchange | None, charged: tuple[int, int]
    ) -> None:
        """Answer the question if the exchange went well; else learn from it and go on."""
        outcome = outcome_of(exchange, self.clock.wall_s())
        if outcome.kind != "said" or exchange is None:
            self._attempted(question, step, outcome)
            return
        try:
            said = wire.said_in(step.provider, exchange.answer)
        except wire.WrongForm as error:
            self._attempted(question, step, Outcome(kind="transient", why=f"got {error}"))
            return
        took = said.tokens or charged[1]
        question.tokens += took
        self._budget.correct(*charged, took)
        self._save()
        text = wire.json_in(said.text) if question.request.json else said.text
        if text is None:
            self._attempted(question, step, Outcome(kind="not_json", why="got text, not JSON"))
            return
        self._answer(question, step.provider, text)

    def _attempted(self, question: _Question, step: Ask, outcome: Outcome) -> None:
        self._log.warning("llm.attempt_failed", provider=step.provider.place, reason=outcome.why)
        question.attempts.note(outcome, self.clock.monotonic_s())
        self._go_on(question)

    def _answer(self, question: _Question, provider: Provider, text: str) -> None:
        completion = Completion(
            text=text, provider=provider.name, model=provider.model, tokens=question.tokens
        )
        now_s = self.clock.monotonic_s()
        self._cache.put(question.digest, completion, now_s)
        self._counts["answered"] += 1
        self._log.info(
            "llm.answered",
            provider=provider.place,
            purpose=question.request.purpose,
            tokens=question.tokens,
            duration_ms=round((now_s - question.began_s) * 1_000),
        )
        self._end(question, completion, "success")

    def _fail(
        self,
        question: _Question,
        reason: str,
        retry_after_s: float | None,
        outcome: BreakerOutcome = "failure",
    ) -> None:
        self._counts["failed"] += 1
        error = NotAvailable(
            f"expected an answer of a language model, got: {reason}", retry_after_s=retry_after_s
        )
        self._end(question, failure(error), outcome)

    def _end(self, question: _Question, value: Any, outcome: BreakerOutcome) -> None:
        self._active.discard(question)
        if question.permit is not None:
            took_s = self.clock.monotonic_s() - question.began_s
            record = Record(permit=question.permit, outcome=outcome, duration_s=took_s)
            self.cast(BREAKERS, record)
        self.reply(question.call, value)
        self._start_waiting()

    def _save(self) -> None:
        self.keep(TABLE.name, [(_ROW, self._budget.to_row())])


def _check(request: Complete) -> None:
    size = len((request.system + request.prompt).encode("utf-8", "surrogatepass"))
    is_good = (
        0 < size <= limits.LLM_PROMPT_BYTES_MAX
        and len(request.image) <= limits.LLM_IMAGE_CHARS_MAX
        and 1 <= request.max_tokens <= limits.LLM_TOKENS_MAX
        and 0 < request.deadline_s <= limits.LLM_DEADLINE_S_MAX
    )
    if not is_good:
        raise InvalidRequest(
            f"expected 1 to {limits.LLM_PROMPT_BYTES_MAX} bytes, 1 to {limits.LLM_TOKENS_MAX}"
            f" tokens and at most {limits.LLM_DEADLINE_S_MAX:.0f} s, got {size},"
            f" {request.max_tokens} and {request.deadline_s:g}; ask for less"
        )
