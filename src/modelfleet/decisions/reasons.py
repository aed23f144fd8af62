"""Why: the words that carried a decision, and the past requests that taught it."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec
import numpy as np

from modelfleet.decisions.decision import Decision, decision_of
from modelfleet.errors import CheckpointUnusable, NotFound, StoreUnavailable
from modelfleet.events import EventLog, Logged, kinds
from modelfleet.events.kinds import EVIDENCE
from modelfleet.events.validation import check_id, check_request, metadata_of
from modelfleet.learners.reasons import Lead, Share, shared_out
from modelfleet.serving import Loader, ModelCache, ServedModel, probable
from modelfleet.text import Features
from modelfleet.training import Example, TrainingSet, decisions_of
from modelfleet.training.evidence import fold

_SHOWN = 10
_TEACHERS = 5
_MOST_COMPARED = 2_000  # examples of the label, the newest

Told = Literal["pinned", "corrected"]


class Teacher(msgspec.Struct, frozen=True):
    """A past request that taught the label.

    Attributes:
        key: names it, to forget it: ``decision:`` or ``example:`` and an id.
        text: of the request.
        by: who gave it the label, if they said.
        time: when, in microseconds.
        similarity: of its features to those of the request that is explained: 1 if equal.
    """

    key: str
    text: str
    by: str | None
    time: int
    similarity: float


class Reasons(msgspec.Struct, frozen=True):
    """Why a request was decided as it was.

    Weights are log odds of the label against the runner-up: 0.7 about doubles them, a negative one
    speaks for the runner-up. Of a label without rival they are against nothing known.

    Attributes:
        decision: its id; None of a request that wasn't decided.
        label: the label that is explained: the best, also where the decision abstained.
        rival: the runner-up; None if there was none.
        version: that the explanation is by; None if label texts alone answered.
        note: in which way that isn't what decided; empty if it is.
        told: set if people had spoken of this very request, whatever its words weigh: they pinned
            it, or gave a request of these words its label.
        lead: the log odds in all.
        start: those before a word was read.
        words: the words, and neighbours that count as a pair, of most weight for and against.
        fields: the same of metadata.
        covered: the part of all weight that the words and fields shown stand for.
        taught: the most similar of the requests that had been given the label.
        label_texts: what the label itself is called, which teaches too.
    """

    decision: str | None
    label: str | None
    rival: str | None
    version: str | None
    note: str = ""
    told: Told | None = None
    lead: float = 0.0
    start: float = 0.0
    words: tuple[Share, ...] = ()
    fields: tuple[Share, ...] = ()
    covered: float = 1.0
    taught: tuple[Teacher, ...] = ()
    label_texts: tuple[str, ...] = ()


class Explainer:
    """Explains decisions with the version that made them, and what was learned on top by then."""

    def __init__(self, log: EventLog, loader: Loader, cache: ModelCache) -> None:
        self._log = log
        self._loader = loader
        self._cache = cache

    def why(self, tenant: str, task: str, decision: str) -> Reasons:
        """Why a decision was made as it was.

        Raises:
            NotFound: this task has made no such decision, or it was forgotten.
        """
        event = self._log.get(tenant, check_id(decision, "decision"))
        if event is None or (event.task, event.kind) != (task, kinds.RequestDecided.kind):
            raise NotFound.at("decision", f"{tenant}/{task} has made none with the id '{decision}'")
        if "forgotten" in event.fields:
            raise NotFound.at("decision", f"the request of '{decision}' was forgotten")
        decided = decision_of(event)
        model, note = self._that_decided(event, decided)
        text, metadata = event.fields["text"], event.fields.get("metadata", {})
        best = [one.label for one in decided.candidates[:2]]
        found = self._reasons(model, text, metadata, best)
        taught = self._taught(event, model, found.label)
        return msgspec.structs.replace(found, decision=decision, note=note, **taught)

    def explain(
        self, tenant: str, task: str, text: str, metadata: Mapping[str, Any] | None = None
    ) -> Reasons:
        """Why a request would be decided as it would be now; nothing is logged.

        Raises:
            InvalidInput: the text or metadata can't be accepted.
        """
        given = metadata_of(metadata)
        check_request(text, given)
        model = self._cache.get(tenant, task)
        (features,) = model.encoder.encode([text], [given])
        best = [one.label for one in probable(model, features, 2)]
        pinned = model.pinned_label(text, given)
        found = self._reasons(model, text, given, [pinned] if pinned else best)
        asked = Logged(2**62, 0, "", tenant, 0, "", task, {"text": text, "metadata": given})
        return msgspec.structs.replace(found, **self._taught(asked, model, found.label))

    def _that_decided(self, event: Logged, decided: Decision) -> tuple[ServedModel, str]:
        """The model that made a decision; or the one that answers now, and why it is that one."""
        try:
            before = event.seq - 1
            return self._loader.as_of(event.tenant, event.task, decided.version, before), ""
        except (CheckpointUnusable, StoreUnavailable) as error:
            model = self._cache.get(event.tenant, event.task)
            answers = model.version or "label texts"
            note = f"{decided.version} decided and is gone; explained by {answers}, live now"
            return model, f"{note} ({error})"

    def _reasons(
        self, model: ServedModel, text: str, metadata: dict[str, Any], best: Sequence[str]
    ) -> Reasons:
        known = [label for label in best if label in model.overlay.labels]
        if not known:
            return Reasons(None, None, None, model.version)
        label, rival = known[0], known[1] if len(known) > 1 else None
        shares = shared_out(text, metadata, model.encoder, _lead(model, label, rival))
        words, fields = shares.words[:_SHOWN], shares.fields[:_SHOWN]
        return Reasons(
            decision=None,
            label=label,
            rival=rival,
            version=model.version,
            told=_told(model, text, metadata, label),
            lead=round(shares.lead, 4),
            start=round(shares.start, 4),
            words=_rounded(words),
            fields=_rounded(fields),
            covered=round(shares.covered((*words, *fields)), 4),
        )

    def _taught(self, asked: Logged, model: ServedModel, label: str | None) -> dict[str, Any]:
        """The examples of a label that were known, nearest first, and the label's own texts."""
        events = self._log.of_task(asked.tenant, asked.task, EVIDENCE, until=asked.seq)
        known = fold(events, decisions_of(self._log, events))
        teachers = _nearest(asked, model, [one for one in known.examples if one.label == label])
        said = {event.seq: event.fields.get("by") for event in events}
        return {
            "taught": tuple(
                Teacher(one.key, one.text, said[one.seq], one.time, round(similarity, 4))
                for one, similarity in teachers
            ),
            "label_texts": _texts(known, label),
        }


def _texts(known: TrainingSet, label: str | None) -> tuple[str, ...]:
    return next((one.texts for one in known.labels if one.label == label), ())


def _lead(model: ServedModel, label: str, rival: str | None) -> Lead:
    """By how many log odds a label leads another, by what was learned of words alone."""
    overlay = msgspec.structs.replace(model.overlay, verdicts={})
    column = overlay.labels.index(label)
    other = None if rival is None else overlay.labels.index(rival)

    def lead(features: Features) -> float:
        (scores,) = overlay.total([features], model.base.scores([features]))
        behind = 0.0 if other is None else scores[other]
        return float(scores[column] - behind) / model.temperature

    return lead


def _told(model: ServedModel, text: str, metadata: dict[str, Any], label: str) -> Told | None:
    if model.pinned_label(text, metadata) == label:
        return "pinned"
    (features,) = model.encoder.encode([text], [metadata])
    return "corrected" if model.overlay.verdict(features) == label else None


def _rounded(shares: Sequence[Share]) -> tuple[Share, ...]:
    return tuple(Share(one.what, round(one.weight, 4)) for one in shares)


def _nearest(
    asked: Logged, model: ServedModel, examples: Sequence[Example]
) -> list[tuple[Example, float]]:
    """The examples whose features have most in common with those of a request."""
    some = examples[-_MOST_COMPARED:]
    texts = [asked.fields["text"], *(one.text for one in some)]
    metadata = [asked.fields.get("metadata", {}), *(one.metadata for one in some)]
    (features, *others) = model.encoder.encode(texts, metadata)
    near = [_similarity(features, other) for other in others]
    order = sorted(range(len(some)), key=lambda row: (-near[row], -some[row].seq))
    return [(some[row], near[row]) for row in order[:_TEACHERS]]


def _similarity(one: Features, other: Features) -> float:
    """The mean of both blocks' cosines."""
    _, mine, theirs = np.intersect1d(one.keys, other.keys, assume_unique=True, return_indices=True)
    sparse = float(one.values[mine] @ other.values[theirs])
    return (float(one.dense @ other.dense) + sparse) / 2
