"""Types made ready before a fork, so that their pages stay shared after it."""

from __future__ import annotations

import sys
from collections.abc import Set as AbstractSet

#: Bit of `type.__flags__`: lookups in the type may be cached. Source: CPython's object.h,
#: Py_TPFLAGS_VALID_VERSION_TAG.
HAS_VERSION = 1 << 19


def settle_types(but_those_of: AbstractSet[str] = frozenset()) -> None:
    """Look something up in every type that a loaded module names.

    The first lookup writes a version into the type and into all its bases; after a fork that
    would copy their pages, in each process anew.

    Args:
        but_those_of: Modules whose types are settled already; even a glance would write to them.
    """
    for name, module in list(sys.modules.items()):
        if name in but_those_of:
            continue
        for found in list(getattr(module, "__dict__", {}).values()):
            if issubclass(type(found), type):
                # By the base's own method: a metaclass's `__getattr__` may do anything.
                type.__getattribute__(found, "__dir__")
