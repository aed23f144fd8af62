"""Faults put into a stream of real texts: is each raised as what it is, and from when on?

A tenant with twenty of CLINC150's intents as labels asks 40 requests a day. Seven of ten are
answered two hours later: accepted if the decision was right, else given their label. The model is
trained as they come. After 1,200 requests one thing changes, and 600 more follow. The table tells
what was raised since, after how many requests, and how many requests its inception lies from the
change. `nothing` changes nothing: whatever is raised in it is a false alert.

The budget is that of one tenant among a thousand that share a false alert a week. The model goes on
learning, and what monitoring does by itself is done, as in life; `--frozen` pins the version at the
change instead, for a model that nobody repairs.
"""

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from pathlib import Path
from shutil import copytree, rmtree
from statistics import median
from tempfile import TemporaryDirectory

import msgspec
import numpy as np

from datasets import intents, option
from modelfleet.cli.logging import configure_logging
from modelfleet.clock import DAY, HOUR
from modelfleet.events import Logged, Query
from modelfleet.events.findings import AlertRaised
from modelfleet.fleet import Fleet
from modelfleet.settings import Settings
from modelfleet.task import Task
from report import parser, table

_LABELS, _STRANGERS = 20, 10
_BEFORE, _AFTER = 1_200, 600
_A_DAY = 40
_ANSWERED = 0.7
_BUDGET = 0.001
_START = 1_767_225_600_000_000  # 1 January 2026

_OPENING = (
    "Good morning, I hope this message finds you well. I have been a customer for many years and "
    "was always content with how things went. Last week my sister told me that I should write to "
    "you about it, since the website did not help me and nobody picked up the telephone. "
)
_CLOSING = (
    " I would be glad if somebody could look into it before the end of the month, as I am going to "
    "travel then. Please find my address below, and thank you very much for your patience. Kind "
    "regards, and give my best wishes to your colleague who helped me the last time."
)


class Ask(msgspec.Struct, frozen=True):
    """A request, its right label (None if no label fits), and what an agent says if they answer."""

    text: str
    label: str | None
    said: str | None
    answered: bool


class Stream(msgspec.Struct, frozen=True):
    """Requests in order, of known labels and of others."""

    asks: tuple[Ask, ...]
    strangers: tuple[str, ...]
    labels: tuple[str, ...]


Change = Callable[[Stream, int], Ask]
"""What a request after the change is."""


def stream(data: Path, seed: int) -> Stream:
    """Texts of some intents in a random order, and of others."""
    generator = np.random.default_rng(seed)
    pairs = intents(data, ["clinc150"])[0].pairs("train")
    names = sorted({label for _, label in pairs})
    chosen = [names[index] for index in generator.permutation(len(names))]
    labels, others = chosen[:_LABELS], chosen[_LABELS : _LABELS + _STRANGERS]
    known = [pair for pair in pairs if pair[1] in labels]
    drawn = generator.permutation(len(known))[: _BEFORE + _AFTER]
    answered = generator.random(len(drawn)) < _ANSWERED
    asks = tuple(
        Ask(known[index][0], known[index][1], known[index][1], bool(word))
        for index, word in zip(drawn.tolist(), answered, strict=True)
    )
    strangers = [text for text, label in pairs if label in others]
    order = generator.permutation(len(strangers))
    return Stream(asks, tuple(strangers[index] for index in order), tuple(labels))


def _same(made: Stream, number: int) -> Ask:
    return made.asks[number]


def _swapped(made: Stream, number: int) -> Ask:
    ask = made.asks[number]
    swap = dict(zip(made.labels[:2], made.labels[1::-1], strict=True))
    label = swap.get(str(ask.label), ask.label)
    return msgspec.structs.replace(ask, label=label, said=label)


def _split(made: Stream, number: int) -> Ask:
    ask = made.asks[number]
    if ask.label not in made.labels[:3] or number % 2:
        return ask
    label = f"{ask.label}_2"
    return msgspec.structs.replace(ask, label=label, said=label)


def _new_intent(made: Stream, number: int) -> Ask:
    ask = made.asks[number]
    if number % 8:
        return ask
    text = made.strangers[number // 8 % len(made.strangers)]
    return msgspec.structs.replace(ask, text=text, label=None, said=None)


def _longer(made: Stream, number: int) -> Ask:
    ask = made.asks[number]
    return msgspec.structs.replace(ask, text=_OPENING + ask.text + _CLOSING)


def _wrong(made: Stream, number: int) -> Ask:
    ask = made.asks[number]
    if number % 10 >= 3:
        return ask
    place = made.labels.index(str(ask.label))
    said = made.labels[(place + 1 + number % (_LABELS - 1)) % _LABELS]
    return msgspec.structs.replace(ask, said=said)


def _silent(made: Stream, number: int) -> Ask:
    return msgspec.structs.replace(made.asks[number], answered=False)


CHANGES: dict[str, tuple[Change, str]] = {
    "nothing": (_same, "nothing"),
    "two labels swapped": (_swapped, "precision, or biased against these labels"),
    "three labels split in two": (_split, "precision or misses"),
    "a new intent, one request of eight": (_new_intent, "new domain"),
    "longer texts": (_longer, "coverage, misses or confidence"),
    "30% wrong assignments": (_wrong, "precision or confidence"),
    "feedback stops": (_silent, "response rate"),
}
"""What is changed, and what it should be raised as."""


class Life:
    """A tenant that lives through a stream; ``waiting`` are answers that it will give, and when."""

    def __init__(self, folder: Path, made: Stream) -> None:
        self.time = _START
        self.decisions: list[str] = []
        self.waiting: list[tuple[int, str, Ask]] = []
        self.fleet = self.opened(folder)
        self.team: Task = self.fleet.task("acme", "team")
        for label in made.labels:
            self.team.define_label(label)

    def again(self, folder: Path) -> "Life":
        """Another one from here on, in a copy of its folder."""
        other = copy(self)
        other.decisions, other.waiting = [*self.decisions], [*self.waiting]
        other.fleet = other.opened(folder)
        other.team = other.fleet.task("acme", "team")
        return other

    def opened(self, folder: Path) -> Fleet:
        """The fleet of a folder, which has this life's time."""
        settings = Settings(false_alerts_per_week=_BUDGET)
        return Fleet(folder, settings=settings, train=False, durable=False, clock=lambda: self.time)

    def live(self, asks: Sequence[Ask]) -> None:
        """Ask, answer, train and watch, in the order of time."""
        for ask in asks:
            self.time += DAY // _A_DAY
            while self.waiting and self.waiting[0][0] <= self.time:
                self._answer(*self.waiting.pop(0)[1:])
            decision = self.team.decide(ask.text)
            self.decisions.append(decision.id)
            if ask.answered:
                self.waiting.append((self.time + 2 * HOUR, decision.id, ask))
            if len(self.decisions) % (_A_DAY // 2) == 0:
                self.fleet.train_due()
                self.fleet.watch_due()

    def _answer(self, decision: str, ask: Ask) -> None:
        if ask.said is None:
            self.team.no_label_fits(decision, by="sam")
            return
        if ask.said not in {label.label for label in self.team.labels()}:
            self.team.define_label(ask.said)
        if self.team.decision(decision).label == ask.said:
            self.team.accept(decision, by="sam")
        else:
            self.team.assign(decision, ask.said, by="sam")

    def raised(self, since: int) -> Iterator[tuple[Logged, AlertRaised]]:
        """The alerts behind an event of the log."""
        for event in self.fleet.events(Query(kinds=(AlertRaised.kind,), after=since)):
            yield event, msgspec.convert(event.fields, AlertRaised)


class Raised(msgspec.Struct, frozen=True):
    """An alert behind a change: its finding, and how many requests after the change it was raised.

    ``inception`` is how many after it it is said to have begun; None if that isn't said.
    """

    finding: str
    after: int
    inception: int | None
    sentence: str


class Lived(msgspec.Struct, frozen=True):
    """What became of one change: alerts before it, which are false, and those behind it."""

    name: str
    before: int
    raised: tuple[Raised, ...]


def lived_before(folder: Path, made: Stream, *, frozen: bool) -> Life:
    """A life until the moment of the change, and what its folder holds then."""
    life = Life(folder, made)
    with life.fleet:
        life.live(made.asks[:_BEFORE])
        live = life.team.status().live
        if frozen and live is not None:
            life.team.pin(live)
    return life


def lived(name: str, before: Life, folder: Path, made: Stream) -> Lived:
    """Live through one change, in a copy of the folder of the life before it."""
    life = before.again(folder)
    with life.fleet:
        head = life.fleet.log.head()
        false = sum(1 for _ in life.raised(0))
        change = CHANGES[name][0]
        life.live([change(made, number) for number in range(_BEFORE, _BEFORE + _AFTER)])
        raised = tuple(_raised(life, *one) for one in life.raised(head))
    return Lived(name, false, raised)


def _raised(life: Life, event: Logged, alert: AlertRaised) -> Raised:
    place = {decision: number for number, decision in enumerate(life.decisions)}
    what = alert.finding + (f" [{alert.slice}]" if alert.slice else "")
    what += " (low trust)" if alert.low_trust else ""
    asked = (event.time - _START) // (DAY // _A_DAY) - _BEFORE
    began = None if alert.inception is None else place[alert.inception.event] - _BEFORE
    return Raised(what, asked, began, alert.sentence)


def rows_of(one: Lived) -> list[list[str]]:
    """A row for each alert that was raised behind a change."""
    rows = [
        [each.finding, str(each.after), _signed(each.inception), each.sentence]
        for each in one.raised
    ] or [["nothing was raised", "", "", ""]]
    firsts = [[one.name, CHANGES[one.name][1], str(one.before)], *[["", "", ""]] * (len(rows) - 1)]
    return [[*first, *row] for first, row in zip(firsts, rows, strict=True)]


def over_seeds(some: Sequence[Lived]) -> list[str]:
    """A row for one change over all seeds: of each the first alert counts."""
    firsts = [one.raised[0] for one in some if one.raised]
    findings = Counter(one.finding for one in firsts)
    began = [abs(one.inception) for one in firsts if one.inception is not None]
    return [
        some[0].name,
        f"{len(firsts)} of {len(some)}",
        ", ".join(f"{what} {count}" for what, count in findings.most_common()),
        f"{median(one.after for one in firsts):.0f}" if firsts else "",
        f"{median(began):.0f}, {max(began)} at most" if began else "",
        str(sum(one.before for one in some)),
    ]


def _signed(place: int | None) -> str:
    return "" if place is None else f"{place:+d}"


def main() -> None:
    """Live through every change, and print the table."""
    made = parser(__doc__)
    option(made)
    made.add_argument("--seeds", type=int, default=1)
    made.add_argument("--frozen", action="store_true", help="pin the version at the change")
    made.add_argument("--only", nargs="*", default=list(CHANGES), choices=list(CHANGES))
    arguments = made.parse_args()
    configure_logging("error")
    pinned = ", the version pinned" if arguments.frozen else ""
    changes: dict[str, list[Lived]] = {name: [] for name in arguments.only}
    for seed in range(1, arguments.seeds + 1):
        made_of = stream(arguments.data, seed)
        with TemporaryDirectory() as place:
            before, after = Path(place, "before"), Path(place, "after")
            life = lived_before(before, made_of, frozen=arguments.frozen)
            for name in arguments.only:
                print(f"{name}, seed {seed}", file=sys.stderr)
                copytree(before, after)
                changes[name].append(lived(name, life, after, made_of))
                rmtree(after)
    show(changes, pinned, arguments.markdown)


def show(changes: Mapping[str, Sequence[Lived]], pinned: str, markdown: Path | None) -> None:
    """Print what was raised, then each change over all seeds."""
    columns = ("changed", "should be", "before", "raised", "after", "inception", "said")
    rows = [row for some in changes.values() for one in some for row in rows_of(one)]
    title = f"Faults in a stream of real texts; requests since the change{pinned}"
    table(title, columns, rows, markdown)
    heads = (
        "changed",
        "raised",
        "first as",
        "after (median)",
        "inception off by",
        "false before",
    )
    title = f"The same over seeds{pinned}"
    table(title, heads, [over_seeds(some) for some in changes.values()], markdown)


if __name__ == "__main__":
    main()
