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
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
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
    """A tenant that lives through a stream."""

    def __init__(self, folder: Path, made: Stream) -> None:
        self.time = _START
        settings = Settings(false_alerts_per_week=_BUDGET)
        self.fleet = Fleet(
            folder, settings=settings, train=False, durable=False, clock=lambda: self.time
        )
        self.team: Task = self.fleet.task("acme", "team")
        self.decisions: list[str] = []
        self._waiting: list[tuple[int, str, Ask]] = []
        for label in made.labels:
            self.team.define_label(label)

    def live(self, asks: Sequence[Ask]) -> None:
        """Ask, answer, train and watch, in the order of time."""
        for ask in asks:
            self.time += DAY // _A_DAY
            while self._waiting and self._waiting[0][0] <= self.time:
                self._answer(*self._waiting.pop(0)[1:])
            decision = self.team.decide(ask.text)
            self.decisions.append(decision.id)
            if ask.answered:
                self._waiting.append((self.time + 2 * HOUR, decision.id, ask))
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


def lived(name: str, data: Path, seed: int, *, frozen: bool) -> list[list[str]]:
    """Live through one change; a row for each alert that was raised since."""
    change, expected = CHANGES[name]
    made = stream(data, seed)
    with TemporaryDirectory() as folder:
        life = Life(Path(folder), made)
        with life.fleet:
            life.live(made.asks[:_BEFORE])
            live = life.team.status().live
            if frozen and live is not None:
                life.team.pin(live)
            head = life.fleet.log.head()
            early = sum(1 for _ in life.raised(0))
            life.live([change(made, number) for number in range(_BEFORE, _BEFORE + _AFTER)])
            rows = [_row(life, event, alert) for event, alert in life.raised(head)]
    if not rows:
        rows = [["nothing was raised", "", "", ""]]
    firsts = [[name, expected, str(early)], *[["", "", ""]] * (len(rows) - 1)]
    return [[*first, *row] for first, row in zip(firsts, rows, strict=True)]


def _row(life: Life, event: Logged, alert: AlertRaised) -> list[str]:
    place = {decision: number for number, decision in enumerate(life.decisions)}
    what = alert.finding + (f" [{alert.slice}]" if alert.slice else "")
    what += " (low trust)" if alert.low_trust else ""
    asked = (event.time - _START) // (DAY // _A_DAY) - _BEFORE
    began = "" if alert.inception is None else f"{place[alert.inception.event] - _BEFORE:+d}"
    return [what, str(asked), began, alert.sentence]


def main() -> None:
    """Live through every change, and print the table."""
    made = parser(__doc__)
    option(made)
    made.add_argument("--seeds", type=int, default=1)
    made.add_argument("--frozen", action="store_true", help="pin the version at the change")
    made.add_argument("--only", nargs="*", default=list(CHANGES), choices=list(CHANGES))
    arguments = made.parse_args()
    configure_logging("error")
    rows: list[list[str]] = []
    for name in arguments.only:
        for seed in range(1, arguments.seeds + 1):
            print(f"{name}, seed {seed}", file=sys.stderr)
            rows += lived(name, arguments.data, seed, frozen=arguments.frozen)
    columns = ("changed", "should be", "before", "raised", "after", "inception", "said")
    title = "Faults in a stream of real texts; requests since the change" + (
        ", the version pinned" if arguments.frozen else ""
    )
    table(title, columns, rows, arguments.markdown)


if __name__ == "__main__":
    main()
