"""Words that exclude each other when said of the same thing."""

from __future__ import annotations

from typing import Final

from mimo.actors.memory.wording import stem

# Two sides each, separated by "|"; whatever stands on one excludes whatever stands on the other.
_SIDES: Final = """
    enabled enable active on allowed allow permit permitted | disabled disable inactive off
    forbid forbidden prohibit prohibited deny denied ;
    open opened | closed close shut ;
    always everyone everybody everything all every | never nobody none nothing ;
    increase increased rise rose higher more up grew | decrease decreased fall fell lower less
    down shrank ;
    present attended here | absent missing away ;
    married | single unmarried divorced ;
    pass passed passes succeed succeeded succeeds success works work | fail failed fails failure
    broken ;
    male man boy | female woman girl ;
    left left-handed leftmost | right right-handed rightmost ;
    manual manually | automatic automatically ;
    dry | wet damp ;
    safe harmless suitable | unsafe dangerous harmful unsuitable ;
    agree agreed accept accepted approve approved | reject rejected refuse refused decline
    declined disagree disagreed ;
    before earlier first | after later last ;
    older elder bigger larger longer taller | younger smaller shorter ;
    hot warm | cold cool ;
    true correct right yes | false incorrect wrong no ;
    public | private ;
    free gratis | paid costs ;
    sync synchronous | async asynchronous ;
    required mandatory compulsory necessary | optional unnecessary voluntary ;
    legal allowed | illegal ;
    possible | impossible ;
    alive living | dead deceased ;
    full | empty ;
    rich | poor ;
    easy simple | difficult hard complicated ;
    fast quick quickly | slow slowly ;
    early | late ;
    visible shown | invisible hidden ;
    local | remote ;
    love loves like likes enjoy enjoys | hate hates dislike dislikes detest detests ;
    win won | lose lost ;
    start begin | end finish ;
    mutable | immutable ;
    shared | separate own private ;
    guilty | innocent ;
    cheap | expensive ;
    black | white ;
    day daily | night nightly ;
    include included | exclude excluded ;
    online | offline ;
    inside indoors | outside outdoors ;
    vegetarian vegan | meat ;
    happy satisfied | unhappy sad dissatisfied ;
    healthy | sick ill ;
    available | unavailable sold ;
    employed | unemployed ;
    lowercase | uppercase ;
    horizontal | vertical ;
    import | export ;
    success | error
"""
# Of each line a word excludes all others.
_GROUPS: Final = """
    north south east west
    monday tuesday wednesday thursday friday saturday sunday
    spring summer autumn winter
    january february march april may june july august september october november december
"""


def _pairs() -> dict[str, tuple[tuple[int, int], ...]]:
    """Return by word the groups and sides that it stands in."""
    found: dict[str, set[tuple[int, int]]] = {}
    for number, line in enumerate(_SIDES.split(";")):
        for side, words in enumerate(line.split("|")):
            for word in words.split():
                found.setdefault(stem(word), set()).add((number, side))
    for number, line in enumerate(_GROUPS.strip().splitlines(), 1_000):
        for side, word in enumerate(line.split()):
            found.setdefault(stem(word), set()).add((number, side))
    return {word: tuple(sorted(places)) for word, places in found.items()}


_PLACES: Final = _pairs()
_PREFIXES: Final = ("un", "in", "im", "dis", "non", "non-", "ir", "il")


def are_opposite(one: str, other: str) -> bool:
    """Tell whether two stemmed words exclude each other, or one negates the other by a prefix."""
    for group, side in _PLACES.get(one, ()):
        if any(number == group and place != side for number, place in _PLACES.get(other, ())):
            return True
    short, long = sorted((one, other), key=len)
    return len(short) > 3 and any(long == prefix + short for prefix in _PREFIXES)
