"""History lived through again: each request is decided before anybody has said what it was."""

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path

import msgspec

from modelfleet.clock import DAY, SECOND
from modelfleet.decisions import Decision, Request
from modelfleet.errors import InvalidInput
from modelfleet.fleet import Fleet
from modelfleet.learners import check_learner
from modelfleet.recipe import Recipe, load_recipe
from modelfleet.replay.clockwork import SimulatedClock
from modelfleet.replay.deliveries import Deliveries
from modelfleet.replay.history import History
from modelfleet.replay.names import safe_name
from modelfleet.replay.observed import Observed, observe
from modelfleet.replay.people import People
from modelfleet.replay.ticket import Ticket
from modelfleet.settings import Settings
from modelfleet.training import Outcome

Progress = Callable[[int], None]
"""Told how many more requests have been decided."""

_MOST_TOGETHER = 200
_NEVER = 2**63


class Options(msgspec.Struct, frozen=True):
    """How people and platform behave in a replay; spans of time in microseconds."""

    delay: int = 0
    """From a request to the word about it."""
    feedback_rate: float = 1.0
    """Share of requests about which somebody says something; the report measures all of them."""
    recipe: str = "default"
    """How models are made: a name, or the path of a TOML file."""
    staleness: int = 30 * DAY
    """Train on little new evidence after this time, if the recipe wouldn't wait longer.

    A live fleet refits within the recipe's hour whatever little came; over years of history that
    is a training for nearly every request. Corrections count at once either way.
    """
    settle: int = 0
    """Wait so long after news before training, if the recipe wouldn't wait longer.

    A live fleet trains within seconds, as the recipe says. Where tenants are large and their labels
    change often, waiting for some days makes a replay of years many times faster.
    """


class Trained(msgspec.Struct, frozen=True):
    """What came of one training, and when by the replay's clock."""

    time: int
    outcome: Outcome


class Course(msgspec.Struct, frozen=True):
    """All that happened in a replay, in order."""

    observed: tuple[Observed, ...]
    trained: tuple[Trained, ...]


def run(history: History, options: Options, progress: Progress, data: Path | None = None) -> Course:
    """Replay a history in a fleet of its own, in ``data`` if that is to be kept.

    Training takes no simulated time: a model that falls due is live before the next event, as if
    a worker were always free; in reality it is some seconds later.

    Raises:
        InvalidInput: ``data`` holds a fleet already, or an option can't be used.
    """
    if not 0 <= options.feedback_rate <= 1:
        raise InvalidInput.at(
            "feedback_rate", f"must be from 0 to 1; got {options.feedback_rate:g}"
        )
    clock = SimulatedClock()
    with _fleet(data, options, clock) as fleet:
        replayed = _Replay(fleet, clock, safe_name(history.columns.label), options)
        replayed.live_through(history.tickets, progress)
    return Course(tuple(replayed.observed), tuple(replayed.trained))


class _Replay:
    """A fleet, its people, and the order of events among them."""

    def __init__(self, fleet: Fleet, clock: SimulatedClock, task: str, options: Options) -> None:
        self.observed: list[Observed] = []
        self.trained: list[Trained] = []
        self._fleet = fleet
        self._clock = clock
        self._task = task
        self._people = People(task)
        self._deliveries = Deliveries(options.delay, options.feedback_rate)
        self._next_training = _NEVER
        self._nth: Counter[str] = Counter()

    def live_through(self, tickets: Sequence[Ticket], progress: Progress) -> None:
        """Decide all tickets, and end when the last word about them has arrived."""
        start = 0
        while start < len(tickets):
            self._pass_until(tickets[start].time)
            together = self._undisturbed(tickets, start)
            self._clock.move_to(together[-1].time)
            self._decide(together)
            start += len(together)
            progress(len(together))
        while (last := self._deliveries.next_time()) is not None:
            self._pass_until(last)

    def _pass_until(self, time: int) -> None:
        """Let everything happen that is due by ``time``: people's words, and trainings."""
        while (due := self._next_time()) <= time:
            self._clock.move_to(due)
            if self._deliveries.next_time() == due:
                self._deliver()
            else:
                self._train()

    def _next_time(self) -> int:
        word = self._deliveries.next_time()
        return min(_NEVER if word is None else word, self._next_training)

    def _undisturbed(self, tickets: Sequence[Ticket], start: int) -> Sequence[Ticket]:
        """The tickets from ``start`` on before which nothing else happens: at least one."""
        disturbed, end = self._next_time(), start
        last = min(len(tickets), start + _MOST_TOGETHER)
        while end < last and (end == start or tickets[end].time < disturbed):
            word = self._deliveries.due_after(tickets[end])
            disturbed = disturbed if word is None else min(disturbed, word)
            end += 1
        return tickets[start:end]

    def _decide(self, tickets: Sequence[Ticket]) -> None:
        """Decide tickets that nothing happens between; those of a tenant go in together."""
        by_tenant = groupby(sorted(tickets, key=_tenant), key=_tenant)
        groups = [(tenant, list(of_tenant)) for tenant, of_tenant in by_tenant]
        answers = [
            self._fleet.decider.decide(safe_name(tenant), self._task, [_request(t) for t in group])
            for tenant, group in groups
        ]
        decisions: dict[str, Decision] = {}
        for (_, group), answer in zip(groups, answers, strict=True):
            decisions |= {t.key: made for t, made in zip(group, answer.result(), strict=True)}
        for ticket in tickets:
            self._observe(ticket, decisions[ticket.key])

    def _observe(self, ticket: Ticket, decision: Decision) -> None:
        self._nth[ticket.tenant] += 1
        most_frequent = self._people.most_frequent(ticket.tenant)
        nth, originals = self._nth[ticket.tenant], self._people.originals
        self.observed.append(observe(ticket, nth, decision, most_frequent, originals))
        self._deliveries.expect(ticket, decision)

    def _deliver(self) -> None:
        now = self._clock()
        words = [self._people.say(delivery, now) for delivery in self._deliveries.take()]
        self._fleet.import_events([event for said in words for event in said])
        self._look_for_training()

    def _train(self) -> None:
        outcomes = self._fleet.train_due()
        self.trained += [Trained(self._clock(), outcome) for outcome in outcomes]
        self._look_for_training()
        if not outcomes and self._next_training <= self._clock():
            self._next_training = _NEVER  # nothing that can be done now: look after the next word

    def _look_for_training(self) -> None:
        due = self._fleet.queue.next_time()
        self._next_training = _NEVER if due is None else max(due, self._clock())


def _tenant(ticket: Ticket) -> str:
    return ticket.tenant


def _request(ticket: Ticket) -> Request:
    """What the platform is shown of a ticket: never its label."""
    return Request(ticket.text, ticket.metadata, ticket.key, ticket.time)


@contextmanager
def _fleet(data: Path | None, options: Options, clock: SimulatedClock) -> Iterator[Fleet]:
    with tempfile.TemporaryDirectory(prefix="modelfleet-replay-") as temporary:
        wanted = load_recipe(options.recipe)
        check_learner(wanted.learning.learner)
        recipe = Path(temporary) / "recipe.toml"
        recipe.write_text(_toml(_patient(wanted, options)))
        place = data or Path(temporary) / "fleet"
        settings = Settings(recipe=str(recipe))
        with Fleet(place, settings=settings, clock=clock, durable=False, train=False) as fleet:
            if fleet.log.head():
                raise InvalidInput.at("data", f"{place} holds a fleet already; name a new folder")
            yield fleet


def _patient(recipe: Recipe, options: Options) -> Recipe:
    policy = recipe.policy
    settle = options.settle / SECOND
    patient = msgspec.structs.replace(
        policy,
        staleness=max(policy.staleness, options.staleness / SECOND),
        quiet=max(policy.quiet, settle),
        patience=max(policy.patience, settle),
        relabelling=max(policy.relabelling, settle),
    )
    return msgspec.structs.replace(recipe, policy=patient)


def _toml(recipe: Recipe) -> str:
    """A recipe as the file that `load_recipe` reads; plain JSON values are also TOML's."""
    plain = msgspec.to_builtins(recipe)
    lines = [f"name = {_json(plain.pop('name'))}"]
    for section, values in plain.items():
        lines += [f"[{section}]", *(f"{name} = {_json(value)}" for name, value in values.items())]
    return "\n".join(lines) + "\n"


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
