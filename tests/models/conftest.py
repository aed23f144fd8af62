"""A version like those that the platform publishes, and each kind of store."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from modelfleet.models import Header, LocalStore, NearbyStore, ObjectStore, Store, write

STORES: dict[str, Callable[[Path], Store]] = {
    "local folder": LocalStore,
    "objects in files": lambda folder: ObjectStore(f"file://{folder}"),
    "objects in memory": lambda _folder: ObjectStore("memory://"),
    "objects behind a folder": lambda folder: NearbyStore(
        ObjectStore("memory://"), folder, budget=2**30
    ),
}


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return STORES[request.param](tmp_path / "store")


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
