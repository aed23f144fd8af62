"""Predictions to tensors: the outputs that a client chose, as it wants them."""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import msgspec

from modelfleet.api.inference.questions import flag
from modelfleet.api.inference.tensors import BYTES, Tensor
from modelfleet.api.outputs import DECISION, OUTPUTS, PROBABILITIES, SCORES, Output
from modelfleet.decisions import Prediction
from modelfleet.errors import InvalidInput


class Choice(msgspec.Struct, frozen=True):
    """An output; in ``binary``, and as its ``classes`` best values with their labels if any."""

    output: Output
    binary: bool = False
    classes: int = 0


_ALL: Mapping[tuple[bool, bool], Sequence[Choice]] = {
    (log, binary): [Choice(output, binary) for output in (OUTPUTS.values() if log else SCORES)]
    for log in (False, True)
    for binary in (False, True)
}
"""What there is, with a logged decision and without, in binary and in JSON."""


def choices(
    wanted: Sequence[tuple[str, Mapping[str, Any]]], *, log: bool, binary: bool
) -> Sequence[Choice]:
    """What a client chose, by name with parameters; all there is if it chose nothing.

    Args:
        wanted: the outputs and their parameters.
        log: whether decisions are logged, and so have ids.
        binary: whether outputs that say nothing else come in binary.

    Raises:
        InvalidInput: an output is unknown, chosen twice, or not to be had in this way.
    """
    if not wanted:
        return _ALL[log, binary]
    chosen: dict[str, Choice] = {}
    for number, (name, parameters) in enumerate(wanted):
        field = f"outputs[{number}]"
        if name in chosen:
            raise InvalidInput.at(f"{field}.name", f"is chosen twice: {name}")
        chosen[name] = _choice(name, parameters, field, binary=binary)
    if DECISION in chosen and not log:
        raise InvalidInput.at("outputs", "decision is there only with the parameter log: true")
    return list(chosen.values())


def tensor_of(choice: Choice, predictions: Sequence[Prediction]) -> Tensor:
    """An output's values over all requests."""
    output = choice.output
    column = output.column(predictions)
    datatype: str = output.datatype
    if choice.classes:
        datatype = BYTES
        column = [
            _classes(one, row, choice.classes) for one, row in zip(predictions, column, strict=True)
        ]
    if not output.ranked:
        return Tensor(output.name, datatype, (len(column),), tuple(column))
    shape = (len(column), len(column[0]))
    return Tensor(output.name, datatype, shape, tuple(chain.from_iterable(column)))


def _choice(name: str, parameters: Mapping[str, Any], field: str, *, binary: bool) -> Choice:
    output = OUTPUTS.get(name)
    if output is None:
        raise InvalidInput.at(
            f"{field}.name", f"must be one of {', '.join(OUTPUTS)}; got {name[:100]!a}"
        )
    if "shared_memory_region" in parameters:
        raise InvalidInput.at(f"{field}.parameters", "shared memory isn't supported")
    classes = parameters.get("classification", 0)
    if not isinstance(classes, int) or isinstance(classes, bool) or classes < 0:
        raise InvalidInput.at(f"{field}.parameters.classification", "must be a number of classes")
    if classes and name != PROBABILITIES:
        raise InvalidInput.at(f"{field}.parameters.classification", f"is for {PROBABILITIES}")
    in_binary = flag(parameters, "binary_data", f"{field}.parameters")
    return Choice(output, in_binary if "binary_data" in parameters else binary, classes)


def _classes(prediction: Prediction, row: Sequence[float], most: int) -> list[str]:
    """The best values as ``value:index:label``; the index is that in the output."""
    labels = [one.label for one in prediction.candidates] + [""] * len(row)
    return [
        f"{value:.6f}:{index}:{label}"
        for index, (value, label) in enumerate(zip(row[:most], labels, strict=False))
    ]
