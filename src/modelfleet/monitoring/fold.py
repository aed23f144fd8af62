"""The fold of monitoring: what each event of the log, and each outcome, adds to the sums.

The log's own times are the clock: before an event is taken in, all that was due by then matures.
So the sums don't depend on how the log was cut into pages, nor on when it was read.
"""

from collections.abc import Sequence

from modelfleet.events import Logged, kinds
from modelfleet.monitoring import slicing
from modelfleet.monitoring.counts import LATE, Counts, difference, of_decision, of_outcome
from modelfleet.monitoring.decided import (
    WORDS,
    Decided,
    Slices,
    Waiting,
    Words,
    decided_of,
    heard,
    matured,
)
from modelfleet.monitoring.delays import place_of, waits
from modelfleet.monitoring.learned import Learned, forget, publish
from modelfleet.monitoring.matured import Matured
from modelfleet.monitoring.memory import FLEET, Memory, Moment
from modelfleet.monitoring.sums import RECIPE, count_pair, day_of, kinds_of
from modelfleet.monitoring.tally import Tally

Happened = list[Matured | Logged]
_WORDS = frozenset(WORDS)
_LAST = 2**63
"""Behind every place in the log."""


def fold(memory: Memory, events: Sequence[Logged], start: int, until: Moment) -> Happened:
    """Take in events, the clock standing at ``start``, and all that is due ``until`` then."""
    happened: Happened = []
    now = start
    for event in events:
        now = max(now, event.logged)
        _mature(memory, (now, _LAST), happened)
        if event.kind == kinds.RequestDecided.kind:
            _decide(memory, event, now)
        elif event.kind in _WORDS:
            _hear(memory, event)
        else:
            _note(memory, event)
            happened.append(event)
    _mature(memory, until, happened)
    return happened


def _mature(memory: Memory, until: Moment, happened: Happened) -> None:
    while (one := memory.pop_due(until)) is not None:
        sums = _count(memory, one, of_outcome(one.decided, one.words))
        count_pair(sums, one.decided, one.words)
        slices = ("label", one.decided.label or ""), *slicing.of_time(one.decided.time), *one.slices
        happened.append(matured(one, slices))


def _decide(memory: Memory, event: Logged, now: int) -> None:
    task = event.tenant, event.task
    learned = memory.knows(task)
    decided = decided_of(event, learned.recipes)
    if "forgotten" in event.fields:
        slices: Slices = ()
    else:
        told = slicing.told(event.fields.get("metadata") or {})
        if slicing.learn(learned.fields, told, event.seq):
            memory.changed.learned.add(task)
        slices = _slices_of(learned, event, told)
    due = now + waits(learned.delays, memory.knows(FLEET).delays)
    one = Waiting(event.tenant, event.id, due, decided, Words(), slices)
    memory.await_words(one, known=False)
    _count(memory, one, of_decision(decided))


def slices_of(learned: Learned, event: Logged) -> Slices:
    """What kind of request was decided; nothing if it came before something was forgotten."""
    if "forgotten" in event.fields or event.seq <= learned.forgotten:
        return ()
    return _slices_of(learned, event, slicing.told(event.fields.get("metadata") or {}))


def _slices_of(learned: Learned, event: Logged, told: Sequence[slicing.Told]) -> Slices:
    return (
        *slicing.of_text(event.fields["text"]),
        *slicing.of_metadata(learned.fields, told, event.seq),
    )


def _hear(memory: Memory, event: Logged) -> None:
    key = event.tenant, event.fields["decision"]
    one = memory.waiting.get(key) or memory.matured.get(key)
    if one is None or one.decided.task != event.task or one.decided.seq > event.seq:
        return
    before = one.words
    one.words = heard(before, one.decided, event)
    if before.said is None and one.words.said is not None:
        _note_delay(memory, event, one.decided)
    if key in memory.waiting:
        memory.changed.waiting.add(key)
    else:
        _correct(memory, one, before)


def _note_delay(memory: Memory, event: Logged, decided: Decided) -> None:
    place = place_of(event.logged - decided.time)
    for task in ((event.tenant, event.task), FLEET):
        memory.knows(task).delays[place] += 1
        memory.changed.learned.add(task)


def _correct(memory: Memory, one: Waiting, before: Words) -> None:
    """Something was said of a decision that had matured: the sums change, its outcome doesn't."""
    old, new = of_outcome(one.decided, before), of_outcome(one.decided, one.words)
    sums = _count(memory, one, difference(new, old) | {LATE: 1})
    count_pair(sums, one.decided, before, -1)
    count_pair(sums, one.decided, one.words)


def _note(memory: Memory, event: Logged) -> None:
    """What the sums must know of events that are no decisions and no words about one."""
    if event.kind == kinds.EvidenceForgotten.kind:
        _forget(memory, event)
    elif event.kind == kinds.VersionPublished.kind:
        version, recipe = str(event.fields["version"]), str(event.fields["recipe"])
        publish(memory.knows((event.tenant, event.task)).recipes, version, recipe)
        memory.changed.learned.add((event.tenant, event.task))


def _forget(memory: Memory, event: Logged) -> None:
    """Drop what requests of the task were like, from the day of the oldest that was forgotten.

    Which requests those were can't be told apart in sums. From the log as it is now, which doesn't
    hold them any more, the same remains.
    """
    oldest = memory.oldest.get(event.seq)
    if oldest is None:
        return
    task = event.tenant, event.task
    forget(memory.knows(task), event.seq)
    memory.changed.learned.add(task)
    before = memory.changed.forgotten.get(task, oldest)
    memory.changed.forgotten[task] = min(before, oldest)
    for (tenant, name, day), sums in memory.days.items():
        if (tenant, name) == task and day >= oldest:
            sums.slices = Tally()
    for one in (*memory.waiting.values(), *memory.matured.values()):
        if (one.tenant, one.decided.task) == task:
            one.slices = ()


def _count(memory: Memory, one: Waiting, counts: Counts) -> Tally:
    """Count something of a decision; the sums of its task's day."""
    decided = one.decided
    day = day_of(decided.time)
    sums = memory.day((one.tenant, decided.task, day))
    sums.sums.count(kinds_of(decided), counts)
    if one.slices:
        sums.slices.count(one.slices, counts)
    memory.day((*FLEET, day)).sums.count(((RECIPE, decided.recipe or ""),), counts)
    return sums.sums
