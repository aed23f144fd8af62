"""The precisions that people asked for, as of a place in the log."""

from collections.abc import Iterable, Mapping

from modelfleet.events import Logged, body_of, kinds
from modelfleet.learners.operating import WHOLE_TASK


def with_targets(before: Mapping[str, float], events: Iterable[Logged]) -> dict[str, float]:
    """The targets after some more events: of labels by their names, of the task by `WHOLE_TASK`.

    Those that follow the recipe aren't among them; one of a removed label rests until it returns.
    """
    targets = dict(before)
    for event in events:
        body = body_of(event) if event.kind == kinds.TargetSet.kind else None
        if isinstance(body, kinds.TargetSet):
            name = WHOLE_TASK if body.label is None else body.label
            targets.pop(name, None)
            if body.precision is not None:
                targets[name] = float(body.precision)
    return targets
