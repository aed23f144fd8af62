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
from modelfleet.monitoring.delays import note, waits
from modelfleet.monitoring.learned import Learned, forget, publish
from modelfleet.monitoring.matured import Matured
from modelfleet.monitoring.memory import FLEET, Memory, Moment
from modelfleet.monitoring.sums import RECIPE, add_to, count_pair, day_of, kinds_of

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
        _count(memory, one, one.decided, of_outcome(one.decided, one.words))
        _count_pair(memory, one, one.words)
        slices = ("label", one.decided.label or ""), *slicing.of_time(one.decided.time), *one.slices
        happened.append(matured(one, slices))


def _decide(memory: Memory, event: Logged, now: int) -> None:
    learned = memory.knows(event.tenant, event.task)
    decided = decided_of(event, learned.recipes)
    if "forgotten" not in event.fields:
        metadata = event.fields.get("metadata") or {}
        if metadata and slicing.learn(learned.fields, metadata, event.seq):
            memory.changed.learned.add((event.tenant, event.task))
    due = now + waits(learned.delays, memory.knows(*FLEET).delays)
    one = Waiting(event.tenant, event.id, due, decided, Words(), slices_of(learned, event))
    memory.await_words(one, known=False)
    _count(memory, one, decided, of_decision(decided))


def slices_of(learned: Learned, event: Logged) -> Slices:
    """What kind of request was decided; nothing if it came before something was forgotten."""
    fields = event.fields
    if "forgotten" in fields or event.seq <= learned.forgotten:
        return ()
    metadata = fields.get("metadata") or {}
    return (
        *slicing.of_text(fields["text"]),
        *slicing.of_metadata(learned.fields, metadata, event.seq),
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
    for task in ((event.tenant, event.task), FLEET):
        note(memory.knows(*task).delays, event.logged - decided.time)
        memory.changed.learned.add(task)


def _correct(memory: Memory, one: Waiting, before: Words) -> None:
    """Something was said of a decision that had matured: the sums change, its outcome doesn't."""
    old, new = of_outcome(one.decided, before), of_outcome(one.decided, one.words)
    _count(memory, one, one.decided, difference(new, old) | {LATE: 1})
    _count_pair(memory, one, before, -1)
    _count_pair(memory, one, one.words)


def _note(memory: Memory, event: Logged) -> None:
    """What the sums must know of events that are no decisions and no words about one."""
    if event.kind == kinds.EvidenceForgotten.kind:
        _forget(memory, event)
    elif event.kind == kinds.VersionPublished.kind:
        version, recipe = str(event.fields["version"]), str(event.fields["recipe"])
        publish(memory.knows(event.tenant, event.task).recipes, version, recipe)
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
    forget(memory.knows(*task), event.seq)
    memory.changed.learned.add(task)
    before = memory.changed.forgotten.get(task, oldest)
    memory.changed.forgotten[task] = min(before, oldest)
    for (tenant, name, day), sums in memory.days.items():
        if (tenant, name) == task and day >= oldest:
            sums.slices = {}
    for one in (*memory.waiting.values(), *memory.matured.values()):
        if (one.tenant, one.decided.task) == task:
            one.slices = ()


def _count(memory: Memory, one: Waiting, decided: Decided, counts: Counts) -> None:
    day = day_of(decided.time)
    sums = memory.day((one.tenant, decided.task, day))
    add_to(sums.sums, kinds_of(decided), counts)
    add_to(sums.slices, one.slices, counts)
    fleet = memory.day((*FLEET, day))
    add_to(fleet.sums, ((RECIPE, decided.recipe or ""),), counts)


def _count_pair(memory: Memory, one: Waiting, words: Words, change: int = 1) -> None:
    sums = memory.day((one.tenant, one.decided.task, day_of(one.decided.time)))
    count_pair(sums.sums, one.decided, words, change)
