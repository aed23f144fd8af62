"""The end of the demo: what happened, how the first week compares with the last, how to go on."""

from pathlib import Path

import msgspec

from modelfleet.demo.figures import milliseconds, named, percent
from modelfleet.demo.life import TASK
from modelfleet.demo.screen import View
from modelfleet.demo.tally import Counts, Tally, percentile

_WEEK = 7


class Weeks(msgspec.Struct, frozen=True):
    """The first days against the last: a week each, or half of the time if that is shorter."""

    days: int
    first: Counts
    last: Counts


def weeks(tally: Tally, lived: int) -> Weeks:
    """First and last week of the days that were lived."""
    span = max(1, min(_WEEK, lived // 2))
    everyone = tally.tenants
    return Weeks(
        span,
        tally.of(everyone, 1, span),
        tally.of(everyone, max(1, lived - span + 1), lived),
    )


class Run(msgspec.Struct, frozen=True):
    """How the run went: where the data lies, whole days lived, days the trainer didn't follow."""

    data: Path
    lived: int
    late: int


def summary(view: View, run: Run) -> list[str]:
    """The paragraphs of the summary; no line is wrapped, so commands can be copied."""
    return [
        _what_happened(view, run),
        _compared(view.tally, run.lived),
        _speed(view, run),
        _on(run, view),
    ]


def _what_happened(view: View, run: Run) -> str:
    tally = view.tally
    all_ = tally.of(tally.tenants)
    teams = [team for business in view.world for team in business.teams]
    opened = sum(1 < (team.from_day or 0) <= run.lived for team in teams)
    closed = sum(1 < (team.until_day or 0) <= run.lived for team in teams)
    probes = len(view.times.freshness) + view.times.unseen
    return (
        f"{named(len(tally.tenants), 'tenant')} lived {named(run.lived, 'day')}: "
        f"{named(all_.requests, 'request')}, {all_.decided:,} decided, {all_.right:,} rightly.\n"
        f"Agents made {named(all_.corrected, 'correction')} ({all_.mistaken:,} mistaken, as "
        f"people are) and confirmed {named(all_.accepted, 'decision')}.\n"
        f"{named(opened, 'team')} opened and {named(closed, 'team')} closed on the way. "
        f"{named(tally.trained, 'model')} trained: {sum(tally.published.values()):,} went live, "
        f"{sum(tally.kept.values()):,} kept back by the gate; "
        f"{sum(tally.failed.values()):,} trainings failed.\n"
        f"{named(probes, 'correction')} followed up by asking the same request again; these "
        "questions are in the log, but in no figure here."
    )


def _compared(tally: Tally, lived: int) -> str:
    found = weeks(tally, lived)
    span = "week" if found.days == _WEEK else named(found.days, "day")
    lines = [_shares(f"first {span}", found.first), _shares(f"last {span}", found.last)]
    if found.last.repeated:
        lines.append(
            f"{named(found.last.repeated, 'request')} of the last {span} had been used before in "
            "this small world;\n"
            f"without them: coverage {percent(found.last.new_coverage)}, precision "
            f"{percent(found.last.new_precision)} of {found.last.new_decided:,} decided"
        )
    return "\n".join(lines)


def _shares(span: str, counts: Counts) -> str:
    return (
        f"{span:<13} coverage {percent(counts.coverage):>4}   "
        f"precision {percent(counts.precision):>4} of {counts.decided:,} decided   "
        f"best guess right, sure or not {percent(counts.best_guess):>4}"
    )


def _speed(view: View, run: Run) -> str:
    times = view.times
    known = len(times.freshness)
    text = (
        f"decide: p50 {milliseconds(percentile(times.decide, 50))}, "
        f"p99 {milliseconds(percentile(times.decide, 99))}, each durable in the log\n"
        f"from a correction to the answer that knows it: "
        f"p50 {milliseconds(percentile(times.freshness, 50))}, "
        f"p99 {milliseconds(percentile(times.freshness, 99))}; "
        f"the very next answer knew {times.first_asked:,} of {known + times.unseen:,}"
    )
    if times.unseen:
        text += f", {times.unseen:,} weren't seen within 3 s"
    if run.late:
        text += f"\ntraining was still behind at the end of {named(run.late, 'day')}"
    return text


def _on(run: Run, view: View) -> str:
    tenant = view.world[0].tenant
    url = f"http://127.0.0.1:8080/api/tenants/{tenant}/tasks/{TASK}/decisions"
    return (
        f"All of it lies in {run.data}. To go on:\n"
        f"  modelfleet up --data {run.data}\n"
        f"  modelfleet status {tenant} --data {run.data}\n"
        f"  curl {url} -H 'Content-Type: application/json' "
        '-d \'{"text": "I forgot my password"}\''
    )
