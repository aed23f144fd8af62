"""Tasks as servables of TensorFlow Serving over REST: forms, statuses, errors and traps."""

import base64
import json
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from tests.api.inference.conftest import MODEL, TEXTS, UNTRAINED, Cast

from modelfleet import Fleet
from modelfleet.api.tensorflow.numbers import number_of
from modelfleet.events import Query

Api = TestClient[Litestar]
V1 = f"/v1/models/{MODEL}"


def decided(fleet: Fleet) -> int:
    return sum(1 for _ in fleet.events(Query(kinds=("request.decided",))))


def test_rows_come_back_as_rows_and_columns_as_columns(api: Api, fleet: Fleet) -> None:
    before = decided(fleet)
    by_row = api.post(f"{V1}:predict", json={"instances": [{"text": one} for one in TEXTS]}).json()
    by_column = api.post(f"{V1}:predict", json={"inputs": {"text": list(TEXTS)}}).json()
    assert decided(fleet) == before
    rows, columns = by_row["predictions"], by_column["outputs"]
    assert [row["label"] for row in rows] == columns["label"]
    assert all(list(row) == list(columns) for row in rows)
    assert "decision" not in columns
    for row, text in zip(rows, TEXTS, strict=True):
        made = api.post("/api/tenants/acme/tasks/team/decisions", json={"text": text}).json()
        pairs = list(zip(row["labels"], row["probabilities"], strict=True))
        assert pairs == [(one["label"], one["probability"]) for one in made["candidates"]]
        assert row["label"] == (made["label"] or "")


def test_a_single_input_may_come_bare_and_bytes_as_base64(api: Api) -> None:
    plain = api.post(f"{V1}:predict", json={"instances": list(TEXTS)}).json()
    named = api.post(f"{V1}:predict", json={"instances": [{"text": t} for t in TEXTS]}).json()
    column = api.post(f"{V1}:predict", json={"inputs": list(TEXTS)}).json()
    coded = [{"b64": base64.b64encode(text.encode()).decode()} for text in TEXTS]
    as_bytes = api.post(f"{V1}:predict", json={"instances": coded}).json()
    assert plain == named == as_bytes
    assert column["outputs"]["label"] == [one["label"] for one in plain["predictions"]]


def test_metadata_is_a_json_object_in_a_string(api: Api) -> None:
    sent = {"text": "something broke", "metadata": '{"office": "Oslo 3"}'}
    row = api.post(f"{V1}:predict", json={"instances": [sent]}).json()["predictions"][0]
    body = {"text": "something broke", "metadata": {"office": "Oslo 3"}}
    made = api.post("/api/tenants/acme/tasks/team/decisions", json=body).json()
    assert row["probability"] == made["candidates"][0]["probability"]


def test_the_signature_decide_logs_and_gives_ids(api: Api, fleet: Fleet) -> None:
    before = decided(fleet)
    body = {"signature_name": "decide", "instances": list(TEXTS)}
    rows = api.post(f"{V1}:predict", json=body).json()["predictions"]
    assert decided(fleet) == before + len(TEXTS)
    assert all(fleet.log.get("acme", row["decision"]) for row in rows)


def test_classify_gives_all_labels_under_the_key_results(api: Api) -> None:
    body = {"context": {"metadata": "{}"}, "examples": [{"text": text} for text in TEXTS]}
    shown = api.post(f"{V1}:classify", json=body).json()
    assert list(shown) == ["results"]
    rows = api.post(f"{V1}:predict", json={"instances": list(TEXTS)}).json()["predictions"]
    for result, row in zip(shown["results"], rows, strict=True):
        assert result == [
            list(pair) for pair in zip(row["labels"], row["probabilities"], strict=True)
        ]


def test_regress_is_refused(api: Api) -> None:
    answer = api.post(f"{V1}:regress", json={"examples": [{"text": "a"}]})
    assert answer.status_code == 400
    assert "regression signature" in answer.json()["error"]


def test_status_of_a_model_of_a_version_and_of_a_label(api: Api, versions: list[str]) -> None:
    old, new = map(number_of, versions)
    shown = api.get(V1).json()
    assert [one["version"] for one in shown["model_version_status"]] == [str(new), str(old)]
    assert (shown["name"], shown["ready"]) == (MODEL, True)
    state = {"state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
    for path, number in ((f"versions/{old}", old), ("labels/previous", old), ("labels/live", new)):
        said = api.get(f"{V1}/{path}").json()
        assert said == {"model_version_status": [{"version": str(number), **state}]}
    first = api.get(f"/v1/models/{UNTRAINED}").json()
    assert [one["version"] for one in first["model_version_status"]] == ["0"]
    assert api.get(f"/v1/models/{UNTRAINED}/versions/0").status_code == 200


def test_versions_and_labels_choose_who_answers(api: Api, versions: list[str]) -> None:
    body = {"instances": [TEXTS[0]]}
    for path, version in (
        (f"/versions/{number_of(versions[0])}", versions[0]),
        ("/labels/previous", versions[0]),
        ("/labels/live", versions[1]),
        ("", versions[1]),
    ):
        (row,) = api.post(f"{V1}{path}:predict", json=body).json()["predictions"]
        assert row["version"] == version


def test_metadata_is_nested_twice_and_sizes_are_strings(api: Api, versions: list[str]) -> None:
    shown = api.get(f"{V1}/metadata").json()
    assert shown["model_spec"] == {
        "name": MODEL,
        "signature_name": "",
        "version": str(number_of(versions[1])),
    }
    signatures = shown["metadata"]["signature_def"]["signature_def"]
    assert set(signatures) == {"serving_default", "decide"}
    text = signatures["serving_default"]["inputs"]["text"]
    assert text["dtype"] == "DT_STRING"
    assert text["tensor_shape"]["dim"] == [{"size": "-1", "name": ""}]
    assert "decision" in signatures["decide"]["outputs"]


ERRORS: list[tuple[str, str, str | None, int, str]] = [
    ("GET", "/v1/models", None, 400, "Missing model name in request."),
    ("GET", "/v1/nothing", None, 400, "Malformed request: GET /v1/nothing"),
    ("GET", f"{V1}:predict", None, 400, f"Malformed request: GET {V1}:predict"),
    ("PUT", V1, "{}", 400, f"Malformed request: PUT {V1}"),
    ("DELETE", V1, None, 400, f"Malformed request: DELETE {V1}"),
    ("OPTIONS", V1, None, 400, f"Malformed request: OPTIONS {V1}"),
    ("GET", "/v1/models/foo", None, 404, "Could not find any versions of model foo"),
    ("GET", "/v1/models/foo/versions/7", None, 404, "Could not find version 7 of model foo"),
    ("GET", f"{V1}/versions/7", None, 404, f"Could not find version 7 of model {MODEL}"),
    ("GET", f"{V1}/versions/{'9' * 5_000}", None, 400, "Failed to convert version: 999"),
    ("GET", f"{V1}/versions/{'0' * 5_000}7", None, 404, "Could not find version"),
    ("GET", f"{V1}/labels/x", None, 400, "Unrecognized servable version label: x"),
    ("POST", "/v1/models/foo:predict", "{}", 404, "Servable not found for request: Latest(foo)"),
    (
        *("POST", "/v1/models/foo/versions/7:predict", "{}", 404),
        "Servable not found for request: Specific(foo, 7)",
    ),
    ("POST", f"{V1}/versions/99999999999999999999:predict", "{}", 400, "Failed to convert version"),
    ("POST", f"{V1}:predict", "", 400, "JSON Parse error: The document is empty"),
    ("POST", f"{V1}:predict", "{nope", 400, "JSON Parse error: Invalid value."),
    ("POST", f"{V1}:predict", "[" * 100_000, 400, "JSON Parse error"),
    ("POST", f"{V1}:predict", "9" * 10_000, 400, "JSON Parse error"),
    ("POST", f"{V1}:predict", "[]", 400, "object is expected"),
    ("POST", f"{V1}:predict", "{}", 400, "Missing 'inputs' or 'instances' key"),
    ("POST", f"{V1}:predict", '{"instances": [], "inputs": []}', 400, "Only one of"),
    ("POST", f"{V1}:predict", '{"instances": []}', 400, "non-empty list"),
    ("POST", f"{V1}:predict", '{"instances": [1]}', 400, "is not of expected type: string"),
    ("POST", f"{V1}:predict", '{"instances": [NaN]}', 400, "is not of expected type: string"),
    ("POST", f"{V1}:predict", '{"instances": ["\\ud800"]}', 400, "surrogate"),
    ("POST", f"{V1}:predict", '{"instances": [{"x": "a"}]}', 400, "unexpected key 'x'"),
    ("POST", f"{V1}:predict", '{"instances": [{"metadata": ""}]}', 400, "missing key 'text'"),
    ("POST", f"{V1}:predict", '{"instances": [{"b64": "?"}]}', 400, "base64"),
    ("POST", f"{V1}:predict", '{"instances": ["a", " "]}', 400, "instances[1].text"),
    (
        *("POST", f"{V1}:predict", '{"instances": [{"text": "a", "metadata": "["}]}', 400),
        "must be a JSON object",
    ),
    ("POST", f"{V1}:predict", '{"inputs": {"text": ["a"], "metadata": []}}', 400, "same length"),
    (
        *("POST", f"{V1}:predict", '{"signature_name": 1, "instances": ["a"]}', 400),
        "'signature_name' key must be a string value.",
    ),
    (
        *("POST", f"{V1}:predict", '{"signature_name": "s", "instances": ["a"]}', 400),
        "not found in signature def",
    ),
    ("POST", f"{V1}:classify", '{"instances": ["a"]}', 400, "'examples' is expected"),
    ("POST", f"{V1}:classify", '{"examples": ["a"]}', 400, "list of objects"),
    (
        *("POST", f"{V1}/labels/live:predict", '{"signature_name": "decide", "inputs": "a"}', 400),
        "of the model",
    ),
]


@pytest.mark.parametrize("said", ERRORS, ids=lambda said: f"{said[0]} {said[1]} {said[2]}"[:70])
def test_errors_have_the_status_and_the_words(
    api: Api, fleet: Fleet, said: tuple[str, str, str | None, int, str]
) -> None:
    method, path, body, status, words = said
    before = fleet.log.head()
    answer = api.request(method, path, content=body)
    assert answer.status_code == status, answer.text
    assert list(answer.json()) == ["error"]
    assert words in answer.json()["error"]
    assert answer.headers["content-type"] == "application/json"
    assert fleet.log.head() == before


def test_what_comes_behind_the_first_value_is_not_looked_at(api: Api) -> None:
    body = json.dumps({"instances": ["a"]}) + "} and more"
    assert api.post(f"{V1}:predict", content=body).status_code == 200


def test_a_path_is_read_in_any_case_and_answers_are_on_several_lines(api: Api) -> None:
    answer = api.post(f"/V1/MODELS/{MODEL}:PREDICT".replace("/V1/", "/v1/"), json={"inputs": "a"})
    assert answer.status_code == 200
    assert answer.text.startswith('{\n    "outputs": {')


def test_options_are_allowed_from_a_web_page_without_naming_whom(api: Api) -> None:
    answer = api.options(V1, headers={"Origin": "https://elsewhere.example"})
    assert answer.status_code == 200
    assert "access-control-allow-origin" not in answer.headers


def test_the_process_says_that_it_is_alive_as_kserve_asks(api: Api) -> None:
    assert api.get("/").json() == {"status": "alive"}


def test_charlie_learns_nothing_of_acme(guarded: Api, cast: Cast, versions: list[str]) -> None:
    number = number_of(versions[0])

    def told(model: str) -> list[tuple[int, Any]]:
        found = []
        for path in ("", f"/versions/{number}", "/labels/live", "/labels/nope"):
            for method, end in (
                *(("GET", ""), ("GET", "/metadata")),
                *(("POST", ":predict"), ("POST", ":classify"), ("POST", ":regress")),
            ):
                answer = guarded.request(
                    method,
                    f"/v1/models/{model}{path}{end}",
                    json={"instances": ["a"]} if method == "POST" else None,
                    headers=cast.header("charlie"),
                )
                found.append((answer.status_code, answer.text.replace(model, "MODEL")))
        return found

    acme = told(MODEL)
    assert {status for status, _ in acme} == {400, 404}
    assert acme == told("nobody.team") == told("no-model")
    without = guarded.post(f"{V1}:predict", json={"instances": ["a"]})
    assert without.status_code == 401
    assert list(without.json()) == ["error"]
