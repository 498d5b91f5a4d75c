"""What source files define, by their syntax trees."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mimo.actors.files import messages, texts
from mimo.actors.files.choosing import Chosen
from mimo.actors.files.patience import Patience
from mimo.actors.files.reading import Answer
from mimo.actors.files.searching import compiled
from mimo.actors.workspace import opening
from mimo.actors.workspace.places import Place, Roots
from mimo.config import limits
from mimo.config.clock import Clock
from mimo.config.errors import InvalidRequest, MimoError, NotFound

if TYPE_CHECKING:
    from mimo.actors.code.symbols import Symbol

#: Names that an error suggests.
SUGGESTED_MAX = 10


def listed(request: messages.ListSymbols, roots: Roots) -> dict[str, Any]:
    """List what a source file defines.

    Raises:
        MimoError: It can't be read, or its language isn't understood.
    """
    place = roots.resolve(request.path)
    found = _symbols(place)
    shown = [_told(symbol) for symbol in found[: request.limit]]
    return {
        "path": roots.shown(place),
        "symbols": shown,
        "count": len(shown),
        "truncated": len(found) > len(shown),
    }


def read(request: messages.ReadSymbol, roots: Roots) -> dict[str, Any]:
    """Return the source of a definition; of several of a name, the first one and where all are.

    Raises:
        NotFound: The file defines nothing of that name.
        MimoError: It can't be read, or its language isn't understood.
    """
    place = roots.resolve(request.path)
    symbols = _symbols(place)
    name = request.symbol_name
    found = [each for each in symbols if each.qualified_name == name]
    found = found or [each for each in symbols if each.name == name]
    if not found:
        raise NotFound(
            f"expected a symbol of {roots.shown(place)}, got {name[:200]!r};"
            f" it defines {_suggestion(symbols)}"
        )
    symbol = found[0]
    first = max(1, symbol.start_line - request.context_lines)
    text = texts.text_of(opening.read(place, limits.FILE_BYTES_MAX).data, str(place))
    count = symbol.end_line + request.context_lines - first + 1
    shown = texts.page(text, first, count, limits.FILE_PAGE_CHARS_MAX)
    told = {
        "path": roots.shown(place),
        "symbol": _told(symbol),
        "content": shown["content"],
        "offset": first,
        "lines_read": shown["lines_read"],
        "truncated": shown["lines_read"] < min(count, shown["total_lines"] - first + 1),
    }
    return told | ({"others": [_told(each) for each in found[1:]]} if len(found) > 1 else {})


def searched(request: messages.SearchSymbols, roots: Roots, clock: Clock) -> Answer:
    """Find definitions by their names.

    Raises:
        InvalidRequest: The pattern is none, or takes too long.
        MimoError: The path can't be read.
    """
    from mimo.actors.code.parsing import language_of

    expression = compiled(request.pattern)
    chosen = Chosen(request.path, roots)
    patience = Patience(clock)
    found: list[dict[str, Any]] = []
    files, is_cut = 0, False
    for entry in chosen.entries():
        yield
        if entry.is_folder or not language_of(entry.place.name):
            continue
        if patience.is_over or is_cut:
            is_cut = True
            break
        files += 1
        symbols = _symbols_or_none(entry.place)
        patience.begin_file()
        for symbol in symbols:
            if not _fits(expression, symbol, patience):
                continue
            if len(found) >= request.limit:
                is_cut = True
                break
            found.append({"path": roots.shown(entry.place), **_told(symbol)})
    return {
        "pattern": request.pattern,
        "path": roots.shown(chosen.base),
        "symbols": found,
        "count": len(found),
        "files_searched": files,
        "truncated": is_cut,
    }


def _fits(expression: Any, symbol: Symbol, patience: Patience) -> bool:
    try:
        return expression.search(symbol.name, timeout=patience.left_s()) is not None
    except TimeoutError:
        raise InvalidRequest(
            "expected an expression that is quick, got one that takes too long; simplify it"
        ) from None


def _symbols(place: Place) -> tuple[Symbol, ...]:
    """Return what a file defines.

    Raises:
        MimoError: It can't be read, or its language isn't understood.
    """
    # Here and not above: most of what this process does needs no grammar.
    from mimo.actors.code.parsing import language_of, symbols_of

    language = language_of(place.name)
    if not language:
        raise InvalidRequest(
            f"expected a source file whose language is understood, got {place}; use search or read"
        )
    return symbols_of(opening.read(place, limits.SEARCHED_BYTES_MAX).data, language)


def _symbols_or_none(place: Place) -> tuple[Symbol, ...]:
    try:
        return _symbols(place)
    except MimoError:
        return ()


def _told(symbol: Symbol) -> dict[str, Any]:
    return {
        "name": symbol.qualified_name,
        "kind": symbol.kind,
        "line": symbol.line,
        "start_line": symbol.start_line,
        "end_line": symbol.end_line,
        "signature": symbol.signature,
    }


def _suggestion(symbols: tuple[Symbol, ...]) -> str:
    names = [symbol.qualified_name for symbol in symbols if symbol.kind != "import"]
    more = f" and {len(names) - SUGGESTED_MAX} more" if len(names) > SUGGESTED_MAX else ""
    return ", ".join(names[:SUGGESTED_MAX]) + more or "nothing"
