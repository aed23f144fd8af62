"""When a task should be trained: the policy, as pure rules over what happened to the task."""

from typing import Any

import msgspec

from modelfleet.catalog import TaskState
from modelfleet.catalog.task_state import changed, due
from modelfleet.clock import SECOND
from modelfleet.events import Event, Logged, body_of, kinds
from modelfleet.recipe import Policy

POLICY = Policy(
    new_examples=5,
    growth=0.1,
    quiet=2.0,
    patience=10.0,
    relabelling=30.0,
    staleness=3600.0,
    attempts=3,
    backoff=4.0,
)


class Life:
    """A task's state as events come in, at whole seconds."""

    def __init__(self) -> None:
        self.state = TaskState("acme", "team")
        self._seq = 0

    def tell(self, second: float, body: kinds.Body) -> "Life":
        """One event."""
        self._seq += 1
        event = Logged(
            self._seq,
            round(second * SECOND),
            body.kind,
            "acme",
            0,
            f"e{self._seq}",
            "team",
            msgspec.json.decode(msgspec.json.encode(body.fields())),
        )
        read = body_of(Event(event.kind, "acme", 0, event.id, "team", event.fields))
        assert read is not None
        changed(self.state, event, read, POLICY)
        self.state.due = due(self.state, POLICY)
        return self

    def examples(self, *seconds: float) -> "Life":
        """One example at each of these times."""
        for second in seconds:
            self.tell(second, kinds.ExampleGiven("no wifi", "it"))
        return self

    def published(self, second: float, version: str = "v1", **told: Any) -> "Life":  # noqa: ANN401 - a body's fields
        """A version that knows all that was said, unless told otherwise."""
        known = {"watermark": self._seq, "evidence": self.state.evidence} | told
        return self.tell(
            second,
            kinds.VersionPublished(
                version=version,
                recipe="default",
                examples=1,
                labels=1,
                fingerprint="f",
                training_digest="d",
                why="better",
                **known,
            ),
        )

    @property
    def due(self) -> float | None:
        """In seconds."""
        return None if self.state.due is None else self.state.due / SECOND


FAILED = kinds.TrainingFailed(0, "no space left")


def test_a_task_that_nobody_said_anything_about_is_not_trained() -> None:
    assert due(TaskState("acme", "team"), POLICY) is None


def test_labels_alone_need_no_training() -> None:
    assert Life().tell(1, kinds.LabelDefined("it")).due is None


def test_little_evidence_waits_until_it_is_stale() -> None:
    assert Life().examples(5, 6).due == 5 + 3600


def test_evidence_is_waited_for_from_when_it_came_not_from_when_labels_were_defined() -> None:
    life = Life().tell(1, kinds.LabelDefined("it"))
    assert life.examples(9_000).due == 9_000 + 3600
    assert life.examples(9_001, 9_001, 9_001, 9_001).due == 9_001 + 2


def test_enough_evidence_waits_for_a_moment_of_quiet() -> None:
    assert Life().examples(1, 1, 1, 1, 1.5).due == 1.5 + 2


def test_a_stream_of_evidence_does_not_postpone_training_for_ever() -> None:
    assert Life().examples(*range(1, 30)).due == 1 + 10


def test_a_large_training_set_needs_more_evidence() -> None:
    life = Life().examples(*[1] * 100).published(2)
    assert life.due is None
    assert life.examples(*[3] * 9).due == 3 + 3600
    assert life.examples(3).due == 3 + 2


def test_a_changed_label_set_is_trained_on_once_a_version_is_live() -> None:
    life = Life().examples(*[1] * 5).published(2)
    assert life.tell(3, kinds.LabelDefined("new")).due == 3 + 30
    assert life.published(4, "v2").due is None
    assert life.tell(5, kinds.LabelRemoved("new")).due == 5 + 30


def test_what_came_while_training_is_still_to_be_learned() -> None:
    life = Life().examples(*[1] * 5)
    life.examples(2, 2).published(3, watermark=5, evidence=5)
    assert life.state.behind == 2
    assert life.due == 3 + 3600
    life.examples(4, 4, 4)
    assert life.due == 4 + 2


def test_a_version_that_was_kept_counts_as_trained() -> None:
    life = Life().examples(*[1] * 5)
    life.tell(2, kinds.VersionKept(5, 5, "default", "worse"))
    assert life.due is None
    assert life.state.live is None


def test_an_operator_can_have_it_trained_now() -> None:
    life = Life().examples(*[1] * 5).published(2)
    assert life.tell(50, kinds.TrainingRetried()).due == 50
    assert life.published(51, "v2").due is None


def test_failures_back_off_and_then_are_set_aside() -> None:
    life = Life().examples(*[1] * 5)
    assert life.tell(10, FAILED).due == 10 + 4
    assert life.tell(20, FAILED).due == 20 + 8
    assert life.state.error == "no space left"
    assert life.tell(40, FAILED).due is None
    assert life.state.set_aside


def test_a_success_forgets_failures() -> None:
    life = Life().examples(*[1] * 5).tell(10, FAILED).tell(20, FAILED).published(30)
    assert (life.state.failures, life.state.error) == (0, None)


def test_new_evidence_brings_back_what_was_set_aside() -> None:
    life = Life().examples(*[1] * 5).tell(10, FAILED).tell(20, FAILED).tell(40, FAILED)
    life.examples(50)
    assert not life.state.set_aside
    assert life.due is not None
    assert life.due <= 52


def test_an_operator_brings_back_what_was_set_aside() -> None:
    life = Life().examples(*[1] * 5).tell(10, FAILED).tell(20, FAILED).tell(40, FAILED)
    assert life.tell(60, kinds.TrainingRetried()).due == 60


def test_corrections_do_not_postpone_a_retry_for_ever() -> None:
    life = Life().examples(*[1] * 5).tell(10, FAILED)
    for second in range(11, 40):
        life.examples(second)
    assert life.due == 10 + 4


def test_a_pinned_task_is_not_trained_until_it_is_unpinned() -> None:
    life = Life().examples(*[1] * 5).published(2).tell(3, kinds.VersionPinned("v1"))
    life.examples(*[4] * 9)
    assert life.due is None
    assert life.tell(50, kinds.VersionUnpinned()).due is not None


def test_a_version_published_while_pinned_does_not_go_live() -> None:
    life = Life().published(1, "v1").tell(2, kinds.VersionPinned("v1")).published(3, "v2")
    assert life.state.live == "v1"


def test_live_and_previous_follow_publications_and_promotions() -> None:
    life = Life().published(1, "v1").published(2, "v2")
    assert (life.state.live, life.state.previous) == ("v2", "v1")
    life.tell(3, kinds.VersionPromoted("v1"))
    assert (life.state.live, life.state.previous) == ("v1", "v2")
    life.tell(4, kinds.VersionPromoted("v1"))
    assert (life.state.live, life.state.previous) == ("v1", "v2")
