"""What `cognitive` computes: an answer is computed, or it is said that it can't be."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from mimo.actors.cognition import agreement, arithmetic, counting, units
from mimo.actors.cognition.claims import check_claims
from mimo.actors.cognition.dates import read_day
from mimo.actors.cognition.entailment import entails
from mimo.actors.cognition.questions import check_answer
from mimo.config.errors import InvalidRequest, NotAvailable

Arguments = Mapping[str, Any]
RELATIONS: Final[Mapping[str, Callable[[int], bool]]] = {
    "greater": lambda sign: sign > 0,
    "less": lambda sign: sign < 0,
    "equal": lambda sign: sign == 0,
    "greater_equal": lambda sign: sign >= 0,
    "less_equal": lambda sign: sign <= 0,
}
KINDS: Final = ("letter", "word", "character")
_VERSION: Final = re.compile(r"v?\d+(?:\.\d+){2,}")


def answer(name: str, arguments: Arguments) -> dict[str, Any]:
    """Return what an operation computes, as JSON values.

    Args:
        name: One of `OPERATIONS`.
        arguments: As its schema checked them.

    Raises:
        MimoError: It can't be read, or can't be decided.
    """
    return OPERATIONS[name](arguments)


def _count(arguments: Arguments) -> dict[str, Any]:
    text, kind = arguments["text"], arguments.get("type", "letter")
    target = arguments.get("target", "")
    if kind == "letter":
        if len(target) != 1:
            raise InvalidRequest(
                f"expected one letter as 'target', got {target!r}; name the letter to count"
            )
        found = counting.count_letter(text, target)
        told = f"{target!r}, small or capital"
    elif kind == "word" and target:
        words = re.findall(r"\w+(?:['\u2019-]\w+)*", text.casefold())
        found = words.count(target.casefold())
        told = f"the word {target!r}"
    elif kind == "word":
        found, told = counting.count_words(text), "words, by white space"
    else:
        found = counting.count_characters(text)
        told = "characters with their accents, spaces included"
    return {"count": found, "type": kind, "counted": told} | _against(found, arguments)


def _against(found: int, arguments: Arguments) -> dict[str, Any]:
    claimed = arguments.get("claimed_result", "")
    if not claimed:
        return {}
    return {"claimed": claimed, "match": arithmetic.evaluate(claimed) == found}


def _math(arguments: Arguments) -> dict[str, Any]:
    exact = arithmetic.evaluate(arguments["expression"])
    claimed = arguments["claimed_result"].strip()
    value = arithmetic.evaluate(claimed)
    if re.fullmatch(rf"[-+]?(?:{arithmetic.NUMBER})", claimed):
        status, told = agreement.agrees(exact, claimed)
    else:
        status = "verified" if value == exact else "refuted"
        told = f"exactly {arithmetic.shown(exact)}"
    return {
        "actual": arithmetic.shown(exact),
        "claimed": claimed,
        "match": status == "verified",
        "exact": value == exact,
        "discrepancy": arithmetic.shown(value - exact),
        "evidence": told,
    }


def _logic(arguments: Arguments) -> dict[str, Any]:
    found = entails(arguments["statements"], arguments["claim"])
    return {
        "outcome": found.outcome,
        "claim_entailed": found.outcome == "entailed",
        "contradictions": found.outcome == "inconsistent",
        "readings": list(found.readings),
        "method": found.method,
    }


def _compare(arguments: Arguments) -> dict[str, Any]:
    first, second = arguments["value_a"].strip(), arguments["value_b"].strip()
    kind, signs = _signs(first, second)
    relation = arguments["relation"]
    holds = {RELATIONS[relation](sign) for sign in signs}
    if len(holds) != 1:
        raise NotAvailable(
            f"expected units with one meaning, got {first!r} and {second!r}, which have several;"
            " say which is meant"
        )
    names = {-1: "less", 0: "equal", 1: "greater"}
    return {
        "holds": holds.pop(),
        "relation": relation,
        "actual": " or ".join(names[sign] for sign in sorted(signs)),
        "compared_as": kind,
    }


def _signs(first: str, second: str) -> tuple[str, set[int]]:
    """Return as what two values are compared, and how: -1, 0 or 1 for each meaning."""
    days = read_day(first), read_day(second)
    if days[0] and days[1]:
        return "days", {_sign(days[0], days[1])}
    left, right = units.read_quantity(first), units.read_quantity(second)
    if left and right:
        if left.dimension != right.dimension:
            raise InvalidRequest(
                f"expected two of one dimension, got {left.dimension} and {right.dimension};"
                " they can't be compared"
            )
        return f"quantities of {left.dimension}", units.compare_bases(left, right)
    if _VERSION.fullmatch(first) and _VERSION.fullmatch(second):
        numbers = [[int(part) for part in re.findall(r"\d+", each)] for each in (first, second)]
        return "versions, number by number", {_sign(numbers[0], numbers[1])}
    try:
        values = arithmetic.evaluate(first), arithmetic.evaluate(second)
    except InvalidRequest:
        return "text, by code point", {_sign(first, second)}
    return "numbers, exactly", {_sign(values[0], values[1])}


def _sign(first: Any, second: Any) -> int:
    return int(first > second) - int(first < second)


def _self_check(arguments: Arguments) -> dict[str, Any]:
    verdict = check_answer(arguments["problem"], arguments["claimed_answer"])
    if not verdict.evaluator:
        raise NotAvailable(
            "expected a problem whose answer can be computed (arithmetic, counting, spelling,"
            " units, days, divisibility), got another; check it by other means"
        )
    return {
        "status": verdict.status,
        "evaluator": verdict.evaluator,
        "evidence": verdict.evidence,
        "claim": verdict.claim,
    }


def _errors(arguments: Arguments) -> dict[str, Any]:
    verdicts = check_claims(arguments["content"])
    return {
        "errors": [
            {"claim": each.claim, "evidence": each.evidence, "evaluator": each.evaluator}
            for each in verdicts
            if each.status == "refuted"
        ],
        "verified_count": sum(each.status == "verified" for each in verdicts),
        "checked_count": len(verdicts),
    }


OPERATIONS: Final[Mapping[str, Callable[[Arguments], dict[str, Any]]]] = {
    "verify_count": _count,
    "verify_math": _math,
    "verify_logic": _logic,
    "verify_compare": _compare,
    "verify_self_check": _self_check,
    "reflector_errors": _errors,
}
