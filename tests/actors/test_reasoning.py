"""The reason tool through a real client of a real node: every operation, and what it promises."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from mimo.actors.cognition.operations import COGNITIVE
from mimo.actors.reasoning.operations import REASON
from tests.support.client import CallError, Client
from tests.support.node import Node, running_node
from tests.support.waiting import eventually


@pytest.fixture(scope="module")
def node(
    tmp_path_factory: pytest.TempPathFactory,
    temporary_folder: Path,
) -> Iterator[Node]:
    data_dir = tmp_path_factory.mktemp("reasoning") / "data"
    data_dir.mkdir(mode=0o700)
    with running_node(data_dir, {"MIMO_EMBEDDING_PROVIDER": "none"}) as found:
        yield found


@pytest.fixture
def client(node: Node) -> Iterator[Client]:
    with node.connect() as found:
        yield found


def ask(client: Client, operation: str, **arguments: Any) -> dict[str, Any]:
    """Call and check the answer against the operation's own schema."""
    found = client.submit(operation, tool="reason", **arguments).result()
    known = REASON.operation(operation)
    assert known is not None
    jsonschema.validate(found, known.result)
    return found


def refused(client: Client, operation: str, **arguments: Any) -> CallError:
    with pytest.raises(CallError) as caught:
        ask(client, operation, **arguments)
    return caught.value


def guided(client: Client, problem: str, **more: Any) -> str:
    return str(ask(client, "guided", problem=problem, **more)["session_id"])


def test_a_step_names_the_memory_that_contradicts_it_and_the_sum_that_is_wrong(
    client: Client,
) -> None:
    memory = client.store("The lighthouse lamp uses 24 volts")
    session = guided(client, "How much current does the lighthouse lamp draw?", strategy="cot")
    step = ask(
        client,
        "step",
        session_id=session,
        thought="The lighthouse lamp uses 12 volts. And 120 / 24 = 6.",
    )
    by_claim = {one["claim"]: one for one in step["checks"]}
    assert by_claim["The lighthouse lamp uses 12 volts."]["contradicting"] == [memory]
    assert by_claim["And 120 / 24 = 6."]["by"] == "computed"
    assert step["evaluation"]["quality"] == "bad"
    assert (step["confidence"]["n"], step["confidence"]["score"]) == (2, 0.25)

    mended = ask(
        client,
        "step",
        session_id=session,
        thought="Rather, from step 1: the lighthouse lamp uses 24 volts, and 120 / 24 = 5.",
    )
    held = [one for one in mended["checks"] if one["status"] == "held"]
    assert held, mended["checks"]
    assert mended["confidence"]["n"] == 2 + len(mended["checks"])


def test_what_failed_is_brought_up_for_a_similar_problem(client: Client) -> None:
    session = guided(client, "Why does the gateway crash when the certificate is renewed?")
    ask(
        client,
        "step",
        session_id=session,
        thought="Attempt: restart the gateway after renewal",
        success=False,
        error="the socket was still bound",
    )
    reflected = ask(
        client, "reflect", session_id=session, thought="wait until the old socket is closed"
    )
    assert reflected["success"] is False
    assert reflected["stored_for_future"]

    later = ask(client, "guided", problem="The gateway crashes again after a certificate renewal")
    (past, *_) = later["initial_context"]["similar_problems"]
    assert (past["memory_id"], past["outcome"]) == (reflected["memory_id"], "failed")
    assert "wait until the old socket is closed" in later["lessons"]
    other = ask(client, "guided", problem="Which colour suits the kitchen walls?")
    assert other["initial_context"]["similar_problems"] == []

    amplified = ask(
        client,
        "amplify_start",
        problem="The gateway crashes again after a certificate renewal",
        level="deep",
    )
    thought = ask(
        client,
        "amplify_think",
        session_id=amplified["session_id"],
        thought="The gateway crashes since the certificate renewal restarts it.",
    )
    kinds = {one["kind"]: one for one in thought["challenges_generated"]}
    assert kinds["historical"]["memory_ids"] == [reflected["memory_id"]]
    assert kinds["historical"]["id"] in thought["must_address"]


def test_what_was_reasoned_is_no_evidence_for_what_is_reasoned(client: Client) -> None:
    session = guided(client, "Is the ferry painted green?", strategy="cot")
    ask(client, "step", session_id=session, thought="The ferry is painted green. 2 + 2 = 4.")
    ask(client, "step", session_id=session, thought="So the ferry wears the colour green.")
    ended = ask(client, "conclude", session_id=session, thought="The ferry is painted green.")
    assert ended["reflection_stored"], "a sum was checked and nothing was refuted"
    told = ask(client, "verify_claim", claim="The ferry is painted green")
    assert told["status"] == "unverified"


def test_strategies_hold_back_a_conclusion_until_their_demands_are_met(client: Client) -> None:
    chain = guided(client, "How many eggs are left?", strategy="cot")
    assert "no step yet" in refused(client, "conclude", session_id=chain).detail

    acting = guided(client, "Read the file of settings", strategy="react")
    ask(client, "step", session_id=acting, thought="Action: open the settings file")
    assert "has no observation" in refused(client, "conclude", session_id=acting).detail
    early = ask(client, "step", session_id=acting, thought="Thought: the settings file is short")
    assert "before the action in step 1" in early["evaluation"]["issues"][0]
    ask(client, "step", session_id=acting, thought="Observation: the settings file has one line")
    ask(client, "conclude", session_id=acting)
    assert "was concluded" in refused(client, "step", session_id=acting, thought="more").detail

    tree = guided(client, "Which database should we choose?", strategy="tot")
    ask(client, "branch", session_id=tree, thought="A database in a file: 3 * 7 = 22")
    assert "1 of at least 2" in refused(client, "conclude", session_id=tree).detail
    back = ask(client, "backtrack", session_id=tree)
    assert (back["backtracked_from"], back["now_on_branch"]) == ("b1", "main")
    made = ask(client, "branch", session_id=tree, thought="A database server: 3 * 7 = 21")
    assert made["parent"] == "main"
    standing = {one["branch_id"]: one["standing"].get("score") for one in made["branches"]}
    assert standing["b2"] > standing["b1"]
    ask(client, "conclude", session_id=tree)


def test_an_amplified_session_is_blocked_until_it_stood_up_to_its_level(client: Client) -> None:
    problem = "Decide whether to move the archive to the cloud; and say what it costs"
    started = ask(client, "amplify_start", problem=problem, level="standard")
    session = started["session_id"]
    assert (started["next_action"], started["demands"]["steps_min"]) == ("decompose", 3)
    short = ask(client, "amplify_decomposition", session_id=session, response="x" * 400)
    assert not short["accepted"], "length alone is no answer"
    parts = "1. Decide what speaks for moving the archive to the cloud\n2. What it costs"
    assert ask(client, "amplify_decomposition", session_id=session, response=parts)["accepted"]
    for thought in (
        "The archive in the cloud always costs storage and traffic: 20 * 12 = 240 a year.",
        "Moving takes a week of work, since the archive has ten folders of films.",
        "A local copy of the archive stays, so that the cloud may fail.",
    ):
        ask(client, "amplify_think", session_id=session, thought=thought)
    blocked = ask(client, "amplify_conclude", session_id=session)
    assert (blocked["blocked"], blocked["reason"]) == (True, "consider_perspective")
    for name, insight in (
        ("risk", "A provider could close the account without warning"),
        ("reversibility", "Downloading everything again needs bandwidth and patience"),
    ):
        ask(client, "amplify_perspective", session_id=session, perspective=name, insights=[insight])
    status = ask(client, "amplify_status", session_id=session)
    assert status["next_action"] == "synthesize"
    assert status["counts"]["perspectives"] == 2
    ended = ask(client, "amplify_conclude", session_id=session)
    assert (ended["concluded"], ended["blocked"]) == (True, False)


def test_a_deep_session_ends_with_a_synthesis_that_speaks_of_every_part(client: Client) -> None:
    problem = "Decide where the museum ship lies; and say who paints its hull"
    begun = ask(client, "amplify_start", problem=problem, level="deep")
    session = begun["session_id"]
    parts = "1. Decide where the museum ship lies\n2. Say who paints its hull"
    ask(client, "amplify_decomposition", session_id=session, response=parts)
    for thought in (
        "The museum ship lies at the quay of the old harbour.",
        "Its hull needs paint each spring, before the season begins.",
        "Volunteers of the museum paint ships since their club was founded.",
        "The quay has a dry place where the ship fits between tides.",
        "A professional yard checks the hull of the ship after painting.",
    ):
        ask(client, "amplify_think", session_id=session, thought=thought)
    for name, insight in (
        ("cost", "Renting scaffolding exceeds the yearly donations"),
        ("risk", "Toxic antifouling needs protective masks and permits"),
        ("time", "Three weekends suffice unless rainfall interrupts"),
    ):
        ask(client, "amplify_perspective", session_id=session, perspective=name, insights=[insight])
    wordless = ask(client, "amplify_conclude", session_id=session)
    assert (wordless["blocked"], wordless["reason"]) == (True, "synthesize")
    half = "The museum ship lies at the old quay, we decide."
    partly = ask(client, "amplify_conclude", session_id=session, thought=half)
    assert partly["synthesis"]["missing"] == ["Say who paints its hull"]
    whole = f"{half} Who paints its hull, we say: the volunteers."
    ended = ask(client, "amplify_conclude", session_id=session, thought=whole)
    assert (ended["concluded"], ended["synthesis"]["completeness"]) == (True, 1.0)


def test_contradicting_steps_are_incoherent_until_somebody_says_which_holds(
    client: Client,
) -> None:
    session = ask(client, "amplify_start", problem="When does the shop open?", level="standard")
    name = session["session_id"]
    ask(client, "amplify_think", session_id=name, thought="The shop is open on Sunday.")
    second = ask(client, "amplify_think", session_id=name, thought="The shop is closed on Sunday.")
    (issue,) = second["coherence"]["issues"]
    assert (issue["kind"], issue["steps"]) == ("contradiction", [1, 2])
    challenge = second["must_address"][0]
    lazy = ask(
        client,
        "amplify_challenge",
        session_id=name,
        challenge_id=challenge,
        response="This has been considered with great care.",
    )
    assert not lazy["accepted"]
    answer = "Step 2 holds and step 1 doesn't: the shop is closed on Sunday by its door sign."
    assert ask(
        client,
        "amplify_challenge",
        session_id=name,
        challenge_id=challenge,
        response=answer,
    )["accepted"]
    done = ask(
        client, "amplify_resolve_coherence", session_id=name, resolve_all=True, response=answer
    )
    assert (done["resolved"], done["remaining"]) == ([issue["id"]], [])
    missing = refused(
        client, "amplify_resolve_coherence", session_id=name, issue_id="i9", response=answer
    )
    assert missing.code == "not_found"


def test_interleaved_thinking_says_what_to_do_next_and_how_the_chain_held(client: Client) -> None:
    session = str(ask(client, "interleaved_start", problem="How long is the pier?")["session_id"])
    wrong = ask(
        client, "interleaved_think", session_id=session, thought="Three spans: 3 * 40 = 110"
    )
    assert wrong["verification"]["status"] == "contradicted"
    assert wrong["recommended_action"]["action"] == "revise"
    assert "120" in wrong["corrections"][0]["correction"]
    right = ask(client, "interleaved_think", session_id=session, thought="The pier: 3 * 40 = 120")
    assert right["verification"]["status"] == "verified"
    ended = ask(client, "interleaved_conclude", session_id=session)
    assert ended["chain_verification"] == {"status": "moderate", "held": 1, "n": 2, "open": 0}
    assert ended["consistency"]["pairs"] == 1


def test_the_other_operations_answer_in_their_form(client: Client) -> None:
    client.store("The harbour crane lifts forty tons")
    assert ask(client, "assess", topic="harbour crane")["n"] == 1
    assert ask(client, "gaps", topic="harbour crane")["gap_type"] == "sparse_evidence"
    assert ask(client, "gaps", topic="quokka husbandry")["gap_type"] == "no_knowledge"
    parts = ask(client, "decompose", problem="Stop the crane, then oil its chain")
    assert parts["sub_problems"] == ["Stop the crane", "oil its chain"]
    assert parts["dependencies"][0]["needs"] == 1
    thought = ask(client, "thought", thought="A dozen is 12.")
    again = ask(client, "thought", session_id=thought["session_id"], thought="Two make 24.")
    assert again["step_number"] == 2
    counted = ask(client, "sequential", thought="First", thought_number=1, total_thoughts=4)
    assert counted["progress_percent"] == 25.0
    plan = ask(client, "plan", steps=["Oil the chain", "Test the crane", "Oil the chain"])
    assert plan["issues"] == ["step 3 repeats step 1"]
    session = guided(client, "How much does the harbour crane lift?", strategy="cot")
    many = ask(
        client,
        "steps",
        session_id=session,
        thoughts=[
            "The harbour crane lifts forty tons.",
            "So the crane lifts 40 * 1000 = 40000 kg.",
        ],
    )
    assert [one["step_number"] for one in many["steps"]] == [1, 2]
    rich = ask(client, "enrich", session_id=session, step_number=1)
    assert rich["n"] >= 1
    verified = ask(client, "verify", session_id=session)
    assert verified["valid"]
    given = ask(client, "verify", thoughts=["The gate is open.", "The gate is closed."])
    assert given["issues"][0].startswith("thought 2 contradicts thought 1")
    stats = ask(client, "stats")
    assert stats["sessions"] >= 3
    assert stats["claims_held"] >= 2


def test_cognitive_tells_what_is_known_and_what_was_asked_in_vain(client: Client) -> None:
    def ask_cognitive(operation: str, **arguments: Any) -> dict[str, Any]:
        found = client.submit(operation, tool="cognitive", **arguments).result()
        known = COGNITIVE.operation(operation)
        assert known is not None
        jsonschema.validate(found, known.result)
        return found

    memory = client.store("The drawbridge was built by Mira Solano")
    told = ask_cognitive("query", topic="who built the drawbridge?")
    assert told["citations"] == [memory]
    assert "Mira Solano" in told["response"]
    assert ask_cognitive("can_answer", topic="drawbridge", min_confidence=0.5)["can_answer"]
    unknown = ask_cognitive("can_answer", topic="wombat diplomacy")
    assert (unknown["can_answer"], unknown["n"], unknown["score"]) == (False, 0, 0.0)
    assert ask_cognitive("query", topic="wombat diplomacy")["response"] == ""

    def suggested() -> dict[str, Any] | None:
        targets = ask_cognitive("suggest", limit=50)["learning_targets"]
        found = [one for one in targets if one["topic"] == "wombat diplomacy"]
        return found[0] if found and found[0]["asked"] == 2 else None

    target = eventually(suggested, within_s=20.0)
    assert (target["unsure"], target["priority"]) == (2, 0.667)
    stats = ask_cognitive("stats")
    assert stats["total_queries"] >= 4
    assert stats["unsure_queries"] >= 2


def test_what_cannot_be_done_is_refused_with_what_to_do(client: Client) -> None:
    assert refused(client, "step", session_id="reason_none", thought="x").code == "not_found"
    assert refused(client, "guided", problem="   ").code == "invalid_request"
    assert refused(client, "verify").code == "invalid_request"
    session = guided(client, "A problem", strategy="cot")
    assert refused(client, "enrich", session_id=session, step_number=3).code == "not_found"
    assert refused(client, "amplify_think", session_id=session, thought="x").code == "conflict"
    assert refused(client, "backtrack", session_id=session, to_branch="b7").code == "not_found"
    alone = ask(client, "backtrack", session_id=session)
    assert alone["no_more_branches"]
