"""A support site's questions in time order, each decided before its topic is known.

The platform lives through them as `modelfleet replay` has it: a decision, then the topic as a
person's word, which the next decision knows; it is trained `--settle` days after the first news,
where a live fleet waits for seconds, or for an hour if there is little. The peer is TF-IDF (one and
two words, three to five characters) with a linear SVM, for each language fitted anew on each first
of a month to all questions before. It sees texts; the platform also metadata. The questions before
a language's first of a month can't be answered by the peer and count for neither.

`--limit` thins a language's questions evenly to so many: what is learned from then is less, and
what lies between two changes of topics too. 0 takes all, which is many hours for English.

After each change of topics, a language's next 150 questions are left to learn from; those after
them, up to 300 and to the next change, are judged beside the same SVM fitted to the questions since
that change alone, the judged ones included: in ten parts, each answered by a fit to the other nine.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import msgspec
import structlog

from datasets import Missing, option
from measures import Answer
from modelfleet.clock import DAY, to_datetime
from modelfleet.replay import Asked, History, Options, Order, read_history, run
from modelfleet.replay.ticket import Ticket
from report import Figure, at_least, parser, show, table
from retrained import cross_fitted, monthly

_FILE = "firefox_support.jsonl.gz"
_CHANGES = tuple(
    datetime(year, month, day, tzinfo=UTC)
    for year, month, day in ((2024, 7, 8), (2024, 9, 4), (2025, 6, 2), (2025, 7, 9))
)
"""When the shares of topics jumped, found by comparing two weeks before and after each day."""
_TO_LEARN = 150
_TO_JUDGE = 300
_FEWEST = 30
"""Fewer questions than this say nothing about a change."""
_MANY = 500
"""Questions from which on a language has a target of its own."""


T = TypeVar("T")


class Answered(msgspec.Struct, frozen=True):
    """A question with its topic, and what both answered: their best topics, at most three."""

    ticket: Ticket
    ours: tuple[str, ...]
    theirs: tuple[str, ...]

    @property
    def month(self) -> str:
        """Of what month it is."""
        return f"{to_datetime(self.ticket.time):%Y-%m}"


class Shares(msgspec.Struct, frozen=True):
    """How often a best topic was right, and one of the three best; ours and theirs."""

    count: int
    ours: float
    ours_three: float
    theirs: float
    theirs_three: float


def read(data: Path, languages: Sequence[str], limit: int) -> History:
    """The questions in time order, thinned evenly.

    Raises:
        Missing: the file isn't there.
    """
    file = data / _FILE
    if not file.exists():
        raise Missing(file)
    history = read_history(file, Asked(), Order())
    wanted = [one for one in history.tickets if not languages or one.tenant in languages]
    by_language = _grouped(wanted, lambda ticket: ticket.tenant).values()
    kept = [ticket for tickets in by_language for ticket in _thinned(tickets, limit)]
    ordered = sorted(kept, key=lambda ticket: (ticket.time, ticket.line))
    return msgspec.structs.replace(history, tickets=tuple(ordered))


def answered(history: History, options: Options) -> list[Answered]:
    """What both answer to all questions that the peer can answer."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    course = run(history, options, lambda _count: None)
    print(f"{len(course.trained)} trainings")
    theirs: dict[int, Answer] = {}
    for tickets in _grouped(history.tickets, lambda ticket: ticket.tenant).values():
        theirs |= monthly(tickets)
    return [
        Answered(ticket, observed.best, theirs[ticket.line].best)
        for ticket, observed in zip(history.tickets, course.observed, strict=True)
        if ticket.line in theirs
    ]


def shares(some: Sequence[Answered]) -> Shares:
    """How both did on some questions, at least one."""
    count = len(some)
    return Shares(
        count,
        sum(one.ours[:1] == (one.ticket.label,) for one in some) / count,
        sum(one.ticket.label in one.ours for one in some) / count,
        sum(one.theirs[:1] == (one.ticket.label,) for one in some) / count,
        sum(one.ticket.label in one.theirs for one in some) / count,
    )


def language_figures(all_: Sequence[Answered]) -> list[Figure]:
    """By how many points the platform leads: in all, and in each language with many questions."""
    found = shares(all_)
    figures = [Figure("all", _lead(found), "points", target=at_least(3.0))]
    for language, some in _grouped(all_, _language).items():
        target = at_least(1.0) if len(some) >= _MANY else None
        figures.append(Figure(language, _lead(shares(some)), "points", target=target))
    return figures


def rows(groups: Mapping[str, Sequence[Answered]]) -> list[list[str]]:
    """A row of shares for each group of questions."""
    return [
        [
            name,
            str(found.count),
            *(f"{share:.1%}" for share in (found.ours, found.theirs)),
            *(f"{share:.1%}" for share in (found.ours_three, found.theirs_three)),
        ]
        for name, found in ((name, shares(some)) for name, some in groups.items())
    ]


def change_figures(all_: Sequence[Answered]) -> list[Figure]:
    """Points by which the platform leads a model of the new topics' own questions."""
    figures = []
    ends = [*_CHANGES[1:], datetime.max.replace(tzinfo=UTC)]
    for begun, ended in zip(_CHANGES, ends, strict=True):
        during = [one for one in all_ if begun <= to_datetime(one.ticket.time) < ended]
        for language, some in _grouped(during, _language).items():
            judged = some[_TO_LEARN : _TO_LEARN + _TO_JUDGE]
            if len(judged) >= _FEWEST:
                what = f"{begun:%Y-%m-%d} {language}, {len(judged)} judged"
                lead = _lead_after_change(some[: _TO_LEARN + _TO_JUDGE], judged)
                figures.append(Figure(what, lead, "points", target=at_least(-2.0)))
    return figures


def _lead_after_change(since: Sequence[Answered], judged: Sequence[Answered]) -> float:
    own = cross_fitted([one.ticket for one in since])
    rival = [msgspec.structs.replace(one, theirs=own[one.ticket.line].best) for one in judged]
    return _lead(shares(rival))


def _lead(found: Shares) -> float:
    return 100 * (found.ours - found.theirs)


def _thinned(tickets: Sequence[Ticket], limit: int) -> Iterable[Ticket]:
    if not limit or len(tickets) <= limit:
        return tickets
    return (tickets[place * len(tickets) // limit] for place in range(limit))


def _grouped(some: Iterable[T], by: Callable[[T], str]) -> dict[str, list[T]]:
    found: dict[str, list[T]] = {}
    for one in some:
        found.setdefault(by(one), []).append(one)
    return dict(sorted(found.items()))


def _language(one: Answered) -> str:
    return one.ticket.tenant


def _crossed(all_: Sequence[Answered]) -> tuple[list[str], list[list[str]]]:
    """A row for each month, a column for each language: top-1 of ours and theirs."""
    languages = list(_grouped(all_, _language))
    crossed = []
    for month, some in _grouped(all_, lambda one: one.month).items():
        found = {language: shares(own) for language, own in _grouped(some, _language).items()}
        cells = [
            f"{found[name].ours:.0%} {found[name].theirs:.0%}" if name in found else ""
            for name in languages
        ]
        crossed.append([month, *cells])
    return ["month", *languages], crossed


def main() -> None:
    """Live through the questions, and print the tables."""
    made = parser(__doc__)
    option(made)
    made.add_argument("--languages", nargs="*", default=[], help="such as es cs; all by default")
    made.add_argument("--limit", type=int, default=1_000, help="of a language; 0 for all")
    made.add_argument("--settle", type=float, default=7.0, help="days (default: %(default)s)")
    made.add_argument("--recipe", default="default")
    asked = made.parse_args()
    history = read(asked.data, asked.languages, asked.limit)
    wait = int(asked.settle * DAY)
    options = Options(recipe=asked.recipe, settle=wait, staleness=wait)
    all_ = answered(history, options)
    columns = ["", "questions", "top-1", "SVM", "top-3", "SVM"]
    by_language, by_month = _grouped(all_, _language), _grouped(all_, lambda one: one.month)
    table("by language", columns, rows({"all": all_} | by_language), asked.markdown)
    table("by month", columns, rows(by_month), asked.markdown)
    table("top-1 by month and language, ours and the SVM's", *_crossed(all_), asked.markdown)
    show("lead in top-1 over the SVM", language_figures(all_), [], asked.markdown)
    figures = change_figures(all_)
    if figures:
        title = f"lead over the new topics' own model, {_TO_LEARN} questions after a change"
        show(title, figures, [], asked.markdown)


if __name__ == "__main__":
    main()
