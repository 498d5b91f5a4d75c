"""What the web worker is asked; replies are `mimo.actors.operations.Result`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

#: How a fetched page may be shown.
Format = Literal["text", "markdown", "html", "json", "raw"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetch:
    """Return a page by plain HTTP.

    Args:
        url: Where.
        format: `raw` also shows status and headers, whatever they are.
        method: GET or POST.
        headers: Besides Mimo's own, by name.
        body: JSON of a POST; "" for none.
        offset: Characters of the text to leave out.
        limit: Most characters of the text.
        approved: Whether the user has agreed to a POST.
    """

    url: str
    format: Format = "text"
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""
    offset: int = 0
    limit: int = 20_000
    approved: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Extract:
    """Return a page's main text, and what the page says about itself."""

    url: str
    include_structured: bool = False
    offset: int = 0
    limit: int = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Parse:
    """Return HTML as Markdown; nothing is fetched."""

    html: str
    limit: int = 40_000
    offset: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPdf:
    """Return pages of a PDF.

    Args:
        url: Where it is; "" if it is a file.
        path: A file of the workspace; "" if it is on the web.
        pages: Their numbers, from 1; empty for all.
        offset: Characters of the text to leave out.
        limit: Most characters of the text.
    """

    url: str = ""
    path: str = ""
    pages: tuple[int, ...] = ()
    offset: int = 0
    limit: int = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class FindPapers:
    """Search arXiv.

    Args:
        query: Words, or arXiv's own form such as `ti:attention AND au:vaswani`.
        categories: Only these, such as cs.CL.
        sort_by: relevance, lastUpdatedDate or submittedDate.
        offset: Papers to leave out.
        limit: Most papers.
    """

    query: str
    categories: tuple[str, ...] = ()
    sort_by: str = "relevance"
    offset: int = 0
    limit: int = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPaper:
    """Return a paper of arXiv, with its text and sections if wanted."""

    id: str
    include_pdf: bool = False
    extract_sections: bool = False
    offset: int = 0
    limit: int = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Ask the search service that the user has named."""

    query: str
    kind: Literal["web", "code", "images"] = "web"
    limit: int = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Blink:
    """Ask for a page by plain HTTP and say what stands before it.

    Args:
        url: Where.
        shape: `page` (with its text), `analysis` (without) or `smart`: with the browser where the
            page is made by scripts or waits for a check that passes by itself.
        format: How the text is shown.
        offset: Characters of the text to leave out.
        limit: Most characters of the text.
    """

    url: str
    shape: Literal["page", "analysis", "smart"] = "page"
    format: Format = "text"
    offset: int = 0
    limit: int = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Browse:
    """Visit a page with a browser and do something there.

    Args:
        url: Where.
        shape: What is wanted: the page's text, a picture, a PDF, a script's value, what came of
            actions, or of checks.
        format: How the text is shown; the paper's size of a PDF.
        wait_for_selector: Wait until this is there; "" waits for the page to be loaded.
        full_page: Of a picture: also what lies below.
        selector: Of a picture: only this part; "" for all.
        image_type: Of a picture: png or jpeg.
        path: Of a picture or PDF: a file of the workspace to write; "" shows it in the answer.
        script: JavaScript, an expression or a function's body.
        actions: What to do, each with its `type`.
        cases: What to check, each with its `assert`.
        timeout_s: For loading the page; what is done there may take some seconds more.
        offset: Characters of the text to leave out.
        limit: Most characters of the text.
        approved: Whether the user has agreed to what it may do there.
    """

    url: str
    shape: Literal["page", "screenshot", "pdf", "evaluate", "interact", "test"] = "page"
    format: str = "text"
    wait_for_selector: str = ""
    full_page: bool = True
    selector: str = ""
    image_type: str = "png"
    path: str = ""
    script: str = ""
    actions: tuple[Mapping[str, Any], ...] = ()
    cases: tuple[Mapping[str, Any], ...] = ()
    timeout_s: float = 30.0
    offset: int = 0
    limit: int = 20_000
    approved: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LookAt:
    """Have a language model that can see describe a picture.

    Args:
        image: A URL, a file of the workspace, a data URL, or base64.
        prompt: What to tell about it.
        max_tokens: Of the answer.
    """

    image: str
    prompt: str = ""
    max_tokens: int = 1_000


Job = Fetch | Extract | Parse | ReadPdf | FindPapers | ReadPaper | Search | Blink | Browse | LookAt
