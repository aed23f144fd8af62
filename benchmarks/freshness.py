"""How soon the platform knows what it was told: corrections, new tenants, new versions.

* On the same server: a request is decided, corrected, and sent again as the very next request. It
  knows when its best candidate is the label that the person gave, which the first answer's wasn't.
* On another server: the same, but asked of a second `modelfleet serve` of the same database, again
  and again, from the moment the correction was acknowledged until it knows. The time includes
  that asking: each answer is a decision like any other, durable in the log.
* A new tenant: five labels are described; then its first request, timed. No example, no training.
* New versions at 1,000 tenants, all trained before, with `modelfleet train --workers 2`: a task
  gets a few new examples and somebody asks for its training, one task after another while the
  rest is idle, then all tasks in one go. Timed from the acknowledged event to the event that made
  the new version live; tasks whose gate kept the live version are counted apart.
"""

import time
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from machine import measured
from modelfleet.clock import SECOND, now
from modelfleet.events import EventLog, Logged, kinds, make, new_id
from modelfleet.fleet import Fleet
from modelfleet.settings import Settings
from places import Fresh, servers
from report import (
    Figure,
    at_least,
    at_most,
    chosen_databases,
    databases,
    parser,
    percentile,
    show,
)
from running import Http, server, workers
from world import TASK, Tenant, fill, tenants

_EXAMPLES = 20
_NEW_EXAMPLES = 5
_LONGEST = 20.0
_BETWEEN_ASKS = 0.002
_ENDS = (kinds.VersionPublished.kind, kinds.VersionKept.kind, kinds.TrainingFailed.kind)


class Correction(msgspec.Struct, frozen=True):
    """A request that was corrected: where, its text, and the label that a person gave."""

    path: str
    body: dict[str, Any]
    label: str

    def known_by(self, http: Http) -> bool:
        """Whether a server's next decision knows it."""
        return _best(http.call("POST", self.path, self.body)) == self.label


def corrected(http: Http, made: Sequence[Tenant], count: int) -> Iterator[Correction]:
    """Correct one decision after another; each comes as soon as it is acknowledged."""
    for number in range(count):
        tenant = made[number % len(made)]
        text, _ = tenant.held_out[(number // len(made)) % len(tenant.held_out)]
        path = f"/api/tenants/{tenant.name}/tasks/{TASK}/decisions"
        body = {"text": text, "metadata": {"ticket": f"t-{number}"}}
        decision = http.call("POST", path, body)
        others = [one.label for one in tenant.labels if one.label != _best(decision)]
        correction = Correction(path, body, others[number % len(others)])
        said = {"verdict": "reassigned", "label": correction.label, "by": "benchmark"}
        http.call("POST", f"{path}/{decision['id']}/feedback", said)
        yield correction


def on_same_server(http: Http, made: Sequence[Tenant], count: int) -> list[Figure]:
    """The share of corrections that the very next request knew."""
    known = sum(correction.known_by(http) for correction in corrected(http, made, count))
    return [
        Figure(
            f"same server: known by the very next request, of {count}",
            known / count,
            "%",
            None,
            at_least(1.0),
        )
    ]


def on_other_server(http: Http, other: Http, made: Sequence[Tenant], count: int) -> list[Figure]:
    """The time until another server knew a correction."""
    for tenant in made:  # so that it has their models in memory
        other.call("POST", f"/api/tenants/{tenant.name}/tasks/{TASK}/decisions", {"text": "hello"})
    taken = []
    for correction in corrected(http, made, count):
        begun = time.perf_counter()
        while not correction.known_by(other) and time.perf_counter() - begun < _LONGEST:
            time.sleep(_BETWEEN_ASKS)
        taken.append(time.perf_counter() - begun)
    target = at_most(1.0, absolute=True)
    return [
        Figure(f"another server: p50 of {count}", percentile(taken, 0.5), "s"),
        Figure("  p99", percentile(taken, 0.99), "s", None, target),
        Figure(f"  not within {_LONGEST:.0f} s", sum(one >= _LONGEST for one in taken)),
    ]


def of_new_tenants(http: Http, made: Sequence[Tenant], count: int) -> list[Figure]:
    """The time of a new tenant's first request."""
    taken = []
    for number in range(count):
        like = made[number % len(made)]
        task = f"/api/tenants/new-{number:04d}/tasks/{TASK}"
        for one in like.labels:
            body = {"name": one.name, "description": one.description, "keywords": one.keywords}
            http.call("PUT", f"{task}/labels/{one.label}", body)
        begun = time.perf_counter()
        http.call("POST", f"{task}/decisions", {"text": like.held_out[0][0]})
        taken.append((time.perf_counter() - begun) * 1000)
    target = at_most(100.0, absolute=True)
    return [
        Figure(f"a new tenant's first request, p50 of {count}", percentile(taken, 0.5), "ms"),
        Figure("  p99", percentile(taken, 0.99), "ms", None, target),
    ]


def corrections_and_tenants(fresh: Fresh, made: Sequence[Tenant], count: int) -> list[Figure]:
    """What two servers of one database know how soon; nothing is trained meanwhile."""
    url, store = fresh()
    with Fleet(url, settings=Settings(store=str(store)), train=False) as fleet:
        fill(fleet, made)
    with server(url, store) as one, server(url, store) as other:
        http = Http(one)
        return [
            *on_same_server(http, made, count),
            *on_other_server(http, Http(other), made, count),
            *of_new_tenants(http, made, count),
        ]


def new_versions(fresh: Fresh, made: Sequence[Tenant], singles: int) -> list[Figure]:
    """The time until a task that was told to train had a new version."""
    url, store = fresh()
    with Fleet(url, settings=Settings(store=str(store)), train=False) as fleet:
        fill(fleet, made)
        with workers(url, store, 2):
            _live_after(fleet.log, 1, len(made))
            one_by_one: dict[str, float] = {}
            for tenant in made[:singles]:
                begun = _told_to_train(fleet, [tenant])
                one_by_one |= _live_after(fleet.log, begun, 1)
            begun = _told_to_train(fleet, made)
            together = _live_after(fleet.log, begun, len(made))
    target = at_most(10.0, absolute=True)
    rows = []
    for what, asked, times in (
        ("one task at a time", singles, one_by_one),
        (f"all {len(made):,} tasks at once", len(made), together),
    ):
        taken = list(times.values())
        rows += [
            Figure(f"retrain, {what}: p50", percentile(taken, 0.5), "s", None, target),
            Figure("  p99", percentile(taken, 0.99), "s"),
            Figure("  gate kept the live version", asked - len(taken)),
        ]
    return rows


def _told_to_train(fleet: Fleet, made: Sequence[Tenant]) -> int:
    """Give each tenant new examples and ask for its training; the position behind both."""
    time_ = now()
    events: list[tuple[str, kinds.Body]] = []
    for tenant in made:
        for text, label in tenant.held_out[:_NEW_EXAMPLES]:
            events.append((tenant.name, kinds.ExampleGiven(f"{text} {new_id()}", label)))
        events.append((tenant.name, kinds.TrainingRetried("benchmark")))
    fleet.import_events(make(body, tenant=name, task=TASK, time=time_) for name, body in events)
    return fleet.log.head()


def _live_after(log: EventLog, position: int, count: int) -> dict[str, float]:
    """Seconds from the event at a position until each of ``count`` tasks had a new version."""
    begun = log.read(position - 1, 1)[0].logged
    ended: dict[str, Logged] = {}
    after = position
    end = time.monotonic() + 300.0
    while len(ended) < count and time.monotonic() < end:
        for event in log.read(after):
            after = event.seq
            if event.kind in _ENDS:
                ended.setdefault(event.tenant, event)
        time.sleep(0.02)
    if len(ended) < count:
        raise SystemExit(f"only {len(ended)} of {count} trainings ended within 300 s")
    return {
        tenant: (event.logged - begun) / SECOND
        for tenant, event in ended.items()
        if event.kind == kinds.VersionPublished.kind
    }


def _best(decision: dict[str, Any]) -> str | None:
    candidates = decision["candidates"]
    return str(candidates[0]["label"]) if candidates else None


def main() -> None:
    """Measure both databases and print a table for each."""
    arguments = parser(__doc__)
    databases(arguments)
    arguments.add_argument("--count", type=int, default=200, help="corrections, new tenants")
    arguments.add_argument("--tenants", type=int, default=1_000, help="of the retraining")
    arguments.add_argument("--singles", type=int, default=50, help="retrained one at a time")
    asked = arguments.parse_args()
    parts = {"loop", "fsync"}
    yardstick = measured(asked.folder, parts, quick=asked.quick, file=asked.markdown)
    made = list(tenants(asked.tenants, examples=_EXAMPLES))
    for database, fresh in servers(chosen_databases(asked), asked.folder):
        rows = corrections_and_tenants(fresh, made[:50], asked.count)
        rows += new_versions(fresh, made, asked.singles)
        title = f"{database}: from telling to knowing, {asked.tenants:,} tenants"
        show(title, rows, yardstick.loops(), asked.markdown)


if __name__ == "__main__":
    main()
