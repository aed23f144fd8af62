"""A request of the protocol from its parts to its outputs, whichever way it came."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from modelfleet.api.call import Platform
from modelfleet.api.inference.choices import Choice, choices, tensor_of
from modelfleet.api.inference.questions import element, requests_of, wish_of
from modelfleet.api.inference.tensors import Tensor
from modelfleet.api.predicting import Model, predict


class Question(msgspec.Struct, frozen=True):
    """Inputs, parameters of the request, and the outputs that were chosen, with theirs."""

    inputs: Sequence[Tensor]
    parameters: Mapping[str, Any]
    wanted: Sequence[tuple[str, Mapping[str, Any]]]
    binary: bool = False


class Answered(msgspec.Struct, frozen=True):
    """The version that answered the first request, and the outputs, with how they were chosen."""

    version: str | None
    outputs: Sequence[tuple[Choice, Tensor]]


async def answer(platform: Platform, model: Model, question: Question) -> Answered:
    """The outputs for a question.

    Raises:
        InvalidInput: something in it can't be accepted.
        NotFound: there is no such model or version.
    """
    log = wish_of(question.parameters).log
    chosen = choices(question.wanted, log=log, binary=question.binary)
    wish = wish_of(question.parameters, max((one.classes for one in chosen), default=0))
    predictions = await predict(platform, model, requests_of(question.inputs), wish, element)
    outputs = [(choice, tensor_of(choice, predictions)) for choice in chosen]
    return Answered(predictions[0].version, outputs)
