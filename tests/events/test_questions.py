"""Any field of any event can be asked for; the answer is what reading all events would give."""

import re
from collections.abc import Iterator, Mapping

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.events.made import (
    FIELDS,
    NUMBERS,
    RANDOM_FIELDS,
    SCALARS,
    TEXTS,
    WORDS,
    event,
    new_tenant,
)

import modelfleet.events.log as log_module
from modelfleet.errors import InvalidInput
from modelfleet.events import Condition, Database, EventLog, Logged, Query, parse_condition
from modelfleet.events.kinds import Json
from modelfleet.events.query import Operator

BOUNDS: set[Operator] = {"<", "<=", ">", ">="}
PATHS = st.sampled_from(
    [*FIELDS, "deep.office", "deep.amount", "deep.deep", "tags.note", "deep.deep.tags", "absent"]
)
CONDITIONS = st.one_of(
    st.builds(Condition, PATHS, st.just("="), SCALARS),
    st.builds(Condition, PATHS, st.sampled_from(sorted(BOUNDS)), NUMBERS | TEXTS | st.none()),
    st.builds(Condition, PATHS, st.just("exists")),
    st.builds(
        Condition,
        PATHS | st.just(""),
        st.just("words"),
        st.lists(st.sampled_from(WORDS), min_size=1, max_size=2).map(" ".join),
    ),
)


def _below(value: Json) -> Iterator[Json]:
    """Every value that holds no other, at or below this one; but for lists within lists."""
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from _below(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from () if isinstance(inner, list) else _below(inner)
    else:
        yield value


def _at(value: Json, path: list[str]) -> Iterator[Json]:
    """Everything at a path; lists are looked through, lists within lists passed over."""
    if isinstance(value, list | tuple):
        for inner in value:
            yield from () if isinstance(inner, list) else _at(inner, path)
    elif not path:
        yield value
    elif isinstance(value, Mapping) and path[0] in value:
        yield from _at(value[path[0]], path[1:])


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _within(value: Json, bound: Condition) -> bool:
    """Numbers are compared with numbers and texts with texts; nothing else has an order."""
    both_numbers = _is_number(value) and _is_number(bound.value)
    if not both_numbers and not (isinstance(value, str) and isinstance(bound.value, str)):
        return False
    return bool(
        {
            "<": value < bound.value,
            "<=": value <= bound.value,
            ">": value > bound.value,
            ">=": value >= bound.value,
        }[bound.operator]
    )


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.casefold()))


def _holds(fields: Mapping[str, Json], condition: Condition) -> bool:
    found = list(_at(fields, condition.field.split(".") if condition.field else []))
    below = [leaf for value in found for leaf in _below(value)]
    if condition.operator == "exists":
        return bool(below)
    if condition.operator == "words":
        said = [_words(leaf) for leaf in below if isinstance(leaf, str)]
        return _words(condition.value) <= set().union(*said)
    wanted = condition.value
    same_sort = [v for v in found if _is_number(v) == _is_number(wanted)]
    return any(v == wanted and (_is_number(v) or type(v) is type(wanted)) for v in same_sort)


def naive(fields: Mapping[str, Json], where: tuple[Condition, ...]) -> bool:
    """What a question means: bounds of one field are those of a range in which one value lies."""
    bounds = [condition for condition in where if condition.operator in BOUNDS]
    others = [condition for condition in where if condition.operator not in BOUNDS]
    ranges = {bound.field: [b for b in bounds if b.field == bound.field] for bound in bounds}
    return all(_holds(fields, condition) for condition in others) and all(
        any(
            all(_within(value, bound) for bound in range_)
            for value in _at(fields, field.split("."))
        )
        for field, range_ in ranges.items()
    )


@settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    told=st.lists(RANDOM_FIELDS, min_size=1, max_size=12),
    questions=st.lists(
        st.lists(CONDITIONS, min_size=1, max_size=3).map(tuple), min_size=1, max_size=8
    ),
)
@example(
    told=[{"amount": [0, 100]}, {"amount": 10}, {"amount": [0, 5.05, 100]}],
    questions=[(Condition("amount", ">", 5.06), Condition("amount", "<", 50))],
)
@example(
    told=[{"amount": n} for n in (-300, -0.5, 0, 0.5, 1e300, 7)],
    questions=[(Condition("amount", op, n),) for op in BOUNDS for n in (-1, 0, 0.5, 7, -1e-30)],
)
@example(
    told=[{"amount": 3}],
    questions=[(Condition("amount", ">", 5), Condition("amount", "<", 1))],
)
@example(told=[{"amount": None}], questions=[(Condition("amount", "<", None),)])
@example(told=[{"deep": {"office": "Oslo"}}], questions=[(Condition("deep", "=", "Oslo"),)])
@example(
    told=[{"deep": {"office": "x" * 200}}, {"office": "x" * 200}],
    questions=[(Condition("deep", "=", "x" * 200),), (Condition("office", "=", "x" * 200),)],
)
def test_a_question_is_answered_as_if_all_events_were_read(
    log: EventLog,
    told: list[dict[str, Json]],
    questions: list[tuple[Condition, ...]],
) -> None:
    before = log.head()
    log.append([event(fields=fields) for fields in told])
    for where in questions:
        found = [one.seq - before - 1 for one in log.scan(Query(after=before, where=where))]
        assert found == [n for n, fields in enumerate(told) if naive(fields, where)], (where, told)


def _seqs(log: EventLog, query: Query) -> list[int]:
    return [one.seq for one in log.scan(query)]


@pytest.fixture
def mixed(log: EventLog) -> list[Logged]:
    """Two tenants, two tasks, two kinds, six times."""
    sent = [
        event(kind, tenant=tenant, task=task, time=number * 10, fields={"n": number})
        for number, (kind, tenant, task) in enumerate(
            [
                ("ticket.closed", "acme", "team"),
                ("ticket.opened", "acme", "team"),
                ("ticket.closed", "acme", "type"),
                ("ticket.closed", "globex", "team"),
                ("ticket.opened", "globex", "team"),
                ("ticket.closed", "acme", "team"),
            ]
        )
    ]
    return [one.event for one in log.append(sent)]


QUESTIONS: dict[str, tuple[Query, list[int]]] = {
    "all": (Query(), [1, 2, 3, 4, 5, 6]),
    "a tenant": (Query(tenant="acme"), [1, 2, 3, 6]),
    "a tenant's task": (Query(tenant="acme", task="team"), [1, 2, 6]),
    "tasks of a name": (Query(task="team"), [1, 2, 4, 5, 6]),
    "a kind": (Query(kinds=("ticket.opened",)), [2, 5]),
    "either kind": (Query(kinds=("ticket.opened", "ticket.closed")), [1, 2, 3, 4, 5, 6]),
    "from a time on": (Query(since=20), [3, 4, 5, 6]),
    "before a time": (Query(until=20), [1, 2]),
    "within a time": (Query(since=10, until=40), [2, 3, 4]),
    "behind a position": (Query(after=4), [5, 6]),
    "the newest first": (Query(tenant="acme", newest_first=True), [6, 3, 2, 1]),
    "a tenant's field": (Query(tenant="acme", where=(Condition("n", ">=", 2),)), [3, 6]),
    "everything at once": (
        Query(
            tenant="acme",
            task="team",
            kinds=("ticket.closed",),
            since=1,
            until=51,
            where=(Condition("n", ">", 0), Condition("n", "<=", 5)),
        ),
        [6],
    ),
    "what isn't there": (Query(tenant="initech"), []),
}


@pytest.mark.usefixtures("mixed")
def test_events_are_found_by_tenant_task_kind_and_time(log: EventLog) -> None:
    answers = {name: _seqs(log, query) for name, (query, _) in QUESTIONS.items()}
    assert answers == {name: expected for name, (_, expected) in QUESTIONS.items()}


@pytest.mark.parametrize("newest_first", [False, True])
def test_an_answer_longer_than_is_found_at_once_is_whole(
    log: EventLog,
    newest_first: bool,  # noqa: FBT001 - a parameter
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(log_module, "_MOST_PLACES", 2_100)  # more than a page
    log.append([event(fields={"n": number}) for number in range(4_500)])
    query = Query(where=(Condition("n", ">=", 100),), newest_first=newest_first)
    expected = list(range(101, 4_501))
    assert _seqs(log, query) == (expected[::-1] if newest_first else expected)


def test_who_pauses_while_reading_keeps_no_connection(log: EventLog, database: Database) -> None:
    log.append([event(fields={"n": number}) for number in range(100)])
    found = log.scan(Query(where=(Condition("n", ">=", 0),)))
    next(found)
    assert "Current Checked out connections: 0" in database.engine.pool.status()
    assert len(list(found)) == 99


PARSED = {
    "metadata.office=Oslo": Condition("metadata.office", "=", "Oslo"),
    "amount=7": Condition("amount", "=", 7),
    "amount = 7.5": Condition("amount", "=", 7.5),
    "amount>=-2.5": Condition("amount", ">=", -2.5),
    "amount<=2": Condition("amount", "<=", 2),
    "amount<2": Condition("amount", "<", 2),
    "amount>2": Condition("amount", ">", 2),
    "helpful=true": Condition("helpful", "=", True),
    "label=null": Condition("label", "=", None),
    'label="null"': Condition("label", "=", "null"),
    "helpful": Condition("helpful", "exists"),
    "text:printer jam": Condition("text", "words", "printer jam"),
    ":printer jam": Condition("", "words", "printer jam"),
    "text:a=b": Condition("text", "words", "a=b"),
    "url=https://example.org/a": Condition("url", "=", "https://example.org/a"),
    "formula=a<=b": Condition("formula", "=", "a<=b"),
    "formula=a>=b": Condition("formula", "=", "a>=b"),
    "formula<a=b": Condition("formula", "<", "a=b"),
}


@pytest.mark.parametrize("text", PARSED)
def test_a_condition_is_read_as_it_is_written(text: str) -> None:
    assert parse_condition(text) == PARSED[text]


@pytest.mark.parametrize("text", ["", " ", "=Oslo", ">3", " = "])
def test_a_condition_without_a_field_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="where"):
        parse_condition(text)


def test_a_number_beyond_all_others_is_asked_for_in_vain(log: EventLog) -> None:
    log.append([event(tenant=(tenant := new_tenant()), fields={"minutes": 12})])
    huge = 10**400
    for condition in (f"minutes>{huge}", f"minutes<-{huge}", f"minutes={huge}"):
        assert not list(log.scan(Query(tenant, where=(parse_condition(condition),))))
    (found,) = log.scan(Query(tenant, where=(parse_condition(f"minutes<{huge}"),)))
    assert found.fields == {"minutes": 12}


@pytest.mark.parametrize("condition", ["text:???", "minutes:", ":*", "minutes!=12"])
def test_a_condition_without_a_word_or_with_an_unknown_sign_is_refused(condition: str) -> None:
    with pytest.raises(InvalidInput, match="where"):
        parse_condition(condition)
