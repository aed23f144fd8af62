"""Requests are decided here: scored, logged, and answered once that is durable."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Generic, TypeVar

from modelfleet.clock import Clock
from modelfleet.decisions.auditing import drawn
from modelfleet.decisions.checks import check_asked, check_task
from modelfleet.decisions.decision import Asked, Decision, Prediction, Request, decision_of
from modelfleet.decisions.scoring import predictions
from modelfleet.errors import Conflict, NotFound, Outdated
from modelfleet.events import Appended, Event, EventLog, Group, Logged, kinds, make, new_id
from modelfleet.events.event import same_content
from modelfleet.events.kinds import ShadowSaid
from modelfleet.events.log import Tell, settle
from modelfleet.events.validation import check_id
from modelfleet.serving import ModelCache, Routed, ServedModel, Serving, route

T = TypeVar("T")


class Decider:
    """Decides requests, each through the log."""

    def __init__(
        self, log: EventLog, cache: ModelCache, clock: Clock, audit_share: float = 0.0
    ) -> None:
        self._audit_share = audit_share
        self._log = log
        self._cache = cache
        self._clock = clock

    def serving(self, tenant: str, task: str) -> Serving:
        """How this process serves a task; its model is loaded if need be.

        Raises:
            InvalidInput: a name can't be accepted.
        """
        check_task(tenant, task)
        return self._cache.serving(tenant, task)

    def decide(
        self, tenant: str, task: str, requests: Sequence[Request]
    ) -> "Future[list[Decision]]":
        """Decide requests; the answers come when they are durable in the log, in the same order.

        A request whose id was decided before gets the answer that it got then.

        Raises:
            InvalidInput: a name, text, metadata or time can't be accepted; nothing is logged.
            Conflict: an id was used before for another request (or from the future).
            LogUnavailable: the database can't be reached (or from the future).
        """
        check_task(tenant, task)
        now = self._clock()
        for request in requests:
            check_asked(request, now)
        repeated = self._decided_before(tenant, task, requests)
        new = [Asked(tenant, task, one) for one in requests if one.id not in repeated]

        def answers(appended: list[Appended]) -> list[Decision]:
            fresh = iter([decision_of(one.event) for one in appended])
            return [repeated[one.id] if one.id in repeated else next(fresh) for one in requests]

        future: Future[list[Decision]] = Future()
        if new:
            passing = _Passing(self, new, answers, partial(settle, future))
            self._log.hand_over([(_joined(self._scored(new, now)), passing.take)])
        else:
            future.set_result(answers([]))
        return future

    def asked(self, tenant: str, task: str, request: Request) -> Asked:
        """A request that `decide_together` takes, without an id of its own.

        Raises:
            InvalidInput: a name, text, metadata or time can't be accepted.
        """
        check_task(tenant, task)
        check_asked(request, self._clock())
        return Asked(tenant, task, request)

    def decide_together(
        self, asked: Sequence[tuple[Asked, Callable[[Decision | Exception], None]]]
    ) -> None:
        """Decide requests of any tasks, each of which stands alone.

        Each of those who asked is told the decision once it is durable in the log, or why there is
        none, from another thread; see `events.log.Tell`.

        Raises:
            LogUnavailable: the log is closed.
        """
        groups = self._scored([one for one, _ in asked], self._clock())
        self._log.hand_over(
            (group, _Passing(self, [one], _only, tell).take)
            for group, (one, tell) in zip(groups, asked, strict=True)
        )

    def decide_again(self, asked: Sequence[Asked], change: Outdated, tell: Tell) -> None:
        """Decide requests once more, by the labels that there are after ``change``.

        Raises:
            LogUnavailable: the log is closed.
        """
        seen = (change.seq, change.tenant, change.task, kinds.LabelRemoved.kind)
        self._cache.notice([seen])
        self._log.hand_over([(_joined(self._scored(asked, self._clock())), tell)])

    def decision(self, tenant: str, task: str, decision: str) -> tuple[Logged, Decision]:
        """A decision that was made, with the event that records it.

        Raises:
            NotFound: this task has made no such decision.
        """
        check_id(decision, "decision")
        event = self._log.get(tenant, decision)
        if event is None or event.task != task or event.kind != kinds.RequestDecided.kind:
            raise NotFound.at("decision", f"{tenant}/{task} has made none with the id '{decision}'")
        return event, decision_of(event)

    def _scored(self, asked: Sequence[Asked], now: int) -> list[Group]:
        """What is decided of each request."""
        routes = [route(self._cache, one.tenant, one.task, _sticky(one)) for one in asked]
        predicted = predictions([one.answers for one in routes], [one.request for one in asked])
        return [
            Group(
                [self._decided(one, prediction, now, routed)],
                routed.answers.applied,
            )
            for one, prediction, routed in zip(asked, predicted, routes, strict=True)
        ]

    def _decided(self, asked: Asked, prediction: Prediction, now: int, routed: Routed) -> Event:
        request = asked.request
        id_ = new_id() if request.id is None else request.id
        share = max(self._audit_share, routed.audit_share)
        body = kinds.RequestDecided(
            text=request.text,
            metadata=request.metadata,
            label=prediction.label,
            confidence=prediction.confidence,
            candidates=prediction.candidates,
            threshold=prediction.threshold,
            version=prediction.version,
            reason=prediction.reason,
            fit=prediction.fit,
            audit=drawn(asked.tenant, asked.task, id_, share),
            shadow=_shadow_said(routed.shadow, request),
        )
        time = now if request.time is None else request.time
        return make(body, tenant=asked.tenant, task=asked.task, time=time, id=id_)

    def _decided_before(
        self, tenant: str, task: str, requests: Sequence[Request]
    ) -> Mapping[str | None, Decision]:
        """The decisions that were already made under the requests' own ids."""
        named = {request.id: request for request in requests if request.id is not None}
        if not named:
            return {}
        found = self._log.get_many(tenant, sorted(named))
        for id_, event in found.items():
            asked = kinds.RequestDecided(named[id_].text, named[id_].metadata)
            if not same_content(event, make(asked, tenant=tenant, task=task, time=0, id=id_)):
                raise Conflict.at("id", f"'{id_}' was used before for something else")
        return {id_: decision_of(event) for id_, event in found.items()}


class _Passing(Generic[T]):
    """Passes an answer on, once it is logged; decided again if the labels changed just before that.

    So no decision in the log is for a label that was removed before it, whichever server made it.
    """

    __slots__ = ("_answer", "_asked", "_decider", "_tell")

    def __init__(
        self,
        decider: Decider,
        asked: Sequence[Asked],
        answer: Callable[[list[Appended]], T],
        tell: Callable[[T | Exception], None],
    ) -> None:
        self._decider = decider
        self._asked = asked
        self._answer = answer
        self._tell = tell

    def take(self, outcome: list[Appended] | Exception) -> None:
        """Be told what became of the decisions."""
        try:
            if isinstance(outcome, Outdated):
                self._decider.decide_again(self._asked, outcome, self.take)
                return
            answer = outcome if isinstance(outcome, Exception) else self._answer(outcome)
        except Exception as error:  # noqa: BLE001 - handed to whoever waits
            answer = error
        self._tell(answer)


def _sticky(asked: Asked) -> str:
    """What a request has in common with itself when it comes again."""
    return asked.request.text if asked.request.id is None else asked.request.id


def _shadow_said(shadow: ServedModel | None, request: Request) -> ShadowSaid | None:
    """What a version that is only tried out would have answered."""
    if shadow is None or shadow.version is None:
        return None
    (said,) = predictions([shadow], [request], 1)
    return ShadowSaid(shadow.version, said.label, said.confidence, said.reason)


def _joined(groups: Sequence[Group]) -> Group:
    """One group of all; it knows what all of them know."""
    known = [group.known for group in groups if group.known is not None]
    return Group([event for group in groups for event in group.events], min(known, default=None))


def _only(appended: list[Appended]) -> Decision:
    return decision_of(appended[0].event)
