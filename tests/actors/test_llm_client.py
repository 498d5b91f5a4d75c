"""The client of language models as a process, before a real server that misbehaves in every way."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mimo.actors.llm.messages import Complete, Completion
from mimo.config import errors, limits
from mimo.config.settings import Settings, load_settings
from mimo.supervision.messages import GetStatistics
from mimo.supervision.specs import ChildSpec, SupervisorFlags, group
from tests.support.leftovers import tables_of
from tests.support.llm_server import LASTING, LATE, PASSING, LlmServer, llm_server
from tests.support.owners import HEIR, heir
from tests.support.tree import Tree, running_tree
from tests.support.waiting import eventually

NAME = "memory/llm"
BREAKERS = "resilience/breakers"
FLAGS = SupervisorFlags(intensity=1_000, period_s=1.0)
KEY = "sk-never-to-be-seen-4711"


@pytest.fixture
def server() -> Iterator[LlmServer]:
    with llm_server() as running:
        yield running


@contextlib.contextmanager
def client_of(folder: Path, data_dir: Path, **settings: str) -> Iterator[Tree]:
    """Give a tree with a client under these settings of the section `llm`."""
    found: Settings = load_settings(
        {"data_dir": str(data_dir)} | {f"llm.{name}": value for name, value in settings.items()}
    )
    args = {"heir": HEIR, "settings": found, "seed": 7}
    spec = group(
        "mimo",
        FLAGS,
        heir(data_dir),
        ChildSpec(id=BREAKERS, start="mimo.actors.resilience.breakers.Breakers", args=args),
        ChildSpec(id=NAME, start="mimo.actors.llm.client.LlmClient", args=args),
    )
    try:
        with running_tree(spec, folder) as tree:
            yield tree
    finally:
        shutil.rmtree(tables_of(data_dir), ignore_errors=True)


def ask(tree: Tree, prompt: str = "Where does Ada live?", **fields: Any) -> Completion:
    given = {"system": "Be brief.", "purpose": "test", "deadline_s": 20.0, **fields}
    found = tree.call(NAME, Complete(prompt=prompt, **given), timeout_s=60.0)
    assert isinstance(found, Completion)
    return found


def figures(tree: Tree) -> dict[str, Any]:
    found: dict[str, Any] = tree.call(NAME, GetStatistics()).extra
    return found


def test_without_a_provider_nobody_is_asked_and_the_reason_is_told(
    data_dir: Path, tmp_path: Path
) -> None:
    with (
        client_of(tmp_path, data_dir) as tree,
        pytest.raises(errors.NotAvailable, match=r"no provider configured; set llm\.providers"),
    ):
        ask(tree)


def test_each_form_is_spoken_and_the_same_question_is_asked_once(
    server: LlmServer, data_dir: Path, tmp_path: Path
) -> None:
    for number, name in enumerate(("openai", "ollama")):
        place = tmp_path / name
        place.mkdir()
        with client_of(place, data_dir / name, providers=f"{name}:m@{server.url}") as tree:
            found = ask(tree)
            again = ask(tree)

            assert (found.text, found.provider, found.model) == ("Turin.", name, "m")
            assert (found.cached, found.tokens) == (False, 15)
            assert (again.text, again.cached) == ("Turin.", True)
            assert len(server.requests) == number + 1
            assert figures(tree)["tokens_this_hour"] == 15
    assert [each["path"] for each in server.requests] == ["/chat/completions", "/api/chat"]
    assert all(each["messages"][0]["role"] == "system" for each in server.requests)


def test_what_may_pass_is_tried_again(server: LlmServer, data_dir: Path, tmp_path: Path) -> None:
    with client_of(tmp_path, data_dir, providers=f"openai:m@{server.url}") as tree:
        for way in PASSING:
            server.script.append(way)
            assert ask(tree, f"What about {way}?").text == "Turin.", way

        assert len(server.requests) == 2 * len(PASSING)


def test_the_next_provider_answers_when_one_is_late_or_refuses(
    server: LlmServer, data_dir: Path, tmp_path: Path
) -> None:
    with llm_server() as second:
        second.say = lambda _body: "Oslo."
        providers = f"ollama:a@{server.url},openai:b@{second.url}"
        with client_of(tmp_path, data_dir, providers=providers, attempt_timeout_s="0.4") as tree:
            for way in (*LATE, "huge", *LASTING[:1]):
                server.way = way
                assert ask(tree, f"What about {way}?").provider == "openai", way

            # Refused once, it is left alone for a while.
            asked = len(server.requests)
            assert ask(tree, "And now?").text == "Oslo."
            assert len(server.requests) == asked


@pytest.mark.parametrize("way", LASTING)
def test_what_lasts_is_told_and_nobody_follows_a_redirect(
    server: LlmServer, data_dir: Path, tmp_path: Path, way: str
) -> None:
    server.way = way
    with client_of(tmp_path, data_dir, providers=f"openai:m@{server.url}") as tree:
        with pytest.raises(errors.NotAvailable, match=r"openai:m: status \d+"):
            ask(tree)

        assert [each["path"] for each in server.requests] == ["/chat/completions"]


def test_a_named_time_is_waited_for(server: LlmServer, data_dir: Path, tmp_path: Path) -> None:
    server.script.append("wait")
    with client_of(tmp_path, data_dir, providers=f"openai:m@{server.url}") as tree:
        assert ask(tree).text == "Turin."

        server.way, server.retry_after = "wait", "300"
        with pytest.raises(errors.NotAvailable, match="wait 300 s") as refused:
            ask(tree, "Another?", deadline_s=2.0)
        assert refused.value.retry_after_s == pytest.approx(300, abs=30)
        asked = len(server.requests)
        with pytest.raises(errors.NotAvailable):
            ask(tree, "A third?", deadline_s=2.0)
        assert len(server.requests) == asked


def test_the_whole_question_has_a_deadline(
    server: LlmServer, data_dir: Path, tmp_path: Path
) -> None:
    server.way = "hang"
    with client_of(tmp_path, data_dir, providers=f"openai:m@{server.url}") as tree:
        with pytest.raises(errors.NotAvailable, match="no answer in time"):
            ask(tree, deadline_s=0.3)
        # It serves others meanwhile.
        assert figures(tree)["active"] == 0


def test_json_is_checked_and_asked_for_once_more(
    server: LlmServer, data_dir: Path, tmp_path: Path
) -> None:
    texts = iter(["Sure! {", '<think>{no}</think>```json\n{"city": "Turin"}\n```', "no", "no"])
    server.say = lambda _body: next(texts)
    with client_of(tmp_path, data_dir, providers=f"openai:m@{server.url}") as tree:
        found = ask(tree, json=True)
        assert json.loads(found.text) == {"city": "Turin"}
        assert server.requests[0]["response_format"] == {"type": "json_object"}
        assert "not valid JSON" in server.requests[1]["messages"][1]["content"]

        with pytest.raises(errors.NotAvailable, match="not JSON"):
            ask(tree, "Again?", json=True)
        assert len(server.requests) == 4


def test_two_questions_run_at_once_and_too_many_are_refused(
    server: LlmServer, data_dir: Path, tmp_path: Path
) -> None:
    server.way = "hang"
    with client_of(
        tmp_path, data_dir, providers=f"openai:m@{server.url}", calls_per_hour="100"
    ) as tree:
        up = tree.whereis(NAME)
        from mimo.supervision import messages as m

        for number in range(limits.LLM_AT_ONCE_MAX + limits.LLM_WAITING_MAX):
            call = m.Call(
                id=number + 1,
                target=NAME,
                incarnation=up.incarnation,
                request=Complete(system="", prompt=f"number {number}", deadline_s=20.0),
                deadline_s=1e12,
            )
            tree.send(up.address, call)
        eventually(lambda: figures(tree)["waiting"] == limits.LLM_WAITING_MAX, within_s=20.0)
        eventually(lambda: len(server.requests) == limits.LLM_AT_ONCE_MAX, within_s=20.0)
        with pytest.raises(errors.Busy):
            ask(tree, "one more")
        server.way = ""
        server.released.set()
        eventually(lambda: figures(tree)["answered"] == 18, within_s=40.0)
        assert server.most_at_once == limits.LLM_AT_ONCE_MAX


def test_the_budget_outlives_the_client(server: LlmServer, data_dir: Path, tmp_path: Path) -> None:
    providers = f"openai:m@{server.url}"
    with client_of(tmp_path, data_dir, providers=providers, calls_per_hour="2") as tree:
        ask(tree, "one")
        dead = tree.kill(NAME, signal.SIGKILL)
        eventually(lambda: tree.pid(NAME) not in (0, dead), within_s=30.0)
        ask(tree, "two")
        with pytest.raises(errors.NotAvailable, match=r"llm\.calls_per_hour \(2\)") as refused:
            ask(tree, "three")

        assert refused.value.retry_after_s is not None
        assert 0 < refused.value.retry_after_s <= 3_600
        assert len(server.requests) == 2


def test_the_key_is_sent_and_nowhere_told(
    server: LlmServer, data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_KEY_OF_OURS", KEY)
    providers = f"openai:m@{server.url}"
    with client_of(tmp_path, data_dir, providers=providers, key_variable="A_KEY_OF_OURS") as tree:
        ask(tree)
        server.way = "no_key"
        with pytest.raises(errors.NotAvailable) as refused:
            ask(tree, "Another?")

        assert server.requests[0]["headers"]["Authorization"] == f"Bearer {KEY}"
        assert KEY not in str(refused.value)
        assert KEY not in str(figures(tree))
    told = "".join(path.read_text(errors="replace") for path in tmp_path.rglob("*.log"))
    assert "llm.answered" in told
    assert KEY not in told


def test_a_missing_key_is_told_by_the_name_of_its_variable(
    server: LlmServer, data_dir: Path, tmp_path: Path
) -> None:
    assert "GROQ_API_KEY" not in os.environ
    with client_of(tmp_path, data_dir, providers=f"groq:m@{server.url}") as tree:
        with pytest.raises(errors.NotAvailable, match="set GROQ_API_KEY"):
            ask(tree)
        assert not server.requests


def test_failures_open_the_breaker_and_then_nobody_is_asked(
    server: LlmServer, data_dir: Path, tmp_path: Path
) -> None:
    server.way = "no_model"
    with client_of(tmp_path, data_dir, providers=f"openai:m@{server.url}") as tree:

        def refused() -> str:
            with pytest.raises(errors.NotAvailable) as found:
                ask(tree, deadline_s=0.2)
            return str(found.value)

        eventually(lambda: "failed lately" in refused(), within_s=20.0)


@pytest.mark.parametrize("fields", [{"prompt": ""}, {"max_tokens": 0}, {"deadline_s": 0.0}])
def test_what_no_model_can_answer_is_refused(
    server: LlmServer, data_dir: Path, tmp_path: Path, fields: dict[str, Any]
) -> None:
    with client_of(tmp_path, data_dir, providers=f"openai:m@{server.url}") as tree:
        with pytest.raises(errors.InvalidRequest):
            ask(tree, **({"system": ""} | fields))
        assert not server.requests
