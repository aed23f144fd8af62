"""What other servers' protocols can be told of a prediction: named columns over the requests."""

from collections.abc import Callable, Sequence
from typing import Any, Literal

import msgspec

from modelfleet.decisions import Decision, Prediction

Datatype = Literal["BYTES", "FP64"]


class Output(msgspec.Struct, frozen=True):
    """A column: one value for each request, or, if ``ranked``, one for each of its best labels."""

    name: str
    datatype: Datatype
    meaning: str
    value: Callable[[Prediction], Any]
    ranked: bool = False

    @property
    def shape(self) -> list[int]:
        """Its dimensions, all of which vary."""
        return [-1, -1] if self.ranked else [-1]

    def column(self, predictions: Sequence[Prediction]) -> list[Any]:
        """A value, or a list of equally many, for each prediction; what is missing is filled up."""
        values = [self.value(one) for one in predictions]
        if not self.ranked:
            return values
        width = max(map(len, values), default=0)
        blank = "" if self.datatype == "BYTES" else 0.0
        return [row + [blank] * (width - len(row)) for row in values]


def _decision(prediction: Prediction) -> str:
    return prediction.id if isinstance(prediction, Decision) else ""


DECISION = "decision"
PROBABILITIES = "probabilities"

OUTPUTS: dict[str, Output] = {
    output.name: output
    for output in (
        Output(
            "label", "BYTES", "the decided label, empty if it abstains", lambda p: p.label or ""
        ),
        Output("probability", "FP64", "of the best label, decided or not", lambda p: p.confidence),
        Output(
            "labels",
            "BYTES",
            "the best labels, the most probable first; empty where there are fewer",
            lambda p: [c.label for c in p.candidates],
            ranked=True,
        ),
        Output(
            PROBABILITIES,
            "FP64",
            "of these labels; 0 where there are fewer",
            lambda p: [c.probability for c in p.candidates],
            ranked=True,
        ),
        Output(
            "reason",
            "BYTES",
            "why it abstains: below_threshold, no_label_fits or no_labels; else empty",
            lambda p: p.reason or "",
        ),
        Output("threshold", "FP64", "the probability that decides", lambda p: p.threshold),
        Output(
            "version",
            "BYTES",
            "the version that answered; empty while the task answers from its labels' texts",
            lambda p: p.version or "",
        ),
        Output(DECISION, "BYTES", "the decision's id, if it was logged: for feedback", _decision),
    )
}
"""By name, in the order in which they are given unless a client chooses."""

SCORES = tuple(output for name, output in OUTPUTS.items() if name != DECISION)
"""What there is of a prediction that wasn't logged."""
