"""Tensors come back as they went, and what isn't one is refused in words."""

import json
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelfleet.api.faults import decode
from modelfleet.api.inference import frames
from modelfleet.api.inference.questions import requests_of, tensors_of
from modelfleet.api.inference.routes import _INFER
from modelfleet.api.inference.tensors import Tensor, flat, strings_of, to_bytes
from modelfleet.decisions import Request
from modelfleet.errors import InvalidInput

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(st.lists(st.binary(max_size=40), max_size=12).map(tuple))
def test_strings_in_binary_come_back(values: tuple[bytes, ...]) -> None:
    tensor = Tensor("text", "BYTES", (len(values),), values)
    assert strings_of(to_bytes(tensor), "text") == values


@given(st.lists(st.text(max_size=40), max_size=12).map(tuple))
def test_text_becomes_utf_8_in_binary(values: tuple[str, ...]) -> None:
    tensor = Tensor("label", "BYTES", (len(values),), values)
    assert strings_of(to_bytes(tensor), "label") == tuple(map(str.encode, values))


@given(st.lists(st.floats(allow_nan=False), max_size=12).map(tuple))
def test_numbers_in_binary_are_little_endian(values: tuple[float, ...]) -> None:
    tensor = Tensor("probability", "FP64", (len(values),), values)
    assert struct.unpack(f"<{len(values)}d", to_bytes(tensor)) == values


@given(st.lists(st.binary(min_size=1, max_size=9), min_size=1, max_size=4), st.data())
def test_strings_that_are_cut_off_are_refused(values: list[bytes], data: st.DataObject) -> None:
    whole = to_bytes(Tensor("text", "BYTES", (len(values),), tuple(values)))
    cut = data.draw(st.integers(1, len(values[-1]) + 3))
    with pytest.raises(InvalidInput, match="ends within"):
        strings_of(whole[:-cut], "text")


@given(st.binary(max_size=60))
def test_any_bytes_are_strings_or_are_refused(data: bytes) -> None:
    try:
        values = strings_of(data, "text")
    except InvalidInput:
        return
    assert to_bytes(Tensor("text", "BYTES", (len(values),), values)) == data


@given(st.lists(st.lists(st.text(), max_size=3), max_size=3))
def test_nested_data_is_read_row_by_row(rows: list[list[str]]) -> None:
    assert list(flat(rows)) == [value for row in rows for value in row]


@given(st.text(max_size=8) | st.integers(-5, 60).map(str), st.binary(max_size=40))
def test_any_header_splits_the_body_or_is_refused(header: str, body: bytes) -> None:
    try:
        head, rest = frames.split(header, body)
    except InvalidInput:
        return
    assert (len(head), head + rest) == (int(header), body)


@given(
    st.lists(st.text(min_size=1, max_size=9), min_size=1, max_size=5),
    st.booleans(),
    st.booleans(),
)
def test_json_and_binary_ask_the_same(texts: list[str], binary: bool, column: bool) -> None:  # noqa: FBT001 - hypothesis draws them
    values = tuple(text.encode() for text in texts)
    shape = [len(texts), 1] if column else [len(texts)]
    blob = to_bytes(Tensor("text", "BYTES", tuple(shape), values)) if binary else b""
    sent: dict[str, Any] = {"name": "text", "shape": shape, "datatype": "BYTES"}
    if binary:
        sent["parameters"] = {"binary_data_size": len(blob)}
    else:
        sent["data"] = [[text] for text in texts] if column else texts
    head = json.dumps({"inputs": [sent]}).encode()
    part, rest = frames.split(str(len(head)), head + blob)
    asked = requests_of(tensors_of(decode(_INFER, part), rest))
    assert asked == [Request(text) for text in texts]


@given(JSON)
def test_any_json_is_a_request_or_is_refused(value: object) -> None:
    written = json.dumps(value, allow_nan=False) if _is_strict(value) else "NaN"
    assert_read_or_refused(written.encode(), b"")


@given(
    st.fixed_dictionaries(
        {"name": st.sampled_from(["text", "metadata", "other"])},
        optional={
            "shape": st.lists(st.integers(-3, 2**70), max_size=3) | JSON,
            "datatype": st.sampled_from(["BYTES", "FP32", ""]),
            "data": JSON,
            "parameters": st.dictionaries(
                st.sampled_from(["binary_data_size", "shared_memory_region", "x"]),
                st.integers(-2, 2**70) | JSON,
                max_size=2,
            ),
        },
    ),
    st.binary(max_size=20),
)
def test_any_tensor_is_read_or_is_refused(tensor: dict[str, Any], rest: bytes) -> None:
    if not _is_strict(tensor):
        return
    body = {"inputs": [{"shape": [1], "datatype": "BYTES", **tensor}]}
    assert_read_or_refused(json.dumps(body).encode(), rest)


def assert_read_or_refused(body: bytes, binary: bytes) -> None:
    """Nothing but requests or `InvalidInput` comes of it."""
    try:
        asked = requests_of(tensors_of(decode(_INFER, body), binary))
    except InvalidInput:
        return
    assert all(isinstance(one, Request) for one in asked)


def _is_strict(value: object) -> bool:
    try:
        json.dumps(value, allow_nan=False).encode()
    except ValueError:
        return False
    return True
