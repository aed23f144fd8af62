"""`modelfleet why`: what carried a decision, and what taught it."""

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from modelfleet.cli.one_task import Which, opened_task
from modelfleet.cli.roles import Config, Data, DatabaseUrl
from modelfleet.clock import to_datetime
from modelfleet.decisions import Reasons
from modelfleet.learners.reasons import Share

_WIDTH = 70


def why(
    task: Which,
    decision: Annotated[str, typer.Argument(help="A decision's id.")],
    data: Data = None,
    database: DatabaseUrl = None,
    config: Config = None,
) -> None:
    """Why a decision was made: the words that carried it, and the requests that taught it."""
    with opened_task(task, data, database, config) as opened:
        reasons = opened.why(decision)
    console = Console(highlight=False)
    for line in _said(reasons):
        console.print(escape(line))
    if reasons.words or reasons.fields:
        console.print(_weights([*reasons.words, *reasons.fields]))
        console.print(f"These are {reasons.covered:.0%} of all weight.")
    if reasons.taught:
        console.print(_teachers(reasons))


def _said(reasons: Reasons) -> list[str]:
    """What there is to say before the tables."""
    if reasons.label is None:
        return ["The task had no labels to decide for."]
    against = f" against '{reasons.rival}'" if reasons.rival else ""
    by = reasons.version or "label texts alone"
    lines = [f"'{reasons.label}'{against}: log odds {reasons.lead:+.2f}, by {by}."]
    if reasons.note:
        lines.append(f"Note: {reasons.note}.")
    if reasons.told:
        lines.append(f"People had spoken of this very request: it was {reasons.told}.")
    return lines


def _weights(shares: Sequence[Share]) -> Table:
    table = Table("word, pair or field", "weight")
    for share in shares:
        table.add_row(escape(share.what[:_WIDTH]), f"{share.weight:+.2f}")
    return table


def _teachers(reasons: Reasons) -> Table:
    table = Table("taught by", "text", "similarity", "said by", "when")
    for one in reasons.taught:
        when = f"{to_datetime(one.time):%Y-%m-%d %H:%M}"
        text, by = escape(one.text[:_WIDTH]), escape(one.by or "")
        table.add_row(escape(one.key), text, f"{one.similarity:.0%}", by, when)
    return table
