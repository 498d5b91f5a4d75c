"""Edits of several files, killed at random: are the files old, new, or in between?"""

from __future__ import annotations

import time
from pathlib import Path

from tests.load.rows import Row
from tests.support.editing import kill_random_edits


def measure(folder: Path, *, edits: int, seed: int = 1) -> list[Row]:
    """Make random edits, kill each at a random moment, recover, compare, undo some."""
    folder.mkdir(parents=True, exist_ok=True)
    began_s = time.monotonic()
    tally = kill_random_edits(folder, edits, seed)
    took_s = time.monotonic() - began_s
    between = tally.edits - tally.old - tally.new
    return [
        Row(
            what="edits of 2 to 6 files, killed at random",
            bar="0 in between",
            figure=f"{between} in between ({tally.old} old, {tally.new} new)",
            how=f"{tally.killed} of {tally.edits} killed before they ended, {tally.recovered} of"
            f" them in the middle; {tally.undone} undone, byte by byte; {took_s:.0f} s in all",
            is_met=between == 0 and tally.recovered > 0,
            raw={"old": tally.old, "new": tally.new, "recovered": tally.recovered, "seed": seed},
        )
    ]
