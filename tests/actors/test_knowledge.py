"""The knowledge tool through a real client: every operation, and its process killed in between."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from mimo.actors.knowledge.operations import KNOWLEDGE
from mimo.interfaces.mcp.schemas import result_schema
from tests.support.client import CallError, Client
from tests.support.llm_server import llm_server
from tests.support.node import Node, running_node
from tests.support.waiting import eventually

GRAPH = "knowledge/graph"
KILLS = 8


class Knowledge:
    """The tool as a client calls it; each result must fit its operation's schema."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def __call__(self, operation: str, **arguments: Any) -> dict[str, Any]:
        request = {"name": "knowledge", "arguments": {"operation": operation, **arguments}}
        found = self.client.request("tools/call", request).result()
        known = KNOWLEDGE.operation(operation)
        assert known is not None
        jsonschema.validate(found, result_schema(known))
        return found

    def teach(self, *sentences: str, **fields: Any) -> list[int]:
        facts = [
            dict(zip(("subject", "predicate", "object"), each.split("|"), strict=True)) | fields
            for each in sentences
        ]
        return [each["triple_id"] for each in self("teach", facts=facts)["facts"]]

    def facts(self, **pattern: Any) -> set[str]:
        found = self("query", limit=200, **pattern)
        return {said(each) for each in found["facts"] + found.get("inferred", [])}


def said(fact: dict[str, Any]) -> str:
    return f"{fact['subject']}|{fact['predicate']}|{fact['object']}"


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    folder = tmp_path_factory.mktemp("knowledge")
    (folder / "src").mkdir()
    settings = {
        "MIMO_EMBEDDING_PROVIDER": "none",
        "MIMO_INGEST_ROOTS": str(folder / "src"),
    }
    with running_node(folder / "data", settings) as running:
        yield running


@pytest.fixture
def knowledge(node: Node, request: pytest.FixtureRequest) -> Iterator[Knowledge]:
    """Give the tool with a project of its own to each test."""
    with node.connect() as client:
        tool = Knowledge(client)
        call = tool.__class__.__call__

        def scoped(self: Knowledge, operation: str, **arguments: Any) -> dict[str, Any]:
            return call(self, operation, **({"project": request.node.name[:60]} | arguments))

        yield type("Scoped", (Knowledge,), {"__call__": scoped})(client)


def test_what_is_taught_is_found_by_pattern_and_by_words(knowledge: Knowledge) -> None:
    """Wildcards, names in any form, plain words. Source: original/tools.md 1.2."""
    knowledge.teach("Mimo|depends on|SQLite", "Mimo|uses|peewee", "Recall|uses|SQLite")

    assert knowledge.facts(subject="mimo", predicate="*") == {
        "Mimo|depends_on|SQLite",
        "Mimo|uses|peewee",
    }
    assert knowledge.facts(object="the sqlite") == {"Mimo|depends_on|SQLite", "Recall|uses|SQLite"}
    assert knowledge.facts(predicate="use") == {"Mimo|uses|peewee", "Recall|uses|SQLite"}
    assert len(knowledge.facts()) == 3
    assert "Recall|uses|SQLite" in knowledge.facts(query="What does recall use?")


def test_a_text_teaches_and_says_what_it_did_not_understand(knowledge: Knowledge) -> None:
    """No LLM. Source: issue."""
    found = knowledge("teach", text="Mimo depends on SQLite. Is it fast? SQLite uses libc.")

    assert [said(each) for each in found["facts"]] == [
        "Mimo|depends_on|SQLite",
        "SQLite|uses|libc",
    ]
    assert found["unread"] == ["Is it fast?"]


def test_teaching_again_changes_nothing_but_confidence(knowledge: Knowledge) -> None:
    """Source: ours."""
    first = knowledge("teach", subject="A", predicate="uses", object="B", confidence=0.4)
    again = knowledge("teach", subject="a", predicate="use", object="b")
    surer = knowledge("teach", subject="A", predicate="uses", object="B", confidence=0.9)

    assert [each["created_count"] for each in (first, again, surer)] == [1, 0, 0]
    assert len({each["facts"][0]["triple_id"] for each in (first, again, surer)}) == 1
    assert again["facts"][0]["confidence"] == 0.4
    assert surer["facts"][0]["confidence"] == 0.9


def test_names_are_resolved_and_ambiguity_is_reported(knowledge: Knowledge) -> None:
    """Aliases and types; a name that means two is never guessed. Source: issue."""
    knowledge.teach("New York City|also known as|NYC", "NYC|located_in|USA")
    knowledge("teach", subject="Mercury", predicate="orbits", object="Sun", subject_type="place")
    knowledge("teach", subject="Mercury", predicate="is_a", object="metal", subject_type="library")

    assert knowledge.facts(subject="new york city") == {"New York City|located_in|USA"}
    assert knowledge("node", node_name="nyc")["aliases"] == ["NYC"]
    with pytest.raises(CallError, match=r"may be #.* 'Mercury'"):
        knowledge("query", subject="mercury")
    planet = knowledge("node", node_name="Mercury", node_type="place")["node"]
    assert knowledge.facts(subject=f"#{planet['node_id']}") == {"Mercury|orbits|Sun"}
    with pytest.raises(CallError, match="may be"):
        knowledge.teach("Mercury|is|hot")


def test_what_follows_is_proved_with_its_sources(knowledge: Knowledge) -> None:
    """Backward, with the tree; confidence is the product. Source: issue."""
    knowledge.teach("A|part_of|B", confidence=0.5)
    knowledge(
        "teach", subject="B", predicate="part_of", object="C", source="manual", confidence=0.5
    )

    found = knowledge("prove", subject="C", predicate="contains", object="A")

    assert found["holds"]
    assert found["confidence"] == 0.25
    assert found["proof"]["rule"]
    leaves = str(found["proof"])
    assert "manual" in leaves
    assert "A part_of B" in leaves
    assert not knowledge("prove", subject="A", predicate="contains", object="C")["holds"]
    assert "C|contains|A" in knowledge.facts(subject="C", infer=True)


def test_rules_of_ones_own_hold_until_they_are_removed(knowledge: Knowledge) -> None:
    """Custom Horn rules, kinds, and those that Mimo brings. Source: issue."""
    knowledge.teach("Ann|sister_of|Bob", "Bob|parent_of|Cid", "x|beside|y")
    rule = "aunt_of(?x, ?z) :- sister_of(?x, ?y), parent_of(?y, ?z)"
    knowledge("add_rule", name="aunts", rule=rule)
    knowledge("add_rule", kind="symmetric", predicate="beside")

    assert "Ann|aunt_of|Cid" in knowledge.facts(subject="Ann", infer=True)
    assert "y|beside|x" in knowledge.facts(subject="y", infer=True)
    listed = {each["name"]: each for each in knowledge("rules")["rules"]}
    assert listed["aunts"]["rule"] == rule
    knowledge("remove_rule", name="aunts")
    knowledge("remove_rule", name="inverse:parent_of:child_of")
    assert knowledge.facts(subject="Ann", infer=True) == {"Ann|sister_of|Bob"}
    assert "Cid|child_of|Bob" not in knowledge.facts(subject="Cid", infer=True)
    with pytest.raises(CallError, match="name of a rule"):
        knowledge("remove_rule", name="nonsense")


def test_rules_may_name_entities(knowledge: Knowledge) -> None:
    """Constants are nodes, found by name. Source: ours."""
    knowledge.teach("Ada|speaks|Italian", "Bob|speaks|Welsh")
    knowledge("add_rule", name="latins", rule='is_a(?x, "Latin speaker") :- speaks(?x, Italian)')

    found = knowledge.facts(predicate="is_a", infer=True)

    assert found == {"Ada|is_a|Latin speaker"}
    assert '"Latin speaker"' in str(knowledge("rules")["rules"])


def test_what_is_kept_stays_true_through_every_change(knowledge: Knowledge) -> None:
    """Taught, retracted, restored, deleted: what followed follows along. Source: issue."""
    ids = knowledge.teach("A|part_of|B", "B|part_of|C", "A|part_of|D", "D|part_of|C")
    kept = knowledge("infer", mode="keep")
    assert kept["inferred_count"] == 6
    assert "A|part_of|C" in knowledge.facts(predicate="part_of")

    retracted = knowledge("retract", triple_ids=[ids[1]])
    assert sorted(retracted["withdrawn"]) == ["C contains B"]
    assert "A|part_of|C" in knowledge.facts(predicate="part_of")
    retracted = knowledge("retract", subject="D", predicate="part_of", object="C")
    assert sorted(retracted["withdrawn"]) == ["A part_of C", "C contains A", "C contains D"]
    assert "A|part_of|C" not in knowledge.facts(predicate="part_of")
    assert knowledge("restore", triple_id=ids[1])["restored"] == [ids[1]]
    assert "A|part_of|C" in knowledge.facts(predicate="part_of")

    gone = knowledge("delete", node_name="B")
    assert gone["count"] == 2
    assert "A|part_of|C" not in knowledge.facts()
    knowledge("restore", node_id=gone["node"]["node_id"])
    assert "A|part_of|C" in knowledge.facts()
    derived = next(
        each for each in knowledge("query", predicate="contains")["facts"] if "rule" in each
    )
    with pytest.raises(CallError, match="follows by rule"):
        knowledge("retract", triple_ids=[derived["triple_id"]])
    assert knowledge("infer", mode="drop")["removed"] > 0
    assert knowledge.facts(predicate="part_of") == {"A|part_of|B", "B|part_of|C", "A|part_of|D"}


def test_facts_hold_while_they_are_valid(knowledge: Knowledge) -> None:
    """`at` asks for another time. Source: issue."""
    knowledge.teach("Ada|works_at|Acme", valid_from="2020-01-01", valid_until="2022-01-01")
    knowledge.teach("Ada|works_at|Initech", valid_from="2022-01-01")

    assert knowledge.facts(subject="Ada") == {"Ada|works_at|Initech"}
    assert knowledge.facts(subject="Ada", at="2021-06-01") == {"Ada|works_at|Acme"}
    assert knowledge.facts(subject="Ada", at="2019-06-01") == set()


def test_the_graph_is_walked(knowledge: Knowledge) -> None:
    """Neighbourhood, traversal, path, exploration. Source: original/tools.md 1.2."""
    knowledge.teach("A|calls|B", "B|calls|C", "C|calls|A", "C|uses|D", "E|uses|A")

    around = knowledge("neighborhood", node_name="A", depth=1)
    walked = knowledge("traverse", node_name="A", depth=5, predicates=["calls"])
    way = knowledge("path", from_node="E", to_node="D")
    none = knowledge("path", from_node="D", to_node="E")
    near = knowledge("explore", query="what is D?")

    assert {each["name"] for each in around["nodes"]} == {"B", "C", "E"}
    assert [(each["name"], each["depth"], each["path"]) for each in walked["results"]] == [
        ("B", 1, ["A", "B"]),
        ("C", 2, ["A", "B", "C"]),
    ]
    assert way["path"] == ["E", "A", "B", "C", "D"]
    assert [said(each) for each in way["facts"]][-1] == "C|uses|D"
    assert (none["found"], none["path"]) == (False, [])
    assert near["concepts"][0]["name"] == "D"
    assert knowledge("stats")["triples"] == 5


def test_manifests_and_code_are_kept_as_they_are_now(node: Node, knowledge: Knowledge) -> None:
    """Synced again, what is gone is retracted; what somebody else says stays. Source: issue."""
    folder = node.data_dir.parent / "src" / "shop"
    folder.mkdir()
    manifest = folder / "pyproject.toml"
    manifest.write_text('[project]\nname = "shop"\ndependencies = ["requests", "apsw"]\n')
    (folder / "till.py").write_text("import requests\n\ndef pay(): ...\n")
    knowledge.teach("shop|depends_on|apsw")

    first = knowledge("sync_dependencies", path=str(folder))
    linked = knowledge("link", path=str(folder))
    manifest.write_text('[project]\nname = "shop"\ndependencies = ["rich"]\n')
    second = knowledge("sync_dependencies", path=str(folder))

    assert (first["added"], first["ecosystems"]) == (2, ["python"])
    assert linked["added"] == 2
    assert (second["added"], second["removed"]) == (1, 2)
    assert knowledge.facts(subject="shop") == {"shop|depends_on|apsw", "shop|depends_on|rich"}
    manifest.unlink()
    assert knowledge("sync_dependencies", path=str(folder))["removed"] == 1
    assert knowledge.facts(subject="shop") == {"shop|depends_on|apsw"}
    with pytest.raises(CallError, match="allowed folders"):
        knowledge("sync_dependencies", path="/etc")
    with pytest.raises(CallError, match="expected a manifest"):
        knowledge("sync_dependencies", path=str(folder))


def test_a_memory_is_linked_to_what_it_mentions(node: Node, knowledge: Knowledge) -> None:
    """Entities of the graph by name; files, functions, libraries by form. Source: issue."""
    knowledge.teach("The Mimo Project|uses|SQLite")
    memory = knowledge.client.store("SQLite in the mimo project: see db/open.py, `connect(path)`")

    found = knowledge("link_memory", memory_id=memory)
    again = knowledge("link_memory", memory_id=memory)

    names = {each["name"] for each in found["entities"]}
    assert names == {"The Mimo Project", "SQLite"}
    assert (found["linked_files"], found["linked_functions"]) == (1, 1)
    assert again["linked_entities"] == 2
    assert f"memory:{memory}|mentions|SQLite" in knowledge.facts(object="SQLite")
    knowledge("retract", memory_id=memory)
    assert knowledge.facts(predicate="mentions") == set()
    with pytest.raises(CallError, match="not_found"):
        knowledge("link_memory", memory_id=10**9)


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("teach", {}),
        ("teach", {"subject": "A"}),
        ("teach", {"subject": "A", "predicate": "!", "object": "B"}),
        ("teach", {"subject": "\u200b", "predicate": "uses", "object": "B"}),
        ("teach", {"subject": "A", "predicate": "uses", "object": "B", "confidence": 0}),
        ("teach", {"text": "hello there"}),
        ("teach", {"text": "A uses B.", "memory_id": 10**12}),
        ("teach", {"subject": "#99999", "predicate": "uses", "object": "B"}),
        ("query", {"query": "x", "subject": "y"}),
        ("query", {"cursor": "' OR 1=1 --"}),
        ("query", {"at": "yesterdayish"}),
        ("query", {"subject": "nobody at all"}),
        ("node", {}),
        ("node", {"node_id": 2**53 - 1}),
        ("path", {"from_node": "x y z", "to_node": "q"}),
        ("prove", {"subject": "A"}),
        ("prove", {"triple_id": 10**12}),
        ("retract", {}),
        ("retract", {"triple_ids": [1], "source": "x"}),
        ("retract", {"triple_ids": [10**12]}),
        ("restore", {}),
        ("restore", {"triple_id": 1, "node_id": 1}),
        ("restore", {"node_id": 10**12}),
        ("delete", {"node_name": "nobody at all"}),
        ("add_rule", {}),
        ("add_rule", {"rule": "a(?x, ?y) :- b(?x, ?y)"}),
        ("add_rule", {"name": "x", "rule": "a(?x, ?y) :- b(?x, ?x)"}),
        ("add_rule", {"kind": "inverse", "predicate": "p"}),
        ("link", {"path": "\0"}),
        ("link", {"path": "/proc/self/environ"}),
        ("sync_dependencies", {"path": "../../etc"}),
    ],
)
def test_what_can_not_be_done_is_said_in_a_sentence(
    knowledge: Knowledge, operation: str, arguments: dict[str, Any]
) -> None:
    """Empty, minimal, wrong and hostile arguments: expected, got, and what to do. (issue)."""
    with pytest.raises(CallError, match="expected ") as caught:
        knowledge(operation, **arguments)

    assert caught.value.code in {"invalid_request", "not_found"}


def test_pages_hold_each_fact_once(knowledge: Knowledge) -> None:
    """Keyset pages. Source: ours."""
    knowledge.teach(*(f"n{n}|uses|hub" for n in range(25)))
    seen, cursor = [], ""
    while True:
        page = knowledge("query", object="hub", limit=10, cursor=cursor)
        assert page["total"] == 25
        seen += [said(each) for each in page["facts"]]
        cursor = page["next_cursor"]
        if not cursor:
            break

    assert seen == [f"n{n}|uses|hub" for n in range(25)]


def test_old_names_still_answer(knowledge: Knowledge) -> None:
    """An operation that the caller names is kept. Source: original/tools.md 2."""
    for tool, arguments in (
        ("teach_mimo", {"text": "Old uses New.", "project": "old names"}),
        ("consult_graph", {"query": "old", "project": "old names"}),
        ("graph", {"operation": "neighborhood", "node_name": "Old", "project": "old names"}),
    ):
        request = {"name": tool, "arguments": arguments}
        found = knowledge.client.request("tools/call", request).result()
        assert said(found["facts"][0]) == "Old|uses|New"
        assert found["deprecation"]


def test_killed_again_and_again_it_loses_and_doubles_nothing(
    node: Node, knowledge: Knowledge
) -> None:
    """SIGKILL while calls are under way; each is answered once it is done, once. (issue)."""
    knowledge.teach("a|part_of|b")
    knowledge("infer", mode="keep")
    created: list[int] = []
    kills: list[int] = []

    def is_past(count: int) -> bool:
        return len(created) > count

    def kill() -> None:
        while len(kills) < KILLS:
            answered = len(created)
            node.await_successor(node.signal(GRAPH))
            # A call that two deaths in a row took is refused as deadly; none shall be.
            eventually(partial(is_past, answered + 2), within_s=20.0)
            kills.append(answered)

    killer = threading.Thread(target=kill)
    killer.start()
    while killer.is_alive():
        fact = {"subject": f"n{len(created)}", "predicate": "part_of", "object": "a"}
        created.append(knowledge("teach", **fact)["created_count"])
    killer.join()
    count = len(created)
    found = knowledge("query", predicate="part_of", limit=1)

    assert len(kills) == KILLS
    assert created == [1] * count
    # Each is part of a, and so of b.
    assert found["total"] == 1 + 2 * count
    assert knowledge("query", predicate="contains", limit=1)["total"] == 1 + 2 * count


@pytest.mark.parametrize("at", [1, 2, 3])
def test_killed_between_the_commit_and_the_answer_it_answers_what_was_done(
    tmp_path: Path, at: int
) -> None:
    """The successor finds the write in the ledger; it isn't done twice. Source: issue."""
    settings = {
        "MIMO_EMBEDDING_PROVIDER": "none",
        "MIMO_CHAOS": "1",
        "MIMO_FAULTS": f"gen_server.before_reply[{GRAPH}]:crash@{at}x1",
        "MIMO_FAULTS_DIR": str(tmp_path / "faults"),
    }
    (tmp_path / "faults").mkdir()
    with running_node(tmp_path / "data", settings) as node, node.connect() as client:
        knowledge = Knowledge(client)
        taught = knowledge("teach", text="Wheel is part of car. Car is part of fleet.")
        kept = knowledge("infer", mode="keep")
        retracted = knowledge("retract", triple_ids=[taught["facts"][1]["triple_id"]])
        rows = knowledge.facts()

        assert [each["created"] for each in taught["facts"]] == [True, True]
        assert kept["inferred_count"] == 4
        assert retracted["count"] == 1
        assert retracted["withdrawn_count"] == 3
        assert rows == {"Wheel|part_of|car", "car|contains|Wheel"}
        assert node.restarts()[GRAPH] == 1


def test_a_model_reads_what_the_rules_can_not(tmp_path: Path) -> None:
    """Only what the text says; when the model fails, the rules' facts are kept. Source: issue."""
    with llm_server() as server:
        said = {"subject": "kettle", "predicate": "boils", "object": "water"}
        server.say = lambda _body: json.dumps({"facts": [said, said | {"object": "steel"}]})
        settings = {
            "MIMO_EMBEDDING_PROVIDER": "none",
            "MIMO_LLM_PROVIDERS": f"openai:m@{server.url}",
        }
        with running_node(tmp_path / "data", settings) as node, node.connect() as client:
            knowledge = Knowledge(client)
            read = knowledge("teach", text="Mimo uses SQLite. The kettle boils water.")
            server.way = "error"
            failed = knowledge("teach", text="Mimo uses peewee. Her kettle sings songs.")

            assert knowledge.facts(subject="kettle") == {"kettle|boils|water"}
            assert read["count"] == 2
            assert failed["count"] == 1
            assert failed["degraded"]
            assert failed["unread"] == ["Her kettle sings songs."]
