"""Inputs to requests, and parameters to what is wished for."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from modelfleet.api.inference import frames
from modelfleet.api.inference.tensors import BYTES, Tensor, flat, strings_of
from modelfleet.api.inference.wire import InferBody, SentTensor, TensorMetadata
from modelfleet.api.predicting import Wish
from modelfleet.decisions import Request
from modelfleet.decisions.scoring import MOST_CANDIDATES
from modelfleet.errors import InvalidInput

INPUTS = (
    TensorMetadata("text", BYTES, [-1]),
    TensorMetadata("metadata", BYTES, [-1]),
)
MEANINGS = {
    "text": "what is to be labelled, in UTF-8",
    "metadata": "optional: one flat JSON object for each text; empty for none",
}
_METADATA = msgspec.json.Decoder(dict[str, Any])


def tensors_of(body: InferBody, binary: bytes) -> list[Tensor]:
    """The inputs of a request, those in binary taken from behind the JSON in their order.

    Raises:
        InvalidInput: one isn't what it says, or too many or too few bytes came.
    """
    tensors = []
    for number, sent in enumerate(body.inputs):
        field = f"inputs[{number}]"
        size = _binary_size(sent, field)
        if size > len(binary):
            raise InvalidInput.at(
                f"{field}.parameters.binary_data_size",
                f"is {size:,}, but only {len(binary):,} bytes are left behind the JSON",
            )
        tensors.append(_tensor(sent, binary[:size], field))
        binary = binary[size:]
    if binary:
        raise InvalidInput.at(
            frames.HEADER, f"leaves {len(binary):,} bytes that belong to no input"
        )
    return tensors


def requests_of(tensors: Sequence[Tensor]) -> list[Request]:
    """The requests that inputs hold: ``text``, and ``metadata`` if it is there.

    Raises:
        InvalidInput: an input is missing, unknown, given twice or of another shape, or an element
            isn't UTF-8 or JSON.
    """
    given: dict[str, Tensor] = {}
    for number, tensor in enumerate(tensors):
        field = f"inputs[{number}]"
        if tensor.name not in MEANINGS:
            known = " and ".join(MEANINGS)
            raise InvalidInput.at(f"{field}.name", f"must be {known}; got {tensor.name[:100]!a}")
        if tensor.name in given:
            raise InvalidInput.at(f"{field}.name", f"is given twice: {tensor.name}")
        _check(tensor, field)
        given[tensor.name] = tensor
    if "text" not in given:
        raise InvalidInput.at("inputs", "must hold a tensor named text")
    texts = [_decoded(value, f"text[{i}]") for i, value in enumerate(given["text"].values)]
    if "metadata" not in given:
        return [Request(text) for text in texts]
    objects = [_object(value, f"metadata[{i}]") for i, value in enumerate(given["metadata"].values)]
    if len(objects) != len(texts):
        raise InvalidInput.at("metadata", f"must hold {len(texts)} elements, as text does")
    return [Request(text, metadata) for text, metadata in zip(texts, objects, strict=True)]


def element(number: int, field: str) -> str:
    """What clients call a field of a request: ``metadata[3].plan`` of ``metadata.plan``."""
    name, dot, rest = field.partition(".")
    return f"{name}[{number}]{dot}{rest}"


def wish_of(parameters: Mapping[str, Any], most: int = 0) -> Wish:
    """What the parameters of a request wish for; those of other servers are passed over.

    Args:
        parameters: ``log`` and ``top_k``.
        most: the most labels that some output needs.

    Raises:
        InvalidInput: a parameter isn't what it should be.
    """
    log = flag(parameters, "log", "parameters")
    wanted = parameters.get("top_k", MOST_CANDIDATES)
    if not isinstance(wanted, int) or isinstance(wanted, bool) or wanted < 1:
        raise InvalidInput.at("parameters.top_k", "must be a whole number from 1")
    return Wish(max(wanted, most), log)


def flag(parameters: Mapping[str, Any], name: str, field: str) -> bool:
    """A parameter that is true or false; false without it.

    Raises:
        InvalidInput: it is neither.
    """
    value = parameters.get(name, False)
    if not isinstance(value, bool):
        raise InvalidInput.at(f"{field}.{name}", "must be true or false")
    return value


def _binary_size(sent: SentTensor, field: str) -> int:
    parameters = sent.parameters or {}
    size = parameters.get("binary_data_size", 0)
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise InvalidInput.at(
            f"{field}.parameters.binary_data_size", "must be a whole number from 0"
        )
    if "shared_memory_region" in parameters:
        raise InvalidInput.at(f"{field}.parameters", "shared memory isn't supported")
    return size


def _tensor(sent: SentTensor, binary: bytes, field: str) -> Tensor:
    if sent.datatype != BYTES:
        raise InvalidInput.at(f"{field}.datatype", f"must be BYTES; got {sent.datatype[:100]!a}")
    in_binary = "binary_data_size" in (sent.parameters or {})
    if in_binary == (sent.data is not msgspec.UNSET):
        raise InvalidInput.at(field, "must have either data or binary_data_size")
    values: tuple[bytes | str, ...] = (
        strings_of(binary, field) if in_binary else _texts(sent.data, field)
    )
    return Tensor(sent.name, sent.datatype, sent.shape, values)


def _texts(data: object, field: str) -> tuple[str, ...]:
    values = tuple(flat(data))
    for number, value in enumerate(values):
        if not isinstance(value, str):
            raise InvalidInput.at(f"{field}.data[{number}]", "must be a string")
    return values


def _check(tensor: Tensor, field: str) -> None:
    if tensor.datatype != BYTES:
        raise InvalidInput.at(f"{field}.datatype", f"must be BYTES; got {tensor.datatype[:100]!a}")
    if not tensor.shape or any(size != 1 for size in tensor.shape[1:]):
        raise InvalidInput.at(f"{field}.shape", "must be [n] or [n, 1]")
    if tensor.shape[0] != len(tensor.values):
        raise InvalidInput.at(
            f"{field}.shape",
            f"must count {len(tensor.values)} elements; got {tensor.shape[0]}",
        )


def _decoded(value: bytes | str, field: str) -> str:
    if isinstance(value, str):
        return value
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise InvalidInput.at(field, f"must be UTF-8; it isn't at byte {error.start}") from error


def _object(value: bytes | str, field: str) -> dict[str, Any]:
    if not value:
        return {}
    try:
        return _METADATA.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidInput.at(field, "must be a JSON object") from error
