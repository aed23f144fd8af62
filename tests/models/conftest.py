"""A version like those that the platform publishes, and each kind of store."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.programs import accepts, free_port, running

from modelfleet.models import Header, LocalStore, NearbyStore, ObjectStore, Store, write

STORES: dict[str, Callable[[Path], Store]] = {
    "local folder": LocalStore,
    "objects in files": lambda folder: ObjectStore(f"file://{folder}"),
    "objects in memory": lambda _folder: ObjectStore("memory://"),
    "objects behind a folder": lambda folder: NearbyStore(
        ObjectStore("memory://"), folder, budget=2**30
    ),
}


ON_S3 = "objects on an S3 server"
_BUCKET = "models"


@pytest.fixture(params=[*STORES, ON_S3])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    if request.param != ON_S3:
        return STORES[request.param](tmp_path / "store")
    for name, value in request.getfixturevalue("s3").items():
        monkeypatch.setenv(name, value)
    return ObjectStore(f"s3://{_BUCKET}/{tmp_path.name}")


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What the environment says of a server with a bucket, which asks for signed requests."""
    folder, port = tmp_path_factory.mktemp("s3"), free_port()
    (folder / "buckets" / _BUCKET).mkdir(parents=True)
    rclone = str(Path(sys.executable).with_name("rclone"))
    command = [rclone, "--config", "", "serve", "s3", "--addr", f"127.0.0.1:{port}"]
    command += ["--auth-key", "modelfleet,secret", str(folder / "buckets")]
    with running(command, folder, lambda: accepts(port)):
        yield {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "AWS_ALLOW_HTTP": "true",
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "modelfleet",
            "AWS_SECRET_ACCESS_KEY": "secret",
        }


@pytest.fixture(scope="session")
def header() -> Header:
    return Header(
        tenant="harbour-dental",
        task="team",
        version="20261122T170000.000000Z",
        recipe={"name": "linear", "sizes": [1, 2.5, None], "deep": {"b": True, "a": "ü"}},
        labels=("front-desk", "billing", "訪問"),
        watermark=4711,
        examples=300,
        metrics={"precision": 0.9, "coverage": 1 / 3},
        temperature=1.25,
        threshold=0.6,
        training_digest="ab" * 32,
        code_version="0.1.0",
    )


@pytest.fixture(scope="session")
def arrays() -> dict[str, NDArray[Any]]:
    generator = np.random.default_rng(0)
    return {
        "sparse": generator.normal(size=(40, 3)).astype(np.float16),
        "dense": generator.normal(size=(256, 3)).astype(np.float32),
        "keys": np.arange(40, dtype=np.uint32),
        "bias": np.zeros(3, np.float32),
        "known": np.array([True, False, True]),
        "empty": np.zeros((0, 3)),
        "scalar": np.array(3, np.int64),
    }


@pytest.fixture(scope="session")
def data(header: Header, arrays: dict[str, NDArray[Any]]) -> bytes:
    return write(header, arrays)
