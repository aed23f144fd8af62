"""A PostgreSQL database that is as durable as in production."""

from collections.abc import Iterator

import pytest
from tests.postgresql import Cluster


@pytest.fixture
def postgresql_place(cluster: Cluster) -> Iterator[str]:
    """The URL of a database of this test's own, without tables."""
    url = cluster.database()
    yield url
    cluster.drop(url)
