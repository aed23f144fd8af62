"""Triton's own clients, as they are installed, against a real server process."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tritonclient.http as triton
from numpy.typing import NDArray
from tests.conftest import HandClock
from tests.crash.server import Server, free_port
from tritonclient.utils import InferenceServerException

from modelfleet import Client, Fleet
from modelfleet.clock import now

from .conftest import MODEL, TEXTS, UNTRAINED, Cast, cast_of, fill


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("served")


@pytest.fixture(scope="module")
def cast(folder: Path) -> Cast:
    clock = HandClock(now() - 3_600_000_000)
    with Fleet(folder / "data", durable=False, train=False, clock=clock) as fleet:
        fill(fleet, clock)
        return cast_of(fleet)


@pytest.fixture(scope="module")
def server(folder: Path, cast: Cast) -> Iterator[Server]:
    port = free_port()
    assert cast.alice
    arguments = ["serve", "--data", "data", "--port", str(port)]
    with Server(arguments, folder=folder, port=port) as running:
        yield running.wait_until_ready()


@pytest.fixture(scope="module")
def client(server: Server) -> Iterator[triton.InferenceServerClient]:
    with triton.InferenceServerClient(f"127.0.0.1:{server.port}", concurrency=4) as opened:
        yield opened


@pytest.fixture(scope="module")
def decided(server: Server, cast: Cast) -> list[dict[str, object]]:
    """What the decision API says of the texts: label and probability of the best."""
    with Client(server.url, key=cast.bob) as api:
        made = [api.task("acme", "team").decide(text) for text in TEXTS]
    return [{"label": one.label or "", "probability": one.confidence} for one in made]


def texts(*values: str) -> "triton.InferInput":
    tensor = triton.InferInput("text", [len(values)], "BYTES")
    tensor.set_data_from_numpy(np.array([value.encode() for value in values], np.object_))
    return tensor


def strings(array: "NDArray[np.object_]") -> list[str]:
    return [value.decode() for value in array.tolist()]


def test_live_ready_and_metadata(client: "triton.InferenceServerClient", cast: Cast) -> None:
    alice = cast.header("alice")
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.get_server_metadata()["name"] == "modelfleet"
    assert client.is_model_ready(MODEL, headers=alice)
    metadata = client.get_model_metadata(MODEL, headers=alice)
    assert client.is_model_ready(MODEL, metadata["versions"][-1], headers=alice)
    assert not client.is_model_ready(MODEL, "no-such-version", headers=alice)
    assert not client.is_model_ready(MODEL)


def test_infer_in_its_default_form_is_binary_both_ways(
    client: "triton.InferenceServerClient", cast: Cast, decided: list[dict[str, object]]
) -> None:
    result = client.infer(MODEL, [texts(*TEXTS)], request_id="42", headers=cast.header("bob"))
    assert result.get_response()["id"] == "42"
    assert strings(result.as_numpy("label")) == [one["label"] for one in decided]
    assert result.as_numpy("probability").tolist() == [one["probability"] for one in decided]
    assert result.as_numpy("labels").shape == (len(TEXTS), 2)


def test_infer_in_json_with_chosen_outputs_and_parameters(
    client: "triton.InferenceServerClient", cast: Cast
) -> None:
    tensor = triton.InferInput("text", [1], "BYTES")
    tensor.set_data_from_numpy(np.array([TEXTS[0]], np.object_), binary_data=False)
    wanted = [
        triton.InferRequestedOutput("decision", binary_data=False),
        triton.InferRequestedOutput("probabilities", binary_data=True, class_count=2),
    ]
    result = client.infer(
        MODEL, [tensor], outputs=wanted, parameters={"log": True}, headers=cast.header("bob")
    )
    assert len(result.as_numpy("decision")[0]) > 5
    value, index, label = result.as_numpy("probabilities")[0][0].decode().split(":")
    assert (0.5 < float(value) <= 1, index, label) == (True, "0", "it")


def test_many_requests_at_once(client: "triton.InferenceServerClient", cast: Cast) -> None:
    header = cast.header("bob")
    asked = [client.async_infer(MODEL, [texts(TEXTS[0])], headers=header) for _ in range(12)]
    labels = {strings(one.get_result().as_numpy("label"))[0] for one in asked}
    assert labels == {"it"}


def test_the_repository(client: "triton.InferenceServerClient", cast: Cast) -> None:
    operator, alice = cast.header("operator"), cast.header("alice")
    index = client.get_model_repository_index(headers=operator)
    assert [one["name"] for one in index] == [MODEL, UNTRAINED]
    assert [one["name"] for one in client.get_model_repository_index(headers=alice)] == [MODEL]
    client.load_model(MODEL, headers=alice)
    client.unload_model(MODEL, headers=alice)
    result = client.infer(MODEL, [texts(TEXTS[0])], headers=alice)
    assert strings(result.as_numpy("label")) == ["it"]


def test_a_task_without_a_version_can_be_asked(
    client: "triton.InferenceServerClient", cast: Cast
) -> None:
    result = client.infer(UNTRAINED, [texts("an invoice")], headers=cast.header("charlie"))
    assert strings(result.as_numpy("labels")[0]) == ["billing"]


@pytest.mark.parametrize("who", ["charlie", "nobody"])
def test_errors_come_through_in_words_and_charlie_gets_nothing(
    client: "triton.InferenceServerClient", cast: Cast, who: str
) -> None:
    header = cast.header(who) if who == "charlie" else {}
    with pytest.raises(InferenceServerException) as caught:
        client.infer(MODEL, [texts(TEXTS[0])], headers=header)
    unknown = f"Request for unknown model: '{MODEL}' is not found"
    assert caught.value.message() == unknown if who == "charlie" else caught.value.status() == "401"
