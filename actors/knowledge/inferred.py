"""What follows, as an answer."""

from __future__ import annotations

from collections import Counter
from typing import Any

from mimo.actors.knowledge import messages as km
from mimo.actors.knowledge import presentation as shown
from mimo.actors.knowledge.inference import Inference
from mimo.actors.knowledge.view import View


def inferred_json(view: View, request: km.Infer, inference: Inference) -> dict[str, Any]:
    """Return the surest facts that follow, with the rule and premises of each."""
    fitting = {
        fact: inference.confidence(fact)
        for fact in inference.derived()
        if request.predicate in ("", fact[1])
        and inference.confidence(fact) >= request.confidence_min
    }
    best = sorted(fitting, key=lambda fact: (-fitting[fact], fact))[: request.limit]
    whys = {fact: inference.derived()[fact] for fact in best}
    names = view.names([*best, *(each for why in whys.values() for each in why.premises)])
    by_rule = Counter(why.rule.name for why in inference.derived().values())
    return {
        "inferred": [shown.inferred_json(fact, fitting[fact], whys[fact], names) for fact in best],
        "inferred_count": len(fitting),
        "derived_by_rule": dict(sorted(by_rule.items())),
        "complete": not inference.is_full,
        "kept": request.mode == "keep",
    }
