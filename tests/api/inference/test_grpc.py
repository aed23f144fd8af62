"""Tasks as models over gRPC: the messages are the protocol's, and Triton's client is content."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
import tritonclient.grpc as triton
from google.protobuf.message import DecodeError
from grpc_tools import protoc
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import HandClock
from tests.crash.server import Server, free_port
from tritonclient.grpc import service_pb2
from tritonclient.utils import InferenceServerException

from modelfleet import Client, Fleet
from modelfleet.api.inference.questions import requests_of
from modelfleet.api.inference.rpc import messages_pb2 as messages
from modelfleet.api.inference.rpc.converting import question_of
from modelfleet.api.inference.rpc.service import METHODS, NAME
from modelfleet.clock import now
from modelfleet.decisions import Request
from modelfleet.errors import InvalidInput

from .conftest import MODEL, TEXTS, UNTRAINED, Cast, cast_of, fill

SOURCE = Path(messages.__file__).parent / "messages.proto"


class Served:
    """A real server process with a port for gRPC."""

    def __init__(self, server: Server, port: int, cast: Cast) -> None:
        self.server = server
        self.address = f"127.0.0.1:{port}"
        self.cast = cast

    def header(self, who: str) -> dict[str, str]:
        return {"authorization": f"Bearer {getattr(self.cast, who)}"}

    def ask(self, method: str, message: Any, who: str = "") -> Any:  # noqa: ANN401 - messages
        """What a method answers, by messages of ours."""
        takes = METHODS[method].takes
        gives = getattr(messages, takes.DESCRIPTOR.name.replace("Request", "Response"))
        with grpc.insecure_channel(self.address) as channel:
            call = channel.unary_unary(
                f"/{NAME}/{method}",
                request_serializer=takes.SerializeToString,
                response_deserializer=gives.FromString,
            )
            metadata = tuple(self.header(who).items()) if who else ()
            return call(message, metadata=metadata, timeout=10)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("grpc")
    clock = HandClock(now() - 3_600_000_000)
    with Fleet(folder / "data", durable=False, train=False, clock=clock) as fleet:
        fill(fleet, clock)
        cast = cast_of(fleet)
    port, grpc_port = free_port(), free_port()
    ports = ["--port", str(port), "--grpc-port", str(grpc_port)]
    with Server(["serve", "--data", "data", *ports], folder=folder, port=port) as running:
        yield Served(running.wait_until_ready(), grpc_port, cast)
        assert running.stop() == 0


@pytest.fixture(scope="module")
def client(served: Served) -> Iterator[triton.InferenceServerClient]:
    with triton.InferenceServerClient(served.address) as opened:
        yield opened


def texts(*values: str) -> "triton.InferInput":
    tensor = triton.InferInput("text", [len(values)], "BYTES")
    tensor.set_data_from_numpy(np.array([value.encode() for value in values], np.object_))
    return tensor


def typed(*values: str) -> messages.ModelInferRequest:
    """A request whose inputs are typed contents."""
    sent = messages.ModelInferRequest.InferInputTensor(
        name="text", datatype="BYTES", shape=[len(values)]
    )
    sent.contents.bytes_contents.extend(value.encode() for value in values)
    return messages.ModelInferRequest(model_name=MODEL, id="42", inputs=[sent])


def _fields(message: Any) -> dict[str, tuple[int, int]]:  # noqa: ANN401 - a descriptor
    fields = {one.name: (one.number, one.type) for one in message.fields}
    for inner in message.nested_types:
        fields |= {f"{inner.name}.{name}": value for name, value in _fields(inner).items()}
    return fields


def test_messages_have_the_protocols_numbers_and_types() -> None:
    for name, ours in messages.DESCRIPTOR.message_types_by_name.items():
        theirs = _fields(service_pb2.DESCRIPTOR.message_types_by_name[name])
        assert _fields(ours).items() <= theirs.items(), name


def test_the_generated_messages_are_those_of_the_source(tmp_path: Path) -> None:
    root = SOURCE.parents[4]
    assert protoc.main(["", f"-I{root}", f"--python_out={tmp_path}", str(SOURCE)]) == 0
    written = tmp_path / SOURCE.relative_to(root).with_name("messages_pb2.py")
    kept = Path(messages.__file__)
    described = [
        [line for line in path.read_text().splitlines() if "AddSerializedFile" in line]
        for path in (written, kept)
    ]
    assert described[0] == described[1] != []


def test_live_ready_and_metadata(client: "triton.InferenceServerClient", served: Served) -> None:
    bob = served.header("bob")
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.get_server_metadata().name == "modelfleet"
    assert client.is_model_ready(MODEL, headers=bob)
    said = client.get_model_metadata(MODEL, headers=bob)
    assert len(said.versions) == 2
    assert [one.name for one in said.inputs] == ["text", "metadata"]
    assert client.is_model_ready(MODEL, said.versions[1], headers=bob)


def test_scores_are_those_of_the_decision_api(
    client: "triton.InferenceServerClient", served: Served
) -> None:
    result = client.infer(MODEL, [texts(*TEXTS)], request_id="42", headers=served.header("bob"))
    with Client(served.server.url, key=served.cast.bob) as api:
        decided = [api.task("acme", "team").decide(text) for text in TEXTS]
    assert result.get_response().id == "42"
    assert result.get_response().model_version == decided[0].version
    assert result.as_numpy("probability").tolist() == [one.confidence for one in decided]
    labels = [value.decode() for value in result.as_numpy("label")]
    assert labels == [one.label or "" for one in decided]


def test_typed_contents_are_answered_by_typed_contents(served: Served) -> None:
    answer = served.ask("ModelInfer", typed(*TEXTS), "bob")
    assert not answer.raw_output_contents
    shown = {one.name: one.contents for one in answer.outputs}
    assert len(shown["probability"].fp64_contents) == len(TEXTS)
    assert shown["label"].bytes_contents[0] == b"it"


def test_a_version_chosen_outputs_and_parameters(
    client: "triton.InferenceServerClient", served: Served
) -> None:
    wanted = [
        triton.InferRequestedOutput("decision"),
        triton.InferRequestedOutput("probabilities", class_count=1),
    ]
    bob = served.header("bob")
    result = client.infer(
        MODEL, [texts(TEXTS[0])], outputs=wanted, parameters={"log": True}, headers=bob
    )
    assert len(result.as_numpy("decision")[0]) > 5
    assert result.as_numpy("probabilities")[0][0].decode().endswith(":0:it")
    previous = client.infer(MODEL, [texts(TEXTS[0])], model_version="previous", headers=bob)
    versions = client.get_model_metadata(MODEL, headers=bob).versions
    assert previous.get_response().model_version == versions[1]


def test_the_repository(client: "triton.InferenceServerClient", served: Served) -> None:
    def names(who: str) -> list[str]:
        index = client.get_model_repository_index(headers=served.header(who))
        return [one.name for one in index.models]

    assert names("operator") == [MODEL, UNTRAINED]
    assert names("alice") == [MODEL]
    assert names("charlie") == [UNTRAINED]
    client.load_model(MODEL, headers=served.header("alice"))
    client.unload_model(MODEL, headers=served.header("alice"))
    with pytest.raises(InferenceServerException, match="may not do this"):
        client.unload_model(MODEL, headers=served.header("bob"))


def test_charlie_learns_nothing_and_without_a_key_there_is_nothing(served: Served) -> None:
    def told(method: str, model: str, who: str) -> tuple[grpc.StatusCode, str]:
        takes = METHODS[method].takes
        field = "model_name" if "model_name" in takes.DESCRIPTOR.fields_by_name else "name"
        message = typed("a") if method == "ModelInfer" else takes()
        setattr(message, field, model)
        with pytest.raises(grpc.RpcError) as caught:
            served.ask(method, message, who)
        return caught.value.code(), str(caught.value.details()).replace(model, "MODEL")

    of_model = [name for name, one in METHODS.items() if one.role in {"user", "owner"}]
    assert len(of_model) == 5
    for method in of_model:
        acme = told(method, MODEL, "charlie")
        assert acme == told(method, "nobody.team", "charlie") == told(method, "x", "charlie")
        assert acme[0] == grpc.StatusCode.NOT_FOUND
        assert told(method, MODEL, "")[0] == grpc.StatusCode.UNAUTHENTICATED
    with pytest.raises(grpc.RpcError) as caught:
        served.ask("RepositoryIndex", messages.RepositoryIndexRequest())
    assert caught.value.code() == grpc.StatusCode.UNAUTHENTICATED


def test_what_is_wrong_is_named(served: Served) -> None:
    both = typed("a")
    both.raw_input_contents.append(b"\x01\x00\x00\x00a")
    cut = typed()
    cut.inputs[0].shape[:] = [1]
    cut.raw_input_contents.append(b"\x09\x00\x00\x00a")
    few = typed("a")
    few.raw_input_contents.extend([b"", b""])
    negative = typed("a")
    negative.inputs[0].shape[:] = [-1]
    for message, field in (
        (both, "inputs[0].contents"),
        (cut, "raw_input_contents[0]"),
        (few, "raw_input_contents"),
        (negative, "inputs[0].shape"),
        (typed(), "1 to 1,000"),
        (typed("a" * 1_900_000), "text[0]"),
    ):
        with pytest.raises(grpc.RpcError) as caught:
            served.ask("ModelInfer", message, "bob")
        assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
        assert field in str(caught.value.details())


@settings(max_examples=60)
@given(st.binary(max_size=80))
def test_any_message_is_read_or_refused(data: bytes) -> None:
    message = typed("a")
    try:
        message.MergeFromString(data)
        asked = requests_of(question_of(message).inputs)
    except (DecodeError, InvalidInput):
        return
    assert all(isinstance(one, Request) for one in asked)


def test_without_the_extra_the_start_says_what_is_missing(tmp_path: Path) -> None:
    hide = tmp_path / "grpc.py"
    hide.write_text("raise ImportError('not here')")
    port = free_port()
    arguments = ["serve", "--port", str(port), "--grpc-port", "1"]
    with pytest.raises(AssertionError, match="exit code 1"):
        Server(arguments, folder=tmp_path, port=port).wait_until_ready()
    assert "modelfleet[grpc]" in (tmp_path / "stderr.txt").read_text()
