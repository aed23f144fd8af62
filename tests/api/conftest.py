"""A fleet behind its API, and the cast: alice and bob of acme, charlie of globex, an operator."""

from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from litestar.testing import TestClient

from modelfleet import Fleet
from modelfleet.api import create_app
from modelfleet.events import Query

TASK = "/api/tenants/acme/tasks/team"


class Cast(msgspec.Struct):
    alice: str
    bob: str
    charlie: str
    operator: str

    def header(self, who: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {getattr(self, who)}"}


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    folder: Path = tmp_path_factory.mktemp("fleet")
    with Fleet(folder, durable=False, train=False) as fleet:
        yield fleet


@pytest.fixture(scope="module")
def cast(fleet: Fleet) -> Cast:
    return Cast(
        alice=fleet.create_key("owner", "acme", name="alice")[1],
        bob=fleet.create_key("user", "acme", name="bob")[1],
        charlie=fleet.create_key("owner", "globex", name="charlie")[1],
        operator=fleet.create_key("operator")[1],
    )


@pytest.fixture(scope="module")
def open_api(fleet: Fleet) -> Iterator[TestClient]:  # type: ignore[type-arg]
    with TestClient(create_app(fleet, keys_required=False)) as client:
        yield client


@pytest.fixture(scope="module")
def guarded_api(fleet: Fleet) -> Iterator[TestClient]:  # type: ignore[type-arg]
    with TestClient(create_app(fleet, keys_required=True)) as client:
        yield client


@pytest.fixture
def logged(fleet: Fleet) -> Callable[[], int]:
    """How many events there are."""
    return lambda: sum(1 for _ in fleet.events(Query()))
