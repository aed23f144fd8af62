"""Requests' bodies: instances, columns or examples of texts and their metadata."""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

from modelfleet.api.tensorflow.failures import Refused
from modelfleet.decisions import Request

Key = Literal["instances", "inputs", "examples"]

INPUTS = ("text", "metadata")
SERVING, DECIDE = "serving_default", "decide"

_DECODER = json.JSONDecoder()
_SPACE = " \t\n\r"
_METADATA = msgspec.json.Decoder(dict[str, Any])


class Asked(msgspec.Struct, frozen=True):
    """Requests, their key in the body, and the signature that is to answer them."""

    requests: Sequence[Request]
    key: Key
    signature: str


def read(body: bytes) -> dict[str, Any]:
    """The object that a body begins with; what comes behind it isn't looked at.

    Raises:
        Refused: it doesn't begin with an object.
    """
    try:
        text = body.decode().lstrip(_SPACE)
        if not text:
            raise Refused("JSON Parse error: The document is empty")
        value, _ = _DECODER.raw_decode(text)
    except UnicodeDecodeError as error:
        raise Refused(f"JSON Parse error: Invalid encoding at offset: {error.start}") from error
    except json.JSONDecodeError as error:
        raise Refused(f"JSON Parse error: Invalid value. at offset: {error.pos}") from error
    except (RecursionError, ValueError) as error:
        raise Refused("JSON Parse error: it can't be read") from error
    if not isinstance(value, dict):
        raise Refused("Request JSON object is expected")
    return value


def predicted(body: bytes) -> Asked:
    """What a call of predict asks.

    Raises:
        Refused: it isn't what predict takes.
    """
    sent = read(body)
    signature = _signature(sent, (SERVING, DECIDE))
    if "instances" in sent and "inputs" in sent:
        raise Refused("Only one of 'instances' and 'inputs' keys may be given")
    if "instances" in sent:
        return Asked(_rows(sent["instances"], "instances"), "instances", signature)
    if "inputs" in sent:
        return Asked(_columns(sent["inputs"]), "inputs", signature)
    raise Refused("Missing 'inputs' or 'instances' key")


def classified(body: bytes) -> Asked:
    """What a call of classify asks.

    Raises:
        Refused: it isn't what classify takes.
    """
    sent = read(body)
    signature = _signature(sent, (SERVING,))
    if "examples" not in sent:
        raise Refused("When method is classify, key 'examples' is expected and was not found")
    context = sent.get("context", {})
    if not isinstance(context, dict):
        raise Refused("'context' key must be an object")
    examples = sent["examples"]
    if not isinstance(examples, list) or not all(isinstance(one, dict) for one in examples):
        raise Refused("'examples' key must be a list of objects")
    rows = _rows([context | one for one in examples], "examples")
    return Asked(rows, "examples", signature)


def _signature(sent: Mapping[str, Any], known: Sequence[str]) -> str:
    name = sent.get("signature_name", SERVING)
    if not isinstance(name, str):
        raise Refused("'signature_name' key must be a string value.")
    if name not in {"", *known}:
        raise Refused(f"Serving signature name: {name[:100]!a} not found in signature def")
    return name or SERVING


def _rows(value: object, key: str) -> list[Request]:
    if not isinstance(value, list) or not value:
        raise Refused(f"'{key}' key must be a non-empty list")
    return [_row(one, f"{key}[{number}]") for number, one in enumerate(value)]


def _row(value: object, place: str) -> Request:
    if not isinstance(value, dict) or set(value) == {"b64"}:
        return Request(_string(value, place))
    unknown = sorted(set(value).difference(INPUTS))
    if unknown:
        raise Refused(f"{place}: unexpected key {unknown[0][:100]!a}; inputs are text, metadata")
    if "text" not in value:
        raise Refused(f"{place}: missing key 'text'")
    return _request(value["text"], value.get("metadata", ""), place)


def _columns(value: object) -> list[Request]:
    columns = value if isinstance(value, dict) and set(value) != {"b64"} else {"text": value}
    unknown = sorted(set(columns).difference(INPUTS))
    if unknown:
        raise Refused(f"inputs: unexpected key {unknown[0][:100]!a}; inputs are text, metadata")
    if "text" not in columns:
        raise Refused("inputs: missing key 'text'")
    texts = _listed(columns["text"])
    known = _listed(columns["metadata"]) if "metadata" in columns else [""] * len(texts)
    if not texts or len(known) != len(texts):
        raise Refused("inputs: columns must be non-empty lists of the same length")
    return [
        _request(text, metadata, f"inputs[{number}]")
        for number, (text, metadata) in enumerate(zip(texts, known, strict=True))
    ]


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _request(text: object, metadata: object, place: str) -> Request:
    written = _string(metadata, f"{place}.metadata")
    if not written:
        return Request(_string(text, f"{place}.text"))
    try:
        known = _METADATA.decode(written)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:
        raise Refused(f"{place}.metadata must be a JSON object, in a string") from error
    return Request(_string(text, f"{place}.text"), known)


def _string(value: object, place: str) -> str:
    """A string, or the bytes behind ``b64`` as one."""
    if isinstance(value, dict) and set(value) == {"b64"} and isinstance(value["b64"], str):
        try:
            return base64.b64decode(value["b64"], validate=True).decode()
        except (binascii.Error, ValueError) as error:
            raise Refused(f"{place}: b64 must be base64 of UTF-8") from error
    if not isinstance(value, str):
        shown = json.dumps(value)[:100]
        raise Refused(f"{place}: JSON Value: {shown} is not of expected type: string")
    return value
