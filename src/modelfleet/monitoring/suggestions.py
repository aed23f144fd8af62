"""New labels that requests ask for: groups of requests that no label fits, named by their words."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from hashlib import sha256
from itertools import islice
from typing import Any

import msgspec

from modelfleet.catalog import Catalog
from modelfleet.clock import Clock
from modelfleet.decisions.checks import check_task, known_label
from modelfleet.errors import NotFound
from modelfleet.events import Condition, Event, EventLog, Logged, Query, kinds, make
from modelfleet.events.validation import check_event, check_name, check_text
from modelfleet.monitoring.beginning import beginning
from modelfleet.monitoring.clusters import Cluster, clusters
from modelfleet.monitoring.words import naming_words
from modelfleet.recipe import Recipe
from modelfleet.serving.judging import NO_LABEL_FITS
from modelfleet.text import Encoders, default_encoder

MOST_REQUESTS = 600
"""The newest requests that no label fits which are grouped."""
FEWEST_REQUESTS = 5
"""That make a group."""

_MOST_OTHERS = 1_000
_MOST_KEYWORDS = 5
_IN_A_NAME = 2
_SHOWN = 5
_LONGEST_SHOWN = 400
_REFUSED = kinds.VERDICTS[kinds.DecisionRefused.kind]
_PLACING = (kinds.DecisionReassigned.kind, kinds.DecisionIrrelevant.kind)
_FORM = re.compile(r"(\d{1,18})-([0-9a-f]{12})")


class Suggestion(msgspec.Struct, frozen=True):
    """A label that seems to be missing.

    Attributes:
        suggestion: names it: as of which event of the log, and which it is.
        label: a name for it, free in the task.
        name: the same in words.
        keywords: words that tell its requests from others.
        requests: how many there are.
        likeness: of two of them, on average, from 0 to 1.
        since: when the first was decided, in microseconds.
        decisions: of all of them, the most typical first.
        texts: of the most typical, as people are shown them: their first 400 characters.
    """

    suggestion: str
    label: str
    name: str
    keywords: tuple[str, ...]
    requests: int
    likeness: float
    since: int
    decisions: tuple[str, ...]
    texts: tuple[str, ...]


class Accepted(msgspec.Struct, frozen=True):
    """What accepting a suggestion did: the label, whether it is new, and its new examples."""

    label: str
    defined: bool
    assigned: int
    duplicate: bool


class Naming(msgspec.Struct, frozen=True):
    """What a person calls a suggested label; what is None is as suggested."""

    label: str | None = None
    name: str | None = None
    description: str = ""


class Suggestions:
    """Finds labels that are missing, and defines those that a person accepts.

    Nothing is stored: a suggestion says as of which event it was made, and is made again from the
    log when it is accepted.
    """

    def __init__(
        self, log: EventLog, catalog: Catalog, encoders: Encoders, recipe: Recipe, clock: Clock
    ) -> None:
        self._log = log
        self._catalog = catalog
        self._encoder = encoders.remembering(recipe.learning.encoder)
        self._clock = clock

    def find(self, tenant: str, task: str) -> list[Suggestion]:
        """The labels that seem to be missing, those with the most requests first.

        Raises:
            InvalidInput: a name can't be accepted.
        """
        check_task(tenant, task)
        return self._as_of(tenant, task, self._log.head())

    def accept(
        self, tenant: str, task: str, suggestion: str, naming: Naming, by: str | None = None
    ) -> Accepted:
        """Define a suggested label, and give it its requests as examples; all or nothing.

        Requests about which people have said something else meanwhile are left alone. Done again,
        it changes nothing.

        Raises:
            NotFound: there is no such suggestion.
            InvalidInput: a name can't be accepted.
        """
        check_task(tenant, task)
        found = self._found(tenant, task, suggestion)
        label = check_name(found.label if naming.label is None else naming.label, "label")
        defined = not known_label(label, self._catalog.labels(tenant, task))
        bodies = list(self._assignments(tenant, found, label, by))
        assigned = len(bodies)
        if defined:
            bodies.insert(0, (_id(suggestion, label), _definition(found, label, naming)))
        if not bodies:
            return Accepted(label, defined=False, assigned=0, duplicate=True)
        events = [self._event(tenant, task, id_, body) for id_, body in bodies]
        appended = self._log.append(events)
        return Accepted(label, defined, assigned, all(one.duplicate for one in appended))

    def _found(self, tenant: str, task: str, suggestion: str) -> Suggestion:
        form = _FORM.fullmatch(suggestion) if isinstance(suggestion, str) else None
        if form is not None:
            for one in self._as_of(tenant, task, int(form[1])):
                if one.suggestion == suggestion:
                    return one
        raise NotFound.at("suggestion", f"{tenant}/{task} has none that is called {suggestion!a}")

    def _assignments(
        self, tenant: str, found: Suggestion, label: str, by: str | None
    ) -> Iterator[tuple[str, kinds.Body]]:
        if by is not None:
            check_text(by, "by", most=200)
        for decision in found.decisions:
            outcome = self._catalog.outcome(tenant, decision)
            if outcome is None or outcome.verdict == _REFUSED:
                body = kinds.DecisionReassigned(decision, label, by)
                yield _id(found.suggestion, label, decision), body

    def _event(self, tenant: str, task: str, id_: str, body: kinds.Body) -> Event:
        now = self._clock()
        return check_event(make(body, tenant=tenant, task=task, time=now, id=id_), now)

    def _as_of(self, tenant: str, task: str, seq: int) -> list[Suggestion]:
        """The suggestions that the log's first ``seq`` events give."""
        homeless = self._homeless(tenant, task, seq)
        texts = [event.fields["text"] for event in homeless]
        features = self._encoder.encode(texts, [e.fields.get("metadata", {}) for e in homeless])
        groups = clusters(features, FEWEST_REQUESTS)
        others = self._others(tenant, task, seq) if groups else []
        taken = {label.label for label in self._catalog.labels(tenant, task) if label.seq <= seq}
        found = []
        for group in groups:
            one = _suggestion(group, homeless, others, seq, taken)
            taken.add(one.label)
            found.append(one)
        return found

    def _homeless(self, tenant: str, task: str, seq: int) -> list[Logged]:
        """Requests that no label fits, by the model or by people; oldest first.

        Those that people had given a label by then are at home.
        """
        refused = [
            event.fields["decision"]
            for event in self._said(tenant, task, seq, kinds.DecisionRefused.kind)
        ]
        found = dict(self._log.get_many(tenant, sorted(set(refused))))
        reason = Condition("reason", "=", NO_LABEL_FITS)
        found |= {e.id: e for e in self._said(tenant, task, seq, kinds.RequestDecided.kind, reason)}
        open_ = [e for e in found.values() if e.task == task and "forgotten" not in e.fields]
        at_home = self._at_home(tenant, task, [event.id for event in open_], seq)
        newest = sorted((e for e in open_ if e.id not in at_home), key=lambda event: event.seq)
        return newest[-MOST_REQUESTS:]

    def _at_home(self, tenant: str, task: str, decisions: Sequence[str], seq: int) -> set[str]:
        """The decisions of which people had said by then where they belong, or that nowhere."""
        spoken = self._catalog.outcomes(tenant, decisions)
        return {decision for decision in spoken if self._was_placed(tenant, task, decision, seq)}

    def _was_placed(self, tenant: str, task: str, decision: str, seq: int) -> bool:
        about_it = (Condition("decision", "=", decision),)
        query = Query(tenant=tenant, task=task, kinds=_PLACING, upto=seq, where=about_it)
        return any(self._log.scan(query))

    def _said(
        self, tenant: str, task: str, seq: int, kind: str, *where: Condition
    ) -> Iterator[Logged]:
        query = Query(
            tenant=tenant, task=task, kinds=(kind,), upto=seq, where=where, newest_first=True
        )
        return islice(self._log.scan(query), MOST_REQUESTS)

    def _others(self, tenant: str, task: str, seq: int) -> list[str]:
        """The texts of the newest requests that a label fitted."""
        decided = self._said(tenant, task, seq, kinds.RequestDecided.kind)
        fitted = (event for event in decided if event.fields.get("reason") != NO_LABEL_FITS)
        return [event.fields["text"] for event in islice(fitted, _MOST_OTHERS)]


def _suggestion(
    group: Cluster, homeless: Sequence[Logged], others: Sequence[str], seq: int, taken: set[str]
) -> Suggestion:
    members = [homeless[row] for row in group.rows]
    inside = set(group.rows)
    elsewhere = [e.fields["text"] for row, e in enumerate(homeless) if row not in inside]
    texts = [event.fields["text"] for event in members]
    weights = default_encoder().weights
    words = naming_words(texts, [*others, *elsewhere], weights, _MOST_KEYWORDS)
    digest = sha256("\n".join(sorted(event.id for event in members)).encode()).hexdigest()[:12]
    return Suggestion(
        suggestion=f"{seq}-{digest}",
        label=_free(words, digest, taken),
        name=" ".join(words[:_IN_A_NAME]) or texts[0][:60],
        keywords=tuple(words),
        requests=len(members),
        likeness=round(group.likeness, 3),
        since=min(event.time for event in members),
        decisions=tuple(event.id for event in members),
        texts=tuple(beginning(text, _LONGEST_SHOWN) for text in texts[:_SHOWN]),
    )


def _free(words: Sequence[str], digest: str, taken: set[str]) -> str:
    """A label that the task doesn't have, of the words if they can be written in one."""
    plain = unicodedata.normalize("NFKD", "-".join(words[:_IN_A_NAME]))
    name = re.sub(r"[^a-z0-9-]", "", plain.encode("ascii", "ignore").decode()).strip("-")
    if not name:
        return f"suggested-{digest[:6]}"
    return name[:100] if name[:100] not in taken else f"{name[:100]}-{digest[:6]}"


def _definition(found: Suggestion, label: str, naming: Naming) -> kinds.LabelDefined:
    name = found.name if naming.name is None else naming.name
    return kinds.LabelDefined(label, name, naming.description, found.keywords)


def _id(*parts: Any) -> str:  # noqa: ANN401 - anything that has a text
    """An id for what accepting logs, the same each time."""
    return "suggestion-" + sha256("\n".join(map(str, parts)).encode()).hexdigest()[:24]
