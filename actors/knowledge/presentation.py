"""Facts, nodes, rules and proofs as plain JSON values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from mimo.actors.knowledge.fact_index import Fact
from mimo.actors.knowledge.inference import Derivation
from mimo.actors.knowledge.rules import Atom, Rule, is_variable
from mimo.actors.memory.presentation import iso_time
from mimo.storage.knowledge_records import Node, Triple

#: Most facts that one proof shows; what is cut says so.
PROOF_FACTS_MAX: Final = 200

Names = Mapping[int, Node]
Sources = Mapping[int, Sequence[tuple[str, int]]]


def node_json(node: Node) -> dict[str, Any]:
    """Return a node."""
    return {"node_id": node.id, "name": node.name, "type": node.type}


def name_of_node(number: int, names: Names) -> str:
    """Return a node's name; its number where it isn't known."""
    return names[number].name if number in names else f"#{number}"


def fact_json(triple: Triple, names: Names, sources: Sources | None = None) -> dict[str, Any]:
    """Return a kept fact, with where it is from if that is given."""
    shown: dict[str, Any] = {
        "triple_id": triple.id,
        "subject": name_of_node(triple.subject_id, names),
        "predicate": triple.predicate,
        "object": name_of_node(triple.object_id, names),
        "confidence": round(triple.confidence, 4),
        "subject_id": triple.subject_id,
        "object_id": triple.object_id,
    }
    if triple.rule:
        shown["rule"] = triple.rule
    if triple.valid_from_s is not None:
        shown["valid_from"] = iso_time(triple.valid_from_s)
    if triple.valid_until_s is not None:
        shown["valid_until"] = iso_time(triple.valid_until_s)
    if triple.deleted:
        shown["retracted"] = True
    if sources is not None and not triple.rule:
        given = sources.get(triple.id, ())
        shown["sources"] = sorted({source for source, _ in given})
        shown["memory_ids"] = sorted({memory for _, memory in given if memory})
    return shown


def inferred_json(
    fact: Fact, confidence: float, why: Derivation | None, names: Names
) -> dict[str, Any]:
    """Return a fact that follows without being kept."""
    subject, predicate, object_ = fact
    shown: dict[str, Any] = {
        "triple_id": 0,
        "subject": name_of_node(subject, names),
        "predicate": predicate,
        "object": name_of_node(object_, names),
        "confidence": round(confidence, 4),
        "subject_id": subject,
        "object_id": object_,
    }
    if why is not None:
        shown["rule"] = why.rule.name
        shown["premises"] = [sentence(premise, names) for premise in why.premises]
    return shown


def sentence(fact: Fact, names: Names) -> str:
    """Return a fact in one line: `Ada lives_in Turin`."""
    subject, predicate, object_ = fact
    return f"{name_of_node(subject, names)} {predicate} {name_of_node(object_, names)}"


def rule_json(rule: Rule, names: Names, *, built_in: bool, enabled: bool) -> dict[str, Any]:
    """Return a rule as people write it."""
    body = ", ".join(_atom(each, names) for each in rule.body)
    return {
        "name": rule.name,
        "rule": f"{_atom(rule.head, names)} :- {body}",
        "confidence": rule.confidence,
        "built_in": built_in,
        "enabled": enabled,
    }


def _atom(atom: Atom, names: Names) -> str:
    return f"{atom.predicate}({_term(atom.subject, names)}, {_term(atom.object, names)})"


def _term(term: str | int, names: Names) -> str:
    if is_variable(term):
        return str(term)
    name = name_of_node(term, names) if isinstance(term, int) else term
    return f'"{name}"' if any(each in name for each in ' ,()"') else name


class ProofTree:
    """Makes the tree of one proof.

    Args:
        why: Returns the best proof of a fact, None for one that was taught.
        confidence: Returns how sure a fact is.
        taught: Returns what is kept of a taught fact: its id, sources, memory ids.
        names: The nodes.
    """

    def __init__(
        self,
        why: Callable[[Fact], Derivation | None],
        confidence: Callable[[Fact], float],
        taught: Callable[[Fact], Mapping[str, Any]],
        names: Names,
    ) -> None:
        self._why = why
        self._confidence = confidence
        self._taught = taught
        self._names = names
        self._room = PROOF_FACTS_MAX

    def of(self, fact: Fact) -> dict[str, Any]:
        """Return the fact, the rule that it follows by, and the trees of its premises."""
        self._room -= 1
        shown: dict[str, Any] = {
            "fact": sentence(fact, self._names),
            "confidence": round(self._confidence(fact), 4),
        }
        why = self._why(fact)
        if why is None:
            return shown | dict(self._taught(fact))
        shown["rule"] = why.rule.name
        if self._room < len(why.premises):
            return shown | {"cut": True}
        return shown | {"premises": [self.of(premise) for premise in why.premises]}


def nodes_in(facts: Iterable[Fact]) -> set[int]:
    """Return the ends of facts."""
    return {end for subject, _, object_ in facts for end in (subject, object_)}
