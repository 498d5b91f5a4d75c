"""The work of a job, in its child process: what is asked of the web, and what is made of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from mimo.actors.web import arxiv, judging, pictures, reading, searching
from mimo.actors.web import messages as wm
from mimo.actors.web.children import limit_memory
from mimo.actors.web.downloading import check_status
from mimo.actors.web.exchange import Head, Request, ask
from mimo.actors.web.markdown import to_markdown
from mimo.actors.web.pdf import Document, read_pdf
from mimo.actors.web.showing import part_of
from mimo.actors.workspace import opening, places
from mimo.config import limits
from mimo.config.clock import SYSTEM_CLOCK
from mimo.config.errors import InvalidRequest
from mimo.config.settings import Settings

Answer = Mapping[str, Any]

#: Longest list of authors' words in a search's answer.
_SUMMARY_CHARS_MAX = 700


def done(request: wm.Job, settings: Settings) -> Answer:
    """Do a job and return what to answer: `data`, and what else a `Result` has.

    Raises:
        MimoError: It can't be done.
    """
    if judging.needs_browser(request):
        from mimo.actors.web.browsing import done as browsed

        return browsed(request, settings)
    limit_memory(limits.WEB_JOB_BYTES_MAX)
    works: dict[type, Callable[[Any, Settings], Answer]] = {
        wm.Fetch: reading.fetched,
        wm.Extract: reading.extracted,
        wm.Blink: reading.blinked,
        wm.Parse: _parsed,
        wm.ReadPdf: _pdf,
        wm.FindPapers: _papers,
        wm.ReadPaper: _paper,
        wm.Search: _searched,
        wm.LookAt: _looked_at,
    }
    return works[type(request)](request, settings)


def _parsed(request: wm.Parse, _settings: Settings) -> Answer:
    shown = part_of(to_markdown(request.html), request.offset, request.limit)
    return {"data": shown, "untrusted": "html that was given"}


# -- PDF ------------------------------------------------------------------------------------------
def _pdf(request: wm.ReadPdf, settings: Settings) -> Answer:
    if request.url:
        raw, source = _pdf_bytes(request.url, settings), request.url
    else:
        place = places.workspace(settings).resolve(request.path)
        raw, source = opening.read(place, limits.INGEST_FILE_BYTES_MAX).data, request.path
    document = read_pdf(raw, request.pages)
    return {"data": _document(document, request.offset, request.limit), "untrusted": source}


def _pdf_bytes(url: str, settings: Settings) -> bytes:
    def judge(head: Head) -> None:
        check_status(head)
        if head.kind not in {"application/pdf", "application/octet-stream", "binary/octet-stream"}:
            raise InvalidRequest(
                f"expected a PDF at {url[:200]}, got {head.kind[:80]}; use fetch or extract"
            )

    request = Request(url=url, headers={"Accept": "application/pdf"})
    return ask(request, settings.web.allow, SYSTEM_CLOCK, judge=judge).body


def _document(document: Document, offset: int, limit: int) -> dict[str, Any]:
    if not any(text for _, text in document.pages):
        raise InvalidRequest(
            "expected a PDF with text, got pictures only; run text recognition (OCR) over it first"
        )
    return {
        "page_count": document.page_count,
        "pages": [number for number, _ in document.pages][:1_000],
        "metadata": document.metadata,
        **part_of(document.text, offset, limit),
    }


# -- arXiv ----------------------------------------------------------------------------------------
def _papers(request: wm.FindPapers, settings: Settings) -> Answer:
    url = arxiv.search_url(
        settings.web.arxiv_url,
        request.query,
        request.categories,
        request.sort_by,
        request.offset,
        request.limit,
    )
    found, total = arxiv.papers_in(_api(url, settings))
    for paper in found:
        paper["summary"] = paper["summary"][:_SUMMARY_CHARS_MAX]
        paper["authors"] = paper["authors"][:20]
    end = request.offset + len(found)
    data = {
        "papers": found,
        "count": len(found),
        "total": total,
        "next_offset": end if found and end < total else 0,
    }
    return {"data": data, "untrusted": settings.web.arxiv_url}


def _paper(request: wm.ReadPaper, settings: Settings) -> Answer:
    url = arxiv.paper_url(settings.web.arxiv_url, request.id)
    paper = arxiv.the_paper(_api(url, settings), request.id)
    data: dict[str, Any] = {"paper": paper}
    if request.include_pdf or request.extract_sections:
        document = read_pdf(_pdf_bytes(paper["pdf_url"], settings))
        text = "\n\n".join(text for _, text in document.pages)
        data |= {"page_count": document.page_count}
        if request.extract_sections:
            data["sections"] = arxiv.sections_of(text)[:200]
        if request.include_pdf:
            data |= part_of(text, request.offset, request.limit)
    return {"data": data, "untrusted": paper["pdf_url"] or url}


def _api(url: str, settings: Settings) -> bytes:
    request = Request(url=url, headers={"Accept": "application/atom+xml"})
    return ask(request, settings.web.allow, SYSTEM_CLOCK, judge=check_status).body


# -- Search ---------------------------------------------------------------------------------------
def _searched(request: wm.Search, settings: Settings) -> Answer:
    web = settings.web
    address, allow = judging.searchable(web)
    key = os.environ.get(web.search_key_variable, "").strip() if web.search_key_variable else ""
    question = searching.question(
        web.search_kind, address, key, query=request.query, what=request.kind, limit=request.limit
    )
    if key and not judging.is_safe_for_keys(address):
        raise InvalidRequest("expected https for a search service with a key, got http; correct it")
    answer = ask(
        # Whoever gets the key is the service alone.
        Request(
            url=question.url,
            headers={"Accept": "application/json", **question.headers},
            follows=False,
        ),
        allow,
        SYSTEM_CLOCK,
        judge=check_status,
    )
    found = searching.results_in(web.search_kind, request.kind, answer.body, request.limit)
    data = {"results": found, "count": len(found), "backend": web.search_kind}
    return {"data": data, "untrusted": f"results of {web.search_kind}"}


def _looked_at(request: wm.LookAt, settings: Settings) -> Answer:
    picture = pictures.picture_of(request.image, settings)
    return {
        "image": picture.data_url,
        "bytes": len(picture.raw),
        "type": picture.kind,
        "source": picture.source,
    }
