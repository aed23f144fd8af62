"""Fleets that are taught labelled texts and then asked: the platform as its users have it.

Everything goes through the front door: labels and examples are logged, one training is asked for,
and each answer is a decision. A label's only text is its own name.
"""

import json
import logging
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog

from datasets import Pair
from measures import BEST, Answer, Ask, Peer
from modelfleet.clock import HOUR, now
from modelfleet.decisions import Decision, Request
from modelfleet.events import kinds, make
from modelfleet.fleet import Fleet
from modelfleet.replay.names import safe_name
from modelfleet.settings import Settings
from modelfleet.training import Failed, Kept
from world import TASK, patient_recipe

_TOGETHER = 1_000


@contextmanager
def fleet(folder: Path, changes: Mapping[str, object]) -> Iterator[Fleet]:
    """An empty fleet that trains when it is told to, with some values of its recipe changed."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with TemporaryDirectory(dir=folder, prefix="mf-bench-") as made:
        recipe = _changed(patient_recipe(Path(made)), changes)
        settings = Settings(recipe=str(recipe))
        with Fleet(f"{made}/data", settings=settings, train=False, durable=False) as opened:
            yield opened


def learner(opened: Fleet, name: str, labels: Sequence[str]) -> Peer:
    """A new tenant with these labels for each training set, as a peer of those in baselines.py."""

    def peer(learned: Sequence[Pair]) -> Ask:
        tenant = f"{name}-{len(learned)}"
        _teach(opened, tenant, labels, learned)
        return lambda texts: _asked(opened, tenant, labels, texts)

    return peer


def _teach(opened: Fleet, tenant: str, labels: Sequence[str], learned: Sequence[Pair]) -> None:
    """Define labels, give examples, and have the tenant trained if there are any."""
    bodies: list[kinds.Body] = [
        kinds.LabelDefined(safe_name(label), label.replace("_", " ")) for label in labels
    ]
    bodies += [kinds.ExampleGiven(text, safe_name(label)) for text, label in learned]
    if learned:
        bodies.append(kinds.TrainingRetried("benchmark"))
    time = now() - HOUR  # the gate leaves out words that are still fresh
    for start in range(0, len(bodies), _TOGETHER):
        group = bodies[start : start + _TOGETHER]
        opened.import_events([make(body, tenant=tenant, task=TASK, time=time) for body in group])
    for outcome in opened.train_due() if learned else ():
        if isinstance(outcome, Failed):
            raise SystemExit(f"{tenant}: training failed: {outcome.error}")
        if isinstance(outcome, Kept):
            print(f"{tenant}: no version went live: {outcome.why}", file=sys.stderr)


def _asked(opened: Fleet, tenant: str, labels: Sequence[str], texts: Sequence[str]) -> list[Answer]:
    """What a tenant's model decides about each text."""
    original = {safe_name(label): label for label in labels}
    task = opened.task(tenant, TASK)
    decisions: list[Decision] = []
    for start in range(0, len(texts), _TOGETHER):
        decisions += task.decide_many([Request(text) for text in texts[start : start + _TOGETHER]])
    return [_answer(decision, original) for decision in decisions]


def _answer(decision: Decision, original: Mapping[str, str]) -> Answer:
    best = tuple(original[one.label] for one in decision.candidates[:BEST])
    decided = None if decision.label is None else original[decision.label]
    fit = decision.confidence if decision.fit is None else decision.fit
    return Answer(best, decision.confidence, fit, decided)


def _changed(recipe: Path, changes: Mapping[str, object]) -> Path:
    """The recipe's file with other values; plain JSON values are also TOML's."""
    text = recipe.read_text(encoding="utf-8")
    for name, value in changes.items():
        text, found = re.subn(rf"(?m)^{name} = .*$", f"{name} = {json.dumps(value)}", text)
        if found != 1:
            raise SystemExit(f"the recipe has no '{name}'")
    recipe.write_text(text, encoding="utf-8")
    return recipe
