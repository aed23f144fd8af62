"""What clients send and get as JSON; what the protocol leaves open may be left out or null."""

from typing import Any

import msgspec


class SentTensor(msgspec.Struct, frozen=True):
    """An input; its elements are in ``data``, or in binary behind the JSON."""

    name: str
    shape: tuple[int, ...]
    datatype: str
    data: Any = msgspec.UNSET
    parameters: dict[str, Any] | None = None


class WantedOutput(msgspec.Struct, frozen=True):
    """An output that the client chose, and how it is to come."""

    name: str
    parameters: dict[str, Any] | None = None


class InferBody(msgspec.Struct, frozen=True):
    """A request: inputs, and which outputs are wanted; without any, all."""

    inputs: tuple[SentTensor, ...]
    id: str | None = None
    parameters: dict[str, Any] | None = None
    outputs: tuple[WantedOutput, ...] | None = None


class GivenTensor(msgspec.Struct, frozen=True, omit_defaults=True):
    """An output; without ``data`` its elements follow the JSON in binary."""

    name: str
    datatype: str
    shape: tuple[int, ...]
    parameters: dict[str, int] = {}
    data: tuple[Any, ...] | msgspec.UnsetType = msgspec.UNSET


class InferAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """The outputs; ``model_version`` is of the first request, absent while there is none."""

    model_name: str
    outputs: tuple[GivenTensor, ...]
    model_version: str | None = None
    id: str | None = None


class TensorMetadata(msgspec.Struct, frozen=True):
    """What an input or output is; -1 is a dimension of any size."""

    name: str
    datatype: str
    shape: list[int]


class ModelMetadata(msgspec.Struct, frozen=True):
    """What a model takes and gives; ``properties`` says it in words."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorMetadata]
    outputs: list[TensorMetadata]
    properties: dict[str, str]


class ServerMetadata(msgspec.Struct, frozen=True):
    """Which server this is, and what it can do beyond the protocol's core."""

    name: str
    version: str
    extensions: tuple[str, ...]


class Live(msgspec.Struct, frozen=True):
    """Whether the server runs."""

    live: bool


class Ready(msgspec.Struct, frozen=True):
    """Whether the server can take requests."""

    ready: bool


class ModelReady(msgspec.Struct, frozen=True):
    """Whether a model can be asked."""

    name: str
    ready: bool


class ModelNames(msgspec.Struct, frozen=True):
    """The models that a key may ask."""

    models: list[str]


class IndexQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which part of the index is wanted: one tenant's, or the ``limit`` models after one."""

    tenant: str | None = None
    after: str | None = None
    limit: int | None = None


class IndexBody(msgspec.Struct, frozen=True):
    """Whether only models are wanted that can be asked; all can, since they load when asked."""

    ready: bool = False


class Indexed(msgspec.Struct, frozen=True):
    """A model in the index, and its live version, empty while there is none."""

    name: str
    version: str
    state: str
    reason: str


class OrderBody(msgspec.Struct, frozen=True):
    """Parameters of loading and unloading; none of them means anything here."""

    parameters: dict[str, Any] | None = None


class Nothing(msgspec.Struct, frozen=True):
    """An empty object."""


class Refusal(msgspec.Struct, frozen=True):
    """What went wrong."""

    error: str
