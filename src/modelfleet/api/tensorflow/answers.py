"""Predictions, versions and metadata as TensorFlow Serving shows them."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from modelfleet.api.call import Answer
from modelfleet.api.outputs import OUTPUTS, SCORES, Output
from modelfleet.api.tensorflow.bodies import DECIDE, INPUTS, SERVING, Asked
from modelfleet.decisions import Prediction

Json = dict[str, Any]

_TYPES = {"BYTES": "DT_STRING", "FP64": "DT_DOUBLE"}


def pretty(value: object) -> Answer:
    """JSON over several lines, as TensorFlow Serving writes it."""
    return Answer(msgspec.json.format(msgspec.json.encode(value), indent=4))


def predictions(asked: Asked, predicted: Sequence[Prediction]) -> Json:
    """The outputs in the form in which the inputs came."""
    outputs = _outputs_of(asked.signature)
    columns = {output.name: output.column(predicted) for output in outputs}
    if asked.key == "inputs":
        return {"outputs": columns}
    rows = zip(*columns.values(), strict=True)
    return {"predictions": [dict(zip(columns, row, strict=True)) for row in rows]}


def results(predicted: Sequence[Prediction]) -> Json:
    """Each label with its probability, the most probable first, of each example."""
    return {"results": [[[c.label, c.probability] for c in one.candidates] for one in predicted]}


def status(numbers: Sequence[int], broken: Mapping[int, str]) -> Json:
    """Versions, each of which is loaded when it is asked; and what is wrong with those ``broken``.

    A version that failed has come to its end, as TensorFlow Serving says it.
    """
    return {"model_version_status": [_state(one, broken.get(one, "")) for one in numbers]}


def _state(number: int, wrong: str) -> Json:
    said = {"error_code": "UNAVAILABLE" if wrong else "OK", "error_message": wrong}
    return {"version": str(number), "state": "END" if wrong else "AVAILABLE", "status": said}


def metadata(model: str, number: int) -> Json:
    """The signatures: the same of all models."""
    signatures = {name: _signature(_outputs_of(name)) for name in (SERVING, DECIDE)}
    return {
        "model_spec": {"name": model, "signature_name": "", "version": str(number)},
        "metadata": {"signature_def": {"signature_def": signatures}},
    }


def _outputs_of(signature: str) -> tuple[Output, ...]:
    return tuple(OUTPUTS.values()) if signature == DECIDE else SCORES


def _signature(outputs: Sequence[Output]) -> Json:
    return {
        "inputs": {name: _tensor(name, "BYTES", 1) for name in INPUTS},
        "outputs": {
            output.name: _tensor(output.name, output.datatype, len(output.shape))
            for output in outputs
        },
        "method_name": "tensorflow/serving/predict",
        "defaults": {"metadata": {"dtype": "DT_STRING", "string_val": [""]}},
    }


def _tensor(name: str, datatype: str, rank: int) -> Json:
    return {
        "dtype": _TYPES[datatype],
        "tensor_shape": {
            "dim": [{"size": "-1", "name": ""} for _ in range(rank)],
            "unknown_rank": False,
        },
        "name": f"{name}:0",
    }
