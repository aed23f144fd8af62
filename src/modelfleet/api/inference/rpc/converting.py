"""Messages to questions, and answers to messages."""

from collections.abc import Mapping, Sequence
from typing import Any

from modelfleet.api.inference.asking import Answered, Question
from modelfleet.api.inference.rpc import messages_pb2 as messages
from modelfleet.api.inference.tensors import BYTES, Tensor, strings_of, to_bytes
from modelfleet.errors import InvalidInput


def question_of(request: messages.ModelInferRequest) -> Question:
    """What a message asks.

    Raises:
        InvalidInput: its inputs come in two ways at once, or not as many as are named.
    """
    wanted = [(one.name, _plain(one.parameters)) for one in request.outputs]
    return Question(_inputs(request), _plain(request.parameters), wanted)


def response_of(request: messages.ModelInferRequest, answered: Answered) -> Any:  # noqa: ANN401 - a message
    """The answer as a message, its elements raw if the inputs came so."""
    raw = bool(request.raw_input_contents)
    tensors = [tensor for _, tensor in answered.outputs]
    return messages.ModelInferResponse(
        model_name=request.model_name,
        model_version=answered.version or "",
        id=request.id,
        outputs=[_output(tensor, raw=raw) for tensor in tensors],
        raw_output_contents=[to_bytes(tensor) for tensor in tensors] if raw else [],
    )


def _inputs(request: messages.ModelInferRequest) -> Sequence[Tensor]:
    raw = list(request.raw_input_contents)
    if raw and len(raw) != len(request.inputs):
        raise InvalidInput.at("raw_input_contents", "must be as many as inputs")
    tensors = []
    for number, sent in enumerate(request.inputs):
        values = tuple(sent.contents.bytes_contents)
        if raw and values:
            raise InvalidInput.at(f"inputs[{number}].contents", "must be empty beside raw contents")
        if raw and sent.datatype == BYTES:
            values = strings_of(raw[number], f"raw_input_contents[{number}]")
        tensors.append(Tensor(sent.name, sent.datatype, tuple(sent.shape), values))
    return tensors


def _output(tensor: Tensor, *, raw: bool) -> messages.ModelInferResponse.InferOutputTensor:
    shown = messages.ModelInferResponse.InferOutputTensor(
        name=tensor.name, datatype=tensor.datatype, shape=tensor.shape
    )
    if raw:
        return shown
    if tensor.datatype == BYTES:
        shown.contents.bytes_contents.extend(map(str.encode, tensor.values))
    else:
        shown.contents.fp64_contents.extend(tensor.values)
    return shown


def _plain(parameters: Mapping[str, messages.InferParameter]) -> dict[str, Any]:
    """The values of parameters; None of one without a value."""
    chosen = {name: value.WhichOneof("parameter_choice") for name, value in parameters.items()}
    return {
        name: None if choice is None else getattr(parameters[name], choice)
        for name, choice in chosen.items()
    }
