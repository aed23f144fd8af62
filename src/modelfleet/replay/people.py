"""What people say in a replay, as events: a new label when it is first needed, and words."""

from modelfleet.events import Event, kinds, make
from modelfleet.replay.deliveries import Delivery
from modelfleet.replay.names import safe_name


class People:
    """Everything that people have said so far, as far as a replay needs it."""

    def __init__(self, task: str) -> None:
        self._task = task
        self._defined: set[tuple[str, str]] = set()
        self._counts: dict[str, dict[str, int]] = {}
        self._leading: dict[str, str] = {}
        self.originals: dict[str, str] = {}
        """The file's label of each safe name that was defined."""

    def most_frequent(self, tenant: str) -> str | None:
        """The label that people have given most often in a tenant, None before the first."""
        return self._leading.get(tenant)

    def say(self, delivery: Delivery, time: int) -> list[Event]:
        """The events of one person's word, at ``time``."""
        label, tenant = delivery.ticket.label, safe_name(delivery.ticket.tenant)
        decision = delivery.decision
        if label is None:
            return [self._event(tenant, time, kinds.DecisionRefused(decision.id))]
        self._count(delivery.ticket.tenant, label)
        name = safe_name(label)
        events = []
        if (tenant, name) not in self._defined:
            self._defined.add((tenant, name))
            self.originals[name] = label
            shown = "" if name == label else label
            events.append(self._event(tenant, time, kinds.LabelDefined(name, shown)))
        word: kinds.Body = kinds.DecisionReassigned(decision.id, name)
        if decision.label == name:
            word = kinds.DecisionAccepted(decision.id)
        return [*events, self._event(tenant, time, word)]

    def _event(self, tenant: str, time: int, body: kinds.Body) -> Event:
        about = body.label if isinstance(body, kinds.LabelDefined) else body.fields()["decision"]
        return make(
            body, tenant=tenant, task=self._task, time=time, id=f"replay:{body.kind}:{about}"
        )

    def _count(self, tenant: str, label: str) -> None:
        counts = self._counts.setdefault(tenant, {})
        counts[label] = counts.get(label, 0) + 1
        if counts[label] > counts.get(self._leading.get(tenant, ""), 0):
            self._leading[tenant] = label
