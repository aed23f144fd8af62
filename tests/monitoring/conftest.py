"""A task that monitoring can do something about."""

import pytest

from modelfleet.fleet import Fleet
from modelfleet.task import Task


@pytest.fixture
def task(fleet: Fleet) -> Task:
    """A task that answers from its labels' texts."""
    made = fleet.task("acme", "team")
    made.define_label("it", keywords=["wifi"])
    made.define_label("hr", keywords=["payday"])
    return made
