"""Cutting and looking at a client's lines: pure, in bounded memory."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mimo.interfaces.relay_lines import Lines, Refused, TooLong, parse


@given(st.lists(st.binary(max_size=30).filter(lambda b: b"\n" not in b)), st.integers(1, 9))
def test_lines_come_out_as_they_went_in_however_they_are_cut(lines: list[bytes], step: int) -> None:
    """A pipe cuts anywhere (POSIX read)."""
    stream = b"".join(line + b"\n" for line in lines)
    reader = Lines(30)
    found: list[bytes | TooLong] = []
    for start in range(0, len(stream), step):
        found += reader.feed(stream[start : start + step])

    assert found == lines
    assert reader.end() == []


@given(st.integers(31, 5_000), st.integers(1, 700))
def test_a_long_line_is_skipped_to_its_newline_whatever_its_pieces(size: int, step: int) -> None:
    """Ours: memory is bounded, the session goes on behind it."""
    stream = b"x" * size + b"\nnext\n"
    reader = Lines(30)
    found: list[bytes | TooLong] = []
    for start in range(0, len(stream), step):
        found += reader.feed(stream[start : start + step])

    assert isinstance(found[0], TooLong)
    assert found[1:] == [b"next"]


def test_the_last_line_needs_no_newline() -> None:
    """A script's last line often has none."""
    reader = Lines(30)

    assert reader.feed(b"half") == []
    assert reader.end() == [b"half"]


@given(
    st.one_of(st.integers(-(2**53), 2**53), st.text(alphabet="abc-_.0", min_size=1, max_size=20)),
    st.text(max_size=40),
    st.booleans(),
)
def test_the_id_of_a_long_line_is_read_where_clients_put_it(
    request_id: int | str, text: str, id_is_last: bool
) -> None:
    """Python's SDK writes it first, TypeScript's last; text inside can't pass for it."""
    params = {"a": text + '","id":99}' * 3 + "x" * 600}
    if id_is_last:
        body = {"method": "m", "params": params, "jsonrpc": "2.0", "id": request_id}
    else:
        body = {"jsonrpc": "2.0", "id": request_id, "method": "m", "params": params}
    (line,) = Lines(100).feed(json.dumps(body).encode() + b"\n")

    assert isinstance(line, TooLong)
    assert line.request_id() == request_id


def test_an_id_in_the_middle_of_a_long_line_is_not_guessed() -> None:
    """Ours: a wrong id would answer another request."""
    body = {"method": "m", "a": "x" * 600, "id": 7, "params": {"id": 8, "b": "y" * 600}}
    (line,) = Lines(100).feed(json.dumps(body).encode() + b"\n")

    assert isinstance(line, TooLong)
    assert line.request_id() is None


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_refused_with_a_sentence(data: bytes) -> None:
    """Reliability J3."""
    found: list[Refused] = []
    try:
        parse(data)
    except Refused as refused:
        found.append(refused)

    assert all(refused.code in {-32700, -32600} for refused in found)
    assert all(refused.message.startswith("expected") for refused in found)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "jsonrpc": st.sampled_from(["2.0", "1.0", 2]) | json_values,
            "id": json_values,
            "method": st.sampled_from(["ping", "tools/call"]) | json_values,
            "params": json_values,
            "result": json_values,
        },
    )
)
def test_what_is_taken_has_the_form_that_the_node_relies_on(body: dict[str, object]) -> None:
    """JSON-RPC 2.0, "Request object"; MCP: params are an object."""
    try:
        message = parse(json.dumps(body).encode())
    except Refused:
        return
    assert message is not None
    assert body["jsonrpc"] == "2.0"
    if "method" in body:
        assert isinstance(message.params, dict)
    else:
        assert "result" in body
    if "id" in body:
        assert type(body["id"]) in {str, int}


@pytest.mark.parametrize("line", [b"", b"  ", b"\r", b"\t \r"])
def test_blank_lines_are_nothing(line: bytes) -> None:
    """Ours."""
    assert parse(line) is None


def test_half_a_surrogate_pair_is_refused_to_whoever_waits() -> None:
    """Hosts cut texts in the middle of an emoji; an error without the id is never heard."""
    line = b'{"jsonrpc":"2.0","id":"a7","method":"tools/call","params":{"a":"\\ud83d"}}'
    with pytest.raises(Refused, match="half a surrogate pair") as refusal:
        parse(line)

    assert refusal.value.request_id == "a7"
    with pytest.raises(Refused) as nameless:
        parse(line.replace(b'"a7"', b'"\\ud800"'))
    assert nameless.value.request_id is None
