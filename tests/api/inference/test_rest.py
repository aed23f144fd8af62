"""Tasks as models of the Open Inference Protocol over REST: what clients are promised."""

import json
import struct
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from tests.conftest import HandClock
from tests.serving.test_failures import DeafStore
from tests.serving.test_serving import eventually, forget, trained

from modelfleet import Fleet
from modelfleet.api import create_app
from modelfleet.events import Query

from .conftest import MODEL, TEXTS, UNTRAINED, Cast

Api = TestClient[Litestar]
INFER = f"/v2/models/{MODEL}/infer"
HEADER = "Inference-Header-Content-Length"


def question(*texts: str, **more: object) -> dict[str, Any]:
    tensor = {"name": "text", "shape": [len(texts)], "datatype": "BYTES", "data": list(texts)}
    return {"inputs": [tensor], **more}


def columns(answer: dict[str, Any]) -> dict[str, Any]:
    return {one["name"]: one["data"] for one in answer["outputs"]}


def decided(fleet: Fleet) -> int:
    return sum(1 for _ in fleet.events(Query(kinds=("request.decided",))))


def test_live_ready_and_what_the_server_can_do(api: Api) -> None:
    assert api.get("/v2/health/live").json() == {"live": True}
    assert api.get("/v2/health/ready").json() == {"ready": True}
    for path in ("/v2", "/v2/"):
        said = api.get(path).json()
        assert said["name"] == "modelfleet"
        assert {"binary_tensor_data", "classification", "model_repository"} <= set(
            said["extensions"]
        )


def test_metadata_describes_inputs_outputs_labels_and_versions(
    api: Api, versions: list[str]
) -> None:
    for path in ("", f"/versions/{versions[0]}", "/versions/previous"):
        said = api.get(f"/v2/models/{MODEL}{path}").json()
        assert said["versions"] == versions[::-1]
        assert [one["name"] for one in said["inputs"]] == ["text", "metadata"]
        described = {f"outputs.{one['name']}" for one in said["outputs"]}
        assert described | {"labels", "parameters.log"} <= set(said["properties"])
    assert said["properties"]["labels"] == "facilities, it"
    assert api.get(f"/v2/models/{MODEL}/ready").json() == {"name": MODEL, "ready": True}


def test_scores_are_those_of_the_decision_api_and_are_not_logged(api: Api, fleet: Fleet) -> None:
    before = decided(fleet)
    answer = api.post(INFER, json=question(*TEXTS, id="42")).json()
    assert decided(fleet) == before
    assert (answer["id"], answer["model_name"]) == ("42", MODEL)
    got = columns(answer)
    for number, text in enumerate(TEXTS):
        made = api.post("/api/tenants/acme/tasks/team/decisions", json={"text": text}).json()
        assert got["label"][number] == (made["label"] or "")
        assert got["reason"][number] == (made["reason"] or "")
        assert got["threshold"][number] == made["threshold"]
        assert got["version"][number] == made["version"] == answer["model_version"]
        pairs = [(one["label"], one["probability"]) for one in made["candidates"]]
        both = got["labels"][2 * number : 2 * number + 2], got["probabilities"][2 * number :]
        assert list(zip(*both, strict=False)) == pairs
        assert got["probability"][number] == pairs[0][1]


def test_metadata_takes_part_as_in_a_decision(api: Api) -> None:
    asked = question("something is broken")
    asked["inputs"].append(
        {"name": "metadata", "shape": [1], "datatype": "BYTES", "data": ['{"office": "Oslo 3"}']}
    )
    got = columns(api.post(INFER, json=asked).json())
    body = {"text": "something is broken", "metadata": {"office": "Oslo 3"}}
    made = api.post("/api/tenants/acme/tasks/team/decisions", json=body).json()
    assert got["probability"][0] == made["candidates"][0]["probability"]


def test_a_version_is_asked_by_name_or_alias(api: Api, versions: list[str]) -> None:
    asked = question(TEXTS[0])
    by_name = api.post(f"/v2/models/{MODEL}/versions/{versions[0]}/infer", json=asked).json()
    by_alias = api.post(f"/v2/models/{MODEL}/versions/previous/infer", json=asked).json()
    assert by_name == by_alias
    assert by_name["model_version"] == versions[0]
    live = api.post(f"/v2/models/{MODEL}/versions/live/infer", json=asked).json()
    assert live["model_version"] == versions[1]


def test_a_task_without_a_version_answers_from_its_labels(api: Api) -> None:
    answer = api.post(f"/v2/models/{UNTRAINED}/infer", json=question("an invoice")).json()
    assert "model_version" not in answer
    assert columns(answer)["labels"] == ["billing"]


def test_what_the_protocol_leaves_open_may_be_null(api: Api) -> None:
    (tensor,) = question(TEXTS[0])["inputs"]
    body = {"inputs": [tensor | {"parameters": None}], "id": None, "outputs": None}
    answer = api.post(f"/v2/models/{MODEL}/infer", json=body | {"parameters": None})
    assert answer.json() == api.post(f"/v2/models/{MODEL}/infer", json=question(TEXTS[0])).json()
    wanted = {"name": "label", "parameters": None}
    answer = api.post(f"/v2/models/{MODEL}/infer", json=question(TEXTS[0]) | {"outputs": [wanted]})
    assert [one["name"] for one in answer.json()["outputs"]] == ["label"]


def test_many_who_wait_for_a_model_hold_nobody_else_up(
    small_fleet: Fleet, clock: HandClock
) -> None:
    for tenant in ("slow", "quick"):
        trained(small_fleet, clock, tenant)
    store = DeafStore(small_fleet.cache._loader._store, "slow")
    small_fleet.cache._loader._store = store  # type: ignore[assignment]
    forget(small_fleet)
    with (
        TestClient(create_app(small_fleet, keys_required=False)) as api,
        ThreadPoolExecutor(40) as clients,
    ):

        def asked(tenant: str) -> int:
            return api.post(f"/v2/models/{tenant}.team/infer", json=question("a")).status_code

        try:
            waiting = [clients.submit(asked, "slow") for _ in range(39)]
            eventually(lambda: store.asked == 1)
            assert clients.submit(asked, "quick").result(10) == 200
            assert not any(one.done() for one in waiting)
        finally:
            store.release.set()
        assert {one.result(10) for one in waiting} == {200}


def test_outputs_are_those_that_the_client_chose_in_its_order(api: Api) -> None:
    wanted = [{"name": "probability"}, {"name": "label"}]
    answer = api.post(INFER, json=question(*TEXTS, outputs=wanted)).json()
    assert [one["name"] for one in answer["outputs"]] == ["probability", "label"]
    assert [one["datatype"] for one in answer["outputs"]] == ["FP64", "BYTES"]


def test_logged_predictions_are_decisions_that_feedback_can_name(api: Api, fleet: Fleet) -> None:
    before = decided(fleet)
    answer = api.post(INFER, json=question(*TEXTS, parameters={"log": True})).json()
    ids = columns(answer)["decision"]
    assert decided(fleet) == before + len(TEXTS)
    for text, id_ in zip(TEXTS, ids, strict=True):
        logged = fleet.log.get("acme", id_)
        assert logged is not None
        assert logged.fields["text"] == text


def test_binary_both_ways_says_the_same_as_json(api: Api) -> None:
    blob = b"".join(struct.pack("<I", len(text)) + text.encode() for text in TEXTS)
    asked = {
        "inputs": [
            {
                "name": "text",
                "shape": [len(TEXTS)],
                "datatype": "BYTES",
                "parameters": {"binary_data_size": len(blob)},
            }
        ],
        "outputs": [
            {"name": "probability", "parameters": {"binary_data": True}},
            {"name": "label"},
        ],
    }
    head = json.dumps(asked).encode()
    answer = api.post(INFER, content=head + blob, headers={HEADER: str(len(head))})
    assert answer.headers["content-type"] == "application/octet-stream"
    length = int(answer.headers[HEADER])
    shown = json.loads(answer.content[:length])
    as_json = columns(api.post(INFER, json=question(*TEXTS)).json())
    size = shown["outputs"][0]["parameters"]["binary_data_size"]
    assert "data" not in shown["outputs"][0]
    numbers = struct.unpack(f"<{len(TEXTS)}d", answer.content[length : length + size])
    assert list(numbers) == as_json["probability"]
    assert shown["outputs"][1]["data"] == as_json["label"]


def test_a_body_without_json_is_one_text(api: Api) -> None:
    answer = api.post(INFER, content=TEXTS[0].encode(), headers={HEADER: "0"})
    shown = json.loads(answer.content[: int(answer.headers[HEADER])])
    assert shown["outputs"][0]["parameters"]["binary_data_size"] == len(
        b"    it"
    )  # a length of four bytes, and the label


def test_classes_are_value_index_and_label(api: Api) -> None:
    wanted = [{"name": "probabilities", "parameters": {"classification": 1}}]
    answer = api.post(INFER, json=question(*TEXTS, outputs=wanted)).json()
    as_numbers = columns(api.post(INFER, json=question(*TEXTS)).json())
    shown = [
        f"{value:.6f}:0:{label}"
        for value, label in zip(
            as_numbers["probabilities"][::2], as_numbers["labels"][::2], strict=True
        )
    ]
    assert answer["outputs"][0] == {
        "name": "probabilities",
        "datatype": "BYTES",
        "shape": [len(TEXTS), 1],
        "data": shown,
    }


def test_as_many_labels_as_are_wished_for(api: Api) -> None:
    answer = api.post(INFER, json=question(*TEXTS, parameters={"top_k": 1})).json()
    shapes = {one["name"]: one["shape"] for one in answer["outputs"]}
    assert shapes["labels"] == shapes["probabilities"] == [len(TEXTS), 1]


def _wrong(change: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    asked = question(*TEXTS)
    change(asked)
    return asked


WRONG = {
    "no text": (_wrong(lambda b: b["inputs"].clear()), "text"),
    "text twice": (_wrong(lambda b: b["inputs"].append(b["inputs"][0])), "twice"),
    "unknown input": (_wrong(lambda b: b["inputs"][0].update(name="x")), "inputs[0].name"),
    "negative shape": (_wrong(lambda b: b["inputs"][0].update(shape=[-3])), "inputs[0].shape"),
    "too large a shape": (_wrong(lambda b: b["inputs"][0].update(shape=[2**62])), "shape"),
    "a shape without end": (
        _wrong(lambda b: b["inputs"][0].update(shape=[2**62] * 50_000)),
        "inputs[0].shape",
    ),
    "a square": (_wrong(lambda b: b["inputs"][0].update(shape=[1, 3])), "inputs[0].shape"),
    "no shape": (_wrong(lambda b: b["inputs"][0].pop("shape")), "shape"),
    "numbers": (_wrong(lambda b: b["inputs"][0].update(data=[1, 2, 3])), "inputs[0].data[0]"),
    "another datatype": (_wrong(lambda b: b["inputs"][0].update(datatype="FP32")), "datatype"),
    "an empty text": (question("fine", " "), "text[1]"),
    "too many texts": (question(*["a"] * 1001), "1,000"),
    "none": (question(), "1 to 1,000"),
    "unknown output": (question("a", outputs=[{"name": "logits"}]), "outputs[0].name"),
    "output twice": (question("a", outputs=[{"name": "label"}] * 2), "twice"),
    "an id without logging": (question("a", outputs=[{"name": "decision"}]), "log"),
    "log isn't a flag": (question("a", parameters={"log": "yes"}), "parameters.log"),
    "top_k of 0": (question("a", parameters={"top_k": 0}), "parameters.top_k"),
    "classes of labels": (
        question("a", outputs=[{"name": "label", "parameters": {"classification": 1}}]),
        "classification",
    ),
}


@pytest.mark.parametrize("body", WRONG.values(), ids=WRONG)
def test_a_request_that_is_wrong_is_told_what_is(
    api: Api, fleet: Fleet, body: tuple[dict[str, Any], str]
) -> None:
    before = fleet.log.head()
    answer = api.post(INFER, json=body[0])
    assert answer.status_code == 400
    assert list(answer.json()) == ["error"]
    assert body[1] in answer.json()["error"]
    assert fleet.log.head() == before


@pytest.mark.parametrize(
    ("content", "header"),
    [
        (b"", None),
        (b"{", None),
        (b"[" * 100_000, None),
        (b'{"inputs": ' + b"[" * 5_000 + b"]" * 5_000 + b"}", None),
        (b"\xff\xfe", None),
        (b"{}", "-1"),
        (b"{}", "3"),
        (b"{}", "1e3"),
        (b"{}", "9" * 30),
        (b"\xff", "0"),
        (json.dumps(question("a")).encode() + b"rest", str(len(json.dumps(question("a"))))),
    ],
)
def test_a_body_that_can_not_be_read_is_refused(
    api: Api, content: bytes, header: str | None
) -> None:
    answer = api.post(INFER, content=content, headers={} if header is None else {HEADER: header})
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_what_is_not_there_is_404_and_a_wrong_method_405_in_the_protocols_form(api: Api) -> None:
    for path in ("nobody.team", "acme", "acme.other", "acme..team", f"{MODEL}/versions/nope"):
        answer = api.post(f"/v2/models/{path}/infer", json=question("a"))
        assert answer.status_code == 404
        assert answer.json()["error"].startswith("Request for unknown model: ")
        assert api.get(f"/v2/models/{path}").status_code == 404
    assert api.get("/v2/models/acme.team/nothing").json()["error"]
    assert api.get(INFER).status_code == 405
    assert list(api.get(INFER).json()) == ["error"]


def test_a_logged_request_is_of_the_model_not_of_a_version(api: Api, fleet: Fleet) -> None:
    before = decided(fleet)
    body = question("a", parameters={"log": True})
    answer = api.post(f"/v2/models/{MODEL}/versions/previous/infer", json=body)
    assert answer.status_code == 400
    assert decided(fleet) == before


def test_the_index_has_what_a_key_may_see(guarded: Api, cast: Cast, versions: list[str]) -> None:
    def names(who: str, query: str = "") -> list[str]:
        answer = guarded.post(f"/v2/repository/index{query}", headers=cast.header(who))
        assert all(one["state"] == "READY" for one in answer.json())
        return [one["name"] for one in answer.json()]

    assert names("operator") == [MODEL, UNTRAINED]
    assert names("alice") == names("bob") == [MODEL]
    assert names("charlie") == [UNTRAINED]
    assert names("operator", "?tenant=acme") == [MODEL]
    assert names("operator", f"?after={MODEL}&limit=1") == [UNTRAINED]
    assert names("operator", "?limit=1") == [MODEL]
    listed = guarded.get("/v2/models", headers=cast.header("operator")).json()
    assert listed == {"models": [MODEL, UNTRAINED]}
    (shown,) = guarded.post("/v2/repository/index", headers=cast.header("bob")).json()
    assert shown["version"] == versions[-1]
    other = guarded.post("/v2/repository/index?tenant=acme", headers=cast.header("charlie"))
    assert other.status_code == 404


def test_unloading_frees_memory_and_the_next_request_loads_again(
    guarded: Api, cast: Cast, fleet: Fleet
) -> None:
    header = cast.header("alice")
    model = f"/v2/repository/models/{MODEL}"
    loaded = guarded.post(f"{model}/load", headers=header)
    assert (loaded.status_code, loaded.content) == (200, b"")
    assert fleet.cache.fresh("acme", "team") is not None
    body = {"parameters": {"unload_dependents": False}}
    assert guarded.post(f"{model}/unload", json=body, headers=header).status_code == 200
    assert fleet.cache.fresh("acme", "team") is None
    loads = fleet.cache.loads.loaded
    assert guarded.post(f"{model}/unload", headers=header).status_code == 200
    assert fleet.cache.loads.loaded == loads  # what isn't in memory isn't loaded to be dropped
    asked = guarded.post(INFER, json=question(TEXTS[0]), headers=header)
    assert columns(asked.json())["label"] == ["it"]
    for order in ("load", "unload"):
        assert guarded.post(f"{model}/{order}", headers=cast.header("bob")).status_code == 403
        nobody = f"/v2/repository/models/acme.other/{order}"
        assert guarded.post(nobody, headers=header).status_code == 404


def test_charlie_learns_nothing_of_acme(guarded: Api, cast: Cast, versions: list[str]) -> None:
    def told(model: str) -> list[tuple[int, str]]:
        found = []
        for path in ("", f"/versions/{versions[0]}", "/versions/live"):
            start = f"/v2/models/{model}{path}"
            for method, end in (("GET", ""), ("GET", "/ready"), ("POST", "/infer")):
                body = question("a") if end == "/infer" else None
                answer = guarded.request(
                    method, f"{start}{end}", json=body, headers=cast.header("charlie")
                )
                found.append((answer.status_code, answer.text.replace(model, "MODEL")))
        return found

    acme = told(MODEL)
    assert {status for status, _ in acme} == {404}
    assert acme == told("nobody.team")
    without = guarded.post(INFER, json=question("a"))
    assert without.status_code == 401
    assert without.headers["www-authenticate"] == "Bearer"
    assert list(without.json()) == ["error"]
