"""Which files a path, folder or glob names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from mimo.actors.files import messages
from mimo.actors.files.patience import Patience
from mimo.actors.files.reading import Answer, refuse_file
from mimo.actors.workspace.globs import choices, matches, split_glob
from mimo.actors.workspace.places import Roots
from mimo.actors.workspace.walking import Entry, Walk
from mimo.config.clock import Clock
from mimo.config.errors import InvalidRequest


class Chosen:
    """The files that a path, folder or glob names.

    Args:
        path: The path, folder or glob.
        roots: What may be seen.
        exclude: Globs of what is left out.
        respects_gitignore: Whether what git ignores is left out.

    Raises:
        MimoError: There is nothing, or it may not be read.
    """

    def __init__(
        self,
        path: str,
        roots: Roots,
        exclude: tuple[str, ...] = (),
        *,
        respects_gitignore: bool = True,
    ) -> None:
        if not roots.allowed:
            raise roots.unset()
        folder, glob = split_glob(path, roots.allowed[0], braces=True)
        self.base = roots.resolve(folder)
        leaves_out = filter_of(glob, exclude)
        self._walk = Walk(self.base, roots, leaves_out=leaves_out, ignores=respects_gitignore)
        self._is_file = False
        try:
            refuse_file(self.base)
        except InvalidRequest:
            self._is_file = True

    @property
    def skipped(self) -> Counter[str]:
        """Return how many entries were left out so far, by reason."""
        return self._walk.skipped

    def entries(self) -> Iterator[Entry]:
        """Yield the files, sorted folder by folder, and the folders on the way."""
        return iter((Entry(self.base, False),)) if self._is_file else self._walk.entries()


def filter_of(glob: str, exclude: tuple[str, ...]) -> Callable[[tuple[str, ...]], str]:
    """Return what tells from a file's names why it isn't wanted; "" if it is.

    Args:
        glob: Of what is wanted; "" is all.
        exclude: Globs of what isn't; one without a slash is for names in any folder.

    Raises:
        InvalidRequest: They stand for too many.
    """
    wanted = choices(glob) if glob else ()
    unwanted = [each for one in exclude for each in choices(_anywhere(one))]

    def reason(parts: tuple[str, ...]) -> str:
        if wanted and not any(matches(parts, each) for each in wanted):
            return "not matched"
        depths = range(1, len(parts) + 1)
        is_out = any(matches(parts[:depth], each) for each in unwanted for depth in depths)
        return "excluded" if is_out else ""

    return reason


def _anywhere(glob: str) -> str:
    plain = glob.strip("/")
    return plain if "/" in plain else f"**/{plain}"


def globbed(request: messages.Glob, roots: Roots, clock: Clock) -> Answer:
    """Find files by their paths.

    Raises:
        MimoError: The folder can't be read, or the glob isn't one.
    """
    pattern = request.pattern
    if pattern.startswith(("/", "~")) or ".." in pattern.split("/"):
        raise InvalidRequest(
            f"expected a glob below `path`, got {pattern[:200]!r}; put its folder into `path`"
        )
    base = roots.resolve(request.path)
    refuse_file(base)
    leaves_out = filter_of(pattern, request.exclude)
    walk = Walk(base, roots, leaves_out=leaves_out, ignores=request.respects_gitignore)
    patience = Patience(clock)
    found: list[str] = []
    is_cut = False
    for entry in walk.entries():
        yield
        if patience.is_over or (not entry.is_folder and len(found) >= request.limit):
            is_cut = True
            break
        if not entry.is_folder:
            found.append(roots.shown(entry.place))
    return {
        "pattern": pattern,
        "base_path": roots.shown(base),
        "matches": found,
        "count": len(found),
        "skipped": dict(walk.skipped),
        "truncated": is_cut,
    }
