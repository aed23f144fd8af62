"""From the log to a published version: training sets, training, the gate, and the workers.

*In*: a task's evidence in the log, and a lease on it. *Out*: a checkpoint in the store and the
event that publishes it, or the event that says why there is none. *Keeps*: nothing; a worker that
dies loses its lease and no more. *Ignores*: requests in flight and how models are served.
Imports `models`, `learners`, `text`, `catalog` and `events`.
"""

from modelfleet.training.diagnosis import Diagnosis
from modelfleet.training.doctor import Doctor
from modelfleet.training.evidence import (
    Example,
    TrainingSet,
    decisions_of,
    example_of,
    read_training_set,
)
from modelfleet.training.opening import OpenVersion, open_version
from modelfleet.training.pinned import PinnedExample, read_pinned
from modelfleet.training.publish import Failed, Kept, Outcome, Published, Trainer
from modelfleet.training.targets import with_targets
from modelfleet.training.worker import Worker

__all__ = [
    "Diagnosis",
    "Doctor",
    "Example",
    "Failed",
    "Kept",
    "OpenVersion",
    "Outcome",
    "PinnedExample",
    "Published",
    "Trainer",
    "TrainingSet",
    "Worker",
    "decisions_of",
    "example_of",
    "open_version",
    "read_pinned",
    "read_training_set",
    "with_targets",
]
