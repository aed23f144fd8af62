"""A model's name says which task of which tenant it is, whatever these are called."""

import re

from hypothesis import example, given
from hypothesis import strategies as st

from modelfleet.api.names import model_name, task_of

NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,12}", fullmatch=True).filter(
    lambda name: ".." not in name
)


@given(NAMES, NAMES)
@example("acme.eu.", "first.line.")
@example("a.", "b")
def test_a_name_leads_back_to_its_task_and_can_stand_in_a_path(tenant: str, task: str) -> None:
    name = model_name(tenant, task)
    assert task_of(name) == (tenant, task)
    assert not re.search("[/:%]", name)


@given(st.tuples(NAMES, NAMES), st.tuples(NAMES, NAMES))
def test_no_two_tasks_have_one_name(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert (model_name(*one) == model_name(*other)) == (one == other)


@given(st.text(alphabet="ab.%/:\x00é", max_size=12) | st.text(max_size=12))
def test_what_is_no_models_name_is_nobodys(name: str) -> None:
    found = task_of(name)
    assert found is None or model_name(*found) == name


def test_names_as_the_documentation_shows_them() -> None:
    assert model_name("acme", "team") == "acme.team"
    assert model_name("acme.eu", "team") == "acme..eu.team"
    assert task_of("acme") is None
    assert task_of("acme.eu.team") is None
