"""What travels between the graph's actor and storage: plain frozen values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFact:
    """A fact to be taught, by the names of its entities.

    Args:
        subject: A name, or `#12` for the node of that id.
        predicate: In the form of `knowledge_names.predicate_of`.
        object: As the subject.
        subject_type: One of `knowledge_names.NODE_TYPES`; "" where it isn't known.
        object_type: The same.
        confidence: Above 0, up to 1; None keeps what is there, and is 1 for a new fact.
        valid_from_s: Wall seconds UTC, included; None for always.
        valid_until_s: Wall seconds UTC, excluded.
    """

    subject: str
    predicate: str
    object: str
    subject_type: str = ""
    object_type: str = ""
    confidence: float | None = None
    valid_from_s: float | None = None
    valid_until_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DerivedFact:
    """A fact that follows from others, by ids.

    Args:
        subject_id: Its subject.
        predicate: What it says.
        object_id: Its object.
        confidence: Of the rule times that of each premise.
        rule: Name of the rule.
        premises: Subject, predicate and object of each, in the order of the rule's body.
    """

    subject_id: int
    predicate: str
    object_id: int
    confidence: float
    rule: str
    premises: tuple[tuple[int, str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """An entity.

    Args:
        id: Never reused.
        project: Whose graph it is in.
        type: One of `knowledge_names.NODE_TYPES`.
        name: As it was first given.
        deleted: Whether it was deleted; it can be restored.
    """

    id: int
    project: str
    type: str
    name: str
    deleted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Triple:
    """A fact as it is kept.

    Args:
        id: Never reused.
        subject_id: Its subject.
        predicate: What it says.
        object_id: Its object.
        confidence: Above 0, up to 1.
        rule: The rule it follows by; "" for one that was taught.
        valid_from_s: Wall seconds UTC, included; None for always.
        valid_until_s: Wall seconds UTC, excluded.
        created_at_s: When it was taught or derived.
        deleted: Whether it was retracted.
    """

    id: int
    subject_id: int
    predicate: str
    object_id: int
    confidence: float
    rule: str
    valid_from_s: float | None
    valid_until_s: float | None
    created_at_s: float
    deleted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphState:
    """How far the derived facts of a project are.

    Args:
        generation: Rises with each change of facts or rules; 0 for an empty project.
        rules_generation: When rules changed last.
        materialised: Whether derived facts are kept.
        derived_generation: Up to which generation they hold.
        fresh_until_s: When a fact begins or ceases to be valid next; None for never.
    """

    generation: int = 0
    rules_generation: int = 0
    materialised: bool = False
    derived_generation: int = 0
    fresh_until_s: float | None = None

    def is_fresh(self, now_s: float) -> bool:
        """Tell whether what is kept is all that follows."""
        is_current = self.derived_generation == self.generation
        return is_current and (self.fresh_until_s is None or now_s < self.fresh_until_s)
