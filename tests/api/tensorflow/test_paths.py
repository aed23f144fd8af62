"""Paths mean what they mean to TensorFlow Serving; numbers of versions lead back to them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelfleet.api.tensorflow.numbers import LARGEST, number_of, version_of
from modelfleet.api.tensorflow.paths import Target, target_of
from modelfleet.clock import to_datetime

PATHS = {
    "GET /v1/models/acme.team": Target("status", "acme.team"),
    "GET /v1/models/acme.team/metadata": Target("metadata", "acme.team"),
    "GET /v1/models/acme.team/versions/7": Target("status", "acme.team", "7"),
    "GET /v1/models/acme.team/versions/7/metadata": Target("metadata", "acme.team", "7"),
    "GET /v1/models/acme.team/labels/live": Target("status", "acme.team", label="live"),
    "POST /v1/models/acme.team:predict": Target("predict", "acme.team"),
    "POST /V1/Models/acme.team/Versions/7:Predict": Target("predict", "acme.team", "7"),
    "POST /v1/models/a%2Fb:classify": Target("classify", "a/b"),
    "POST /v1/models/m/labels/canary:regress": Target("regress", "m", label="canary"),
    "GET /v1/models": Target("nothing"),
}
MALFORMED = (
    "POST /v1/models/acme.team",
    "GET /v1/models/acme.team:predict",
    "POST /v1/models/acme.team:explain",
    "POST /v1/models/a/b:predict",
    "POST /v1/models/m/versions/7/labels/live:predict",
    "POST /v1/models/m/versions/seven:predict",
    "POST /v1/models/m:predict/",
    "PUT /v1/models/m:predict",
    "GET /v1/models/m/",
    "GET /v1",
)


@pytest.mark.parametrize("line", PATHS)
def test_a_path_is_for(line: str) -> None:
    method, path = line.split()
    assert target_of(method, path) == PATHS[line]


@pytest.mark.parametrize("line", MALFORMED)
def test_a_path_is_malformed(line: str) -> None:
    method, path = line.split()
    assert target_of(method, path) is None


@given(st.sampled_from(["GET", "POST", "PUT"]), st.text(max_size=30))
def test_any_path_is_for_something_or_malformed(method: str, path: str) -> None:
    target_of(method, f"/v1/models/{path}")


@given(st.integers(1_000_000, 4_000_000_000_000_000), st.text("0123456789abcdef", min_size=8))
def test_a_versions_number_is_its_time_and_leads_back_to_it(moment: int, digest: str) -> None:
    name = f"{to_datetime(moment):%Y%m%dT%H%M%S.%f}Z-{digest}"
    assert number_of(name) == moment <= LARGEST
    assert version_of(moment, ["20000101T000000.000000Z-00000000", name]) == name


@given(st.text(max_size=40))
def test_a_name_without_a_time_has_no_number(name: str) -> None:
    assert 0 <= number_of(name) <= LARGEST
