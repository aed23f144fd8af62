"""`modelfleet drift`, `suggestions`, `accept`: what changed in requests, and what they ask for."""

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from modelfleet.api.suggestions import drift_answer, suggestion_answer
from modelfleet.cli.one_task import BY, Which, opened_task
from modelfleet.cli.printing import AsJson, print_json
from modelfleet.cli.roles import Config, Data, DatabaseUrl
from modelfleet.clock import to_datetime
from modelfleet.monitoring import Drift, Said, Shift

Days = Annotated[float, typer.Option(help="Days that are compared with the four times as many.")]
WhichSuggestion = Annotated[str, typer.Argument(help="As modelfleet suggestions names it.")]
Label = Annotated[str | None, typer.Option(help="The label to use instead of the suggested one.")]
Name = Annotated[str | None, typer.Option(help="The label's name in words.")]

_SURE = 0.05


def drift(
    task: Which,
    days: Days = 7.0,
    as_json: AsJson = False,  # noqa: FBT002 - a flag
    data: Data = None,
    database: DatabaseUrl = None,
    config: Config = None,
) -> None:
    """What changed between the requests of the last days and those before."""
    with opened_task(task, data, database, config) as opened:
        found = opened.drift(days)
    if as_json:
        print_json(drift_answer(found))
        return
    console = Console(highlight=False)
    if found.meaning is None or found.vocabulary is None:
        console.print("There are too few requests to compare.")
        return
    console.print(_windows(found))
    console.print(f"Meaning     {_said(found.meaning)}")
    console.print(f"Vocabulary  {_said(found.vocabulary)}")
    if found.risen:
        console.print(f"Said more   {escape(_words(found.risen))}")
    if found.fallen:
        console.print(f"Said less   {escape(_words(found.fallen))}")


def suggestions(
    task: Which,
    as_json: AsJson = False,  # noqa: FBT002 - a flag
    data: Data = None,
    database: DatabaseUrl = None,
    config: Config = None,
) -> None:
    """Labels that seem to be missing: groups of requests that no label fits."""
    with opened_task(task, data, database, config) as opened:
        found = opened.suggestions()
    if as_json:
        print_json([suggestion_answer(one) for one in found])
        return
    console = Console(highlight=False)
    if not found:
        console.print("No group of requests asks for a label of its own.")
        return
    table = Table("suggestion", "label", "requests", "since", "texts")
    for one in found:
        since = f"{to_datetime(one.since):%Y-%m-%d}"
        texts = escape("\n".join(one.texts))
        table.add_row(one.suggestion, one.label, f"{one.requests:,}", since, texts)
    console.print(table)
    console.print(f"Accept one with: modelfleet accept {task} {found[0].suggestion}")


def accept(  # noqa: PLR0913, PLR0917 - one parameter for each setting
    task: Which,
    suggestion: WhichSuggestion,
    label: Label = None,
    name: Name = None,
    data: Data = None,
    database: DatabaseUrl = None,
    config: Config = None,
) -> None:
    """Define a suggested label, with its requests as examples."""
    with opened_task(task, data, database, config) as opened:
        done = opened.accept_suggestion(suggestion, label=label, name=name, by=BY)
    if done.duplicate:
        typer.echo(f"it was accepted before, as {done.label}")
    else:
        what = "defined" if done.defined else "extended"
        typer.echo(f"{done.label} is {what}, with {done.assigned:,} requests as examples")


def _windows(found: Drift) -> Table:
    table = Table("", "requests", "no label fits", "median length", "from", "to")
    for name, window in (("before", found.before), ("now", found.now)):
        if window is not None:
            table.add_row(
                name,
                f"{window.requests:,}",
                f"{window.new_domain:.1%}",
                f"{window.characters:.0f}",
                f"{to_datetime(window.since):%Y-%m-%d}",
                f"{to_datetime(window.until):%Y-%m-%d}",
            )
    return table


def _said(shift: Shift) -> str:
    changed = "changed" if shift.p <= _SURE else "as before, as far as can be said"
    return f"{changed} ({shift.distance:.3f}, by chance {shift.by_chance:.3f}; p {shift.p:.3f})"


def _words(words: Sequence[Said]) -> str:
    """Each word with its share before and now."""
    return ", ".join(f"{one.word} {one.before:.0%} -> {one.now:.0%}" for one in words)
