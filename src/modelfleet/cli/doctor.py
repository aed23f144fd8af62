"""`modelfleet doctor`: which examples and labels hold a task's model back."""

from collections.abc import Iterator, Sequence
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from modelfleet.api.doctor import diagnosis_answer
from modelfleet.cli.one_task import Which, opened_task
from modelfleet.cli.printing import print_json
from modelfleet.cli.roles import Config, Data, DatabaseUrl
from modelfleet.clock import to_datetime
from modelfleet.training import Diagnosis
from modelfleet.training.diagnosis import Shown

AsJson = Annotated[bool, typer.Option("--json", help="All findings, as the API gives them.")]

_ROWS = 15


def doctor(
    task: Which,
    as_json: AsJson = False,  # noqa: FBT002 - a flag
    data: Data = None,
    database: DatabaseUrl = None,
    config: Config = None,
) -> None:
    """Which labels are probably wrong, overlap, have too few examples, or contradict each other."""
    with opened_task(task, data, database, config) as opened:
        found = opened.doctor()
    if as_json:
        print_json(diagnosis_answer(found))
        return
    console = Console(highlight=False)
    accuracy = "" if found.accuracy is None else f"; unseen, {found.accuracy:.1%} are decided so"
    console.print(f"{found.examples:,} examples{accuracy}.")
    tables = list(_tables(found))
    for table in tables:
        console.print("", table)
    if not tables:
        console.print("Nothing is wrong with them.")


def _tables(found: Diagnosis) -> Iterator[Table]:
    """A table of each kind of finding that there is."""
    rows: dict[str, tuple[Sequence[str], list[Sequence[str]]]] = {
        "Probably wrong labels": (
            ("text", "given", "likely", "probability", "example"),
            [_doubtful(found, row) for row in range(len(found.doubtful))],
        ),
        "The same words, different labels": (
            ("labels", "texts"),
            [(_counts(one.labels), _texts(one.shown)) for one in found.contradictions],
        ),
        "Labels that overlap": (
            ("labels", "mixed up", "examples"),
            [
                (
                    f"{one.first}, {one.second}",
                    f"{one.share:.1%} of {one.examples:,}",
                    _texts(one.shown),
                )
                for one in found.overlaps
            ],
        ),
        "Labels with too few examples": (
            ("label", "examples", "missing", "enough by"),
            [
                (one.label, f"{one.examples:,}", f"{one.missing:,}", _day(one.enough_by))
                for one in found.scarce
            ],
        ),
        "Labels that are never predicted": (
            ("label", "examples"),
            [(one.label, f"{one.examples:,}") for one in found.unpredicted],
        ),
        "Examples that rest, their label being gone": (
            ("label", "examples"),
            [(label, f"{count:,}") for label, count in found.resting.items()],
        ),
    }
    return (_table(title, *content) for title, content in rows.items() if content[1])


def _table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    more = f"and {len(rows) - _ROWS:,} more; see --json" if len(rows) > _ROWS else None
    table = Table(*columns, title=title, caption=more, title_justify="left")
    for row in rows[:_ROWS]:
        table.add_row(*(escape(cell) for cell in row))
    return table


def _doubtful(found: Diagnosis, row: int) -> Sequence[str]:
    one = found.doubtful[row]
    example = one.example
    return example.text, example.label, one.likely, f"{one.probability:.0%}", example.key


def _counts(labels: dict[str, int]) -> str:
    return ", ".join(f"{label} {count:,}" for label, count in labels.items())


def _texts(shown: Sequence[Shown]) -> str:
    return "\n".join(f"{one.label}: {one.text}" for one in shown)


def _day(time: int | None) -> str:
    return "not at this pace" if time is None else f"{to_datetime(time):%Y-%m-%d}"
