"""From which confidence on a served model decides: the targets, and the thresholds they give."""

from collections.abc import Iterable, Mapping

import msgspec

from modelfleet.events import Logged
from modelfleet.learners.operating import NO_PRIOR, WHOLE_TASK, Curve, Point, Prior, solve
from modelfleet.training import with_targets


class Aiming(msgspec.Struct, frozen=True, eq=False):
    """A value; another target gives another one, without a training.

    Attributes:
        labels: what the curve's columns stand for.
        curve: what the model said of requests that it hadn't seen.
        prior: what the recipe's other tasks had shown.
        usual: the recipe's precision, for a task without one of its own.
        asked: the precisions that people asked for.
        thresholds: the least probabilities at which labels are decided that have a target of their
            own, and all others.
    """

    labels: tuple[str, ...]
    curve: Curve
    prior: Prior
    usual: float
    asked: Mapping[str, float]
    thresholds: Mapping[str, float]

    @classmethod
    def solved(
        cls,
        usual: float,
        asked: Mapping[str, float],
        *,
        labels: tuple[str, ...] = (),
        curve: Curve | None = None,
        prior: Prior = NO_PRIOR,
    ) -> "Aiming":
        """With thresholds for all targets; without a curve, probabilities are trusted."""
        known = Curve.empty() if curve is None else curve
        points = solve(known, labels, {WHOLE_TASK: usual, **asked}, prior)
        thresholds = {name: point.threshold for name, point in points.items()}
        return cls(labels, known, prior, usual, asked, thresholds)

    def after(self, events: Iterable[Logged]) -> "Aiming":
        """After people asked for other precisions, if they did."""
        asked = with_targets(self.asked, events)
        return self if asked == self.asked else self.asking(asked)

    def asking(self, asked: Mapping[str, float]) -> "Aiming":
        """With these precisions asked for instead."""
        return Aiming.solved(
            self.usual, asked, labels=self.labels, curve=self.curve, prior=self.prior
        )

    def points(self) -> dict[str, Point]:
        """What the thresholds of all targets did on held-out requests."""
        targets = {WHOLE_TASK: self.usual, **self.asked}
        points = solve(self.curve, self.labels, targets, self.prior)
        return {
            name: msgspec.structs.replace(point, threshold=self.thresholds[name])
            for name, point in points.items()
        }

    def threshold(self, label: str) -> float:
        """The least probability at which ``label`` is decided."""
        own = self.thresholds.get(label)
        return self.thresholds[WHOLE_TASK] if own is None else own
