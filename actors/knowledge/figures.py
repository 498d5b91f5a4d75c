"""The graph in figures, and its rules."""

from __future__ import annotations

from typing import Any

from mimo.actors.knowledge import messages as km
from mimo.actors.knowledge import presentation as shown
from mimo.actors.knowledge.built_in import BUILT_IN
from mimo.actors.knowledge.rulebook import own_rules, rules_in_force
from mimo.actors.knowledge.view import View
from mimo.storage import knowledge, knowledge_derived, knowledge_entities


def stats(view: View, request: km.GraphStats) -> dict[str, Any]:
    """Return the graph in figures."""
    counts = knowledge.stats(view.link, request.project)
    state = knowledge_derived.state(view.link, request.project)
    rules = rules_in_force(knowledge.rules(view.link, request.project))
    return counts | {
        "nodes_total": sum(counts["nodes_by_type"].values()),
        "triples": sum(counts["triples_by_predicate"].values()),
        "derived": sum(counts["derived_by_rule"].values()),
        "rules_count": len(rules),
        "inference": "kept" if state.materialised else "on demand",
    }


def rules(view: View, request: km.ListRules) -> dict[str, Any]:
    """Return all rules, those that are switched off too."""
    stored = own_rules(knowledge.rules(view.link, request.project))
    own = {rule.name: (rule, enabled) for rule, enabled in stored}
    terms = {
        term
        for rule, _ in own.values()
        for atom in (rule.head, *rule.body)
        for term in (atom.subject, atom.object)
        if isinstance(term, int)
    }
    names = knowledge_entities.by_ids(view.link, terms)
    listed = [
        shown.rule_json(rule, names, built_in=name in BUILT_IN, enabled=enabled)
        for name, (rule, enabled) in own.items()
    ]
    listed += [
        shown.rule_json(rule, names, built_in=True, enabled=True)
        for name, rule in BUILT_IN.items()
        if name not in own
    ]
    return {"rules": listed, "count": len(listed)}
