"""The story of `api.samples`, in the words of the protocol."""

from typing import Any

MODEL = "acme.team"
VERSION = "20260301T090000.000000Z-1f0c7a52"

INFER: dict[str, Any] = {
    "id": "42",
    "inputs": [
        {"name": "text", "shape": [1], "datatype": "BYTES", "data": ["I can't get on the wifi"]},
        {"name": "metadata", "shape": [1], "datatype": "BYTES", "data": ['{"office": "Oslo"}']},
    ],
    "outputs": [{"name": "label"}, {"name": "probability"}],
}
ANSWER: dict[str, Any] = {
    "model_name": MODEL,
    "model_version": VERSION,
    "id": "42",
    "outputs": [
        {"name": "label", "datatype": "BYTES", "shape": [1], "data": ["it"]},
        {"name": "probability", "datatype": "FP64", "shape": [1], "data": [0.91]},
    ],
}
METADATA: dict[str, Any] = {
    "name": MODEL,
    "versions": [VERSION],
    "platform": "modelfleet",
    "inputs": [{"name": "text", "datatype": "BYTES", "shape": [-1]}],
    "outputs": [{"name": "label", "datatype": "BYTES", "shape": [-1]}],
    "properties": {"outputs.label": "the decided label, empty if it abstains"},
}
INDEX = [{"name": MODEL, "version": VERSION, "state": "READY", "reason": ""}]
REFUSAL = {"error": "Request for unknown model: 'acme.team' is not found"}
