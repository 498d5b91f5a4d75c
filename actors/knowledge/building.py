"""From checked arguments to the messages of the graph: names cleaned, predicates in one form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mimo.actors.knowledge import messages as km
from mimo.actors.knowledge.built_in import BUILT_IN
from mimo.actors.knowledge.rules import Rule, of_kind, parse
from mimo.actors.memory.cleaning import clean_text, content_of, name_of, query_of, time_of
from mimo.actors.operations import CallContext
from mimo.config import limits
from mimo.config.errors import InvalidRequest
from mimo.storage.commands import Edit
from mimo.storage.knowledge_edits import DeleteNode, Restore, Retract
from mimo.storage.knowledge_names import predicate_of
from mimo.storage.knowledge_records import NewFact
from mimo.storage.knowledge_upkeep import PutRules, RemoveRule, RuleTerms

Arguments = Mapping[str, Any]


def project_of(arguments: Arguments) -> str:
    """Return whose graph is meant."""
    return name_of(arguments.get("project", ""), "project")


def entity_of(text: str, parameter: str) -> str:
    """Return an entity's name, cleaned, on one line.

    Raises:
        InvalidRequest: Nothing readable is left.
    """
    cleaned = " ".join(clean_text(text).split())
    if not cleaned:
        raise InvalidRequest(f"expected '{parameter}' to name an entity, got none; for example Ada")
    return cleaned


def relation_of(text: str) -> str:
    """Return a predicate in its one form.

    Raises:
        InvalidRequest: No word is in it.
    """
    predicate = predicate_of(clean_text(text))
    if not predicate:
        raise InvalidRequest(
            f"expected a predicate of words, got {text[:80]!r}; for example depends_on"
        )
    if len(predicate) > limits.PREDICATE_CHARS_MAX:
        raise InvalidRequest(
            f"expected a predicate of at most {limits.PREDICATE_CHARS_MAX} characters, got"
            f" {len(predicate)}; put what is long into the object"
        )
    return predicate


def _pattern(arguments: Arguments, name: str) -> str:
    """Return an end of a pattern; "" for a wildcard."""
    given = arguments.get(name, "").strip()
    return "" if given in ("", "*", "?") else entity_of(given, name)


def _relation(arguments: Arguments) -> str:
    given = arguments.get("predicate", "").strip()
    return "" if given in ("", "*", "?") else relation_of(given)


def _moment(arguments: Arguments, name: str) -> float | None:
    text = arguments.get(name, "")
    return time_of(text, name) if text.strip() else None


def _confidence(arguments: Arguments) -> float | None:
    given = arguments.get("confidence")
    if given is not None and given <= 0:
        raise InvalidRequest(
            f"expected 'confidence' above 0, got {given}; retract what isn't so, or teach its"
            " opposite"
        )
    return None if given is None else float(given)


def _fact(arguments: Arguments) -> NewFact:
    start_s, end_s = _moment(arguments, "valid_from"), _moment(arguments, "valid_until")
    if start_s is not None and end_s is not None and start_s >= end_s:
        raise InvalidRequest(
            "expected 'valid_from' before 'valid_until', got it at or after; swap or correct them"
        )
    return NewFact(
        subject=entity_of(arguments["subject"], "subject"),
        predicate=relation_of(arguments["predicate"]),
        object=entity_of(arguments["object"], "object"),
        subject_type=arguments.get("subject_type", ""),
        object_type=arguments.get("object_type", ""),
        confidence=_confidence(arguments),
        valid_from_s=start_s,
        valid_until_s=end_s,
    )


def _facts(arguments: Arguments) -> tuple[NewFact, ...]:
    """Return the triples that are given, one by its parts and many in a list."""
    found: list[NewFact] = []
    parts = [name for name in ("subject", "predicate", "object") if name in arguments]
    if parts and len(parts) < 3:
        missing = next(name for name in ("subject", "predicate", "object") if name not in parts)
        raise InvalidRequest(
            f"expected subject, predicate and object, got no '{missing}'; or give 'text' or 'facts'"
        )
    if parts:
        found.append(_fact(arguments))
    for index, each in enumerate(arguments.get("facts", ())):
        try:
            found.append(_fact(each))
        except InvalidRequest as error:
            raise InvalidRequest(f"facts[{index}]: {error.message}") from None
    return tuple(found)


def teach(arguments: Arguments, context: CallContext) -> km.TeachFacts:
    """Return what `teach` asks for.

    Raises:
        InvalidRequest: There is neither a text nor a whole triple, or a value can't be used.
    """
    text = content_of(arguments["text"], "text") if "text" in arguments else ""
    facts = _facts(arguments)
    if not facts and not text:
        raise InvalidRequest(
            "expected subject, predicate and object, or 'text' or 'facts', got none of them"
        )
    client = context.client.rpartition(" ")[0] or context.client
    return km.TeachFacts(
        project=project_of(arguments),
        facts=facts,
        text=text,
        source=name_of(arguments.get("source", ""), "source") or name_of(client[:100], "source"),
        memory_ids=(arguments["memory_id"],) if "memory_id" in arguments else (),
        confidence=_confidence(arguments),
        valid_from_s=_moment(arguments, "valid_from"),
        valid_until_s=_moment(arguments, "valid_until"),
        key=context.key,
    )


def query(arguments: Arguments, _context: CallContext) -> km.QueryFacts:
    """Return what `query` asks for; no pattern at all means every fact.

    Raises:
        InvalidRequest: There are a pattern and a text, or a value can't be used.
    """
    ends = [_pattern(arguments, name) for name in ("subject", "object")]
    predicate = _relation(arguments)
    text = query_of(arguments["query"]) if "query" in arguments else ""
    if text and any((*ends, predicate)):
        raise InvalidRequest(
            "expected either 'query' or a pattern of subject, predicate and object, got both"
        )
    return km.QueryFacts(
        project=project_of(arguments),
        subject=ends[0],
        predicate=predicate,
        object=ends[1],
        text=text,
        at_s=_moment(arguments, "at"),
        infer=arguments.get("infer", False),
        confidence_min=float(arguments.get("confidence_min", 0.0)),
        limit=arguments.get("limit", 50),
        cursor=arguments.get("cursor", ""),
    )


def node_of(arguments: Arguments) -> km.NodeRef:
    """Return the node that is meant.

    Raises:
        InvalidRequest: Neither a name nor an id is given.
    """
    if "node_id" in arguments:
        return km.NodeRef(name=f"#{arguments['node_id']}", type=arguments.get("node_type", ""))
    if "node_name" not in arguments:
        raise InvalidRequest("expected 'node_name' or 'node_id', got neither; for example Ada")
    name = entity_of(arguments["node_name"], "node_name")
    return km.NodeRef(name=name, type=arguments.get("node_type", ""))


def walk(arguments: Arguments, shape: str, *, depth: int, direction: str = "both") -> km.WalkFrom:
    """Return what `node`, `neighborhood` and `traverse` ask for."""
    return km.WalkFrom(
        project=project_of(arguments),
        node=node_of(arguments),
        shape=shape,
        depth=arguments.get("depth", depth),
        direction=arguments.get("direction", direction),
        predicates=tuple(relation_of(each) for each in arguments.get("predicates", ())),
        confidence_min=float(arguments.get("confidence_min", 0.0)),
        limit=arguments.get("limit", 50),
    )


def path(arguments: Arguments, _context: CallContext) -> km.FindPath:
    """Return what `path` asks for."""
    return km.FindPath(
        project=project_of(arguments),
        start=km.NodeRef(name=entity_of(arguments["from_node"], "from_node")),
        end=km.NodeRef(name=entity_of(arguments["to_node"], "to_node")),
        depth=arguments.get("depth", 6),
        direction=arguments.get("direction", "outgoing"),
        predicates=tuple(relation_of(each) for each in arguments.get("predicates", ())),
        confidence_min=float(arguments.get("confidence_min", 0.0)),
    )


def add_rule(arguments: Arguments, context: CallContext) -> km.Change:
    """Return what `add_rule` asks for.

    Raises:
        InvalidRequest: It is neither a clause with a name nor a kind with its predicates.
    """
    confidence = _confidence(arguments) or 1.0
    if "kind" in arguments:
        given = {name: _given_relation(arguments, name) for name in ("predicate", "inverse")}
        rules = of_kind(arguments["kind"], given["predicate"], given["inverse"], confidence)
    elif "rule" in arguments:
        name = name_of(arguments.get("name", ""), "name")
        if not name:
            raise InvalidRequest("expected 'name' for the rule, got none; for example aunts")
        rules = (parse(name, clean_text(arguments["rule"]), confidence),)
    else:
        raise InvalidRequest(
            "expected 'rule' with 'name', or 'kind' with 'predicate', got neither; for example"
            " kind transitive, predicate part_of"
        )
    edit = PutRules(
        key=context.key,
        project=project_of(arguments),
        rules=tuple(_terms(rule, enabled=True) for rule in rules),
    )
    return km.Change(project=edit.project, edit=edit)


def remove_rule(arguments: Arguments, context: CallContext) -> km.Change:
    """Return what `remove_rule` asks for; one that Mimo brings is switched off."""
    project = project_of(arguments)
    name = name_of(arguments["name"], "name")
    edit: Edit
    if name in BUILT_IN:
        off = _terms(BUILT_IN[name], enabled=False)
        edit = PutRules(key=context.key, project=project, rules=(off,))
    else:
        edit = RemoveRule(key=context.key, project=project, name=name)
    return km.Change(project=project, edit=edit)


def _given_relation(arguments: Arguments, name: str) -> str:
    return relation_of(arguments[name]) if name in arguments else ""


def _terms(rule: Rule, *, enabled: bool) -> RuleTerms:
    head, *body = (
        (atom.predicate, str(atom.subject), str(atom.object)) for atom in (rule.head, *rule.body)
    )
    return RuleTerms(
        name=rule.name,
        head=head,
        body=tuple(body),
        confidence=rule.confidence,
        enabled=enabled,
    )


def prove(arguments: Arguments, _context: CallContext) -> km.Prove:
    """Return what `prove` asks for.

    Raises:
        InvalidRequest: Neither an id nor a whole triple is given.
    """
    project, at_s = project_of(arguments), _moment(arguments, "at")
    if "triple_id" in arguments:
        return km.Prove(project=project, triple_id=arguments["triple_id"], at_s=at_s)
    parts = _pattern(arguments, "subject"), _relation(arguments), _pattern(arguments, "object")
    if not all(parts):
        raise InvalidRequest(
            "expected subject, predicate and object, or 'triple_id', got too few; for what fits a"
            " pattern use query with infer"
        )
    return km.Prove(
        project=project, subject=parts[0], predicate=parts[1], object=parts[2], at_s=at_s
    )


def retract(arguments: Arguments, context: CallContext) -> km.Change:
    """Return what `retract` asks for.

    Raises:
        InvalidRequest: Nothing says which facts, or two things do.
    """
    project = project_of(arguments)
    parts = {
        "subject": _pattern(arguments, "subject"),
        "predicate": _relation(arguments),
        "object": _pattern(arguments, "object"),
    }
    source = name_of(arguments.get("source", ""), "source")
    ways = [
        "triple_ids" in arguments,
        any(parts.values()),
        bool(source),
        "memory_id" in arguments,
    ]
    if sum(ways) != 1:
        raise InvalidRequest(
            "expected one of 'triple_ids', a pattern of subject, predicate and object, 'source' or"
            f" 'memory_id', got {sum(ways)} of them"
        )
    edit = Retract(
        key=context.key,
        project=project,
        triple_ids=tuple(arguments.get("triple_ids", ())),
        source=source,
        memory_id=arguments.get("memory_id", 0),
        **parts,
    )
    return km.Change(project=project, edit=edit)


def delete(arguments: Arguments, context: CallContext) -> km.Change:
    """Return what `delete` asks for."""
    node, project = node_of(arguments), project_of(arguments)
    edit = DeleteNode(key=context.key, project=project, name=node.name, type=node.type)
    return km.Change(project=project, edit=edit)


def restore(arguments: Arguments, context: CallContext) -> km.Change:
    """Return what `restore` asks for.

    Raises:
        InvalidRequest: Neither a fact nor a node is given, or both are.
    """
    if ("triple_id" in arguments) == ("node_id" in arguments):
        raise InvalidRequest(
            "expected either 'triple_id' or 'node_id', got"
            f" {'both' if 'node_id' in arguments else 'neither'}; retract and delete told them"
        )
    edit = Restore(
        key=context.key,
        project=project_of(arguments),
        triple_id=arguments.get("triple_id", 0),
        node_id=arguments.get("node_id", 0),
    )
    return km.Change(project=edit.project, edit=edit)
