"""The board: alerts as they are now, and a person's word that one is over."""

import msgspec

from modelfleet.catalog import Alert, Catalog
from modelfleet.clock import Clock
from modelfleet.decisions import Receipt
from modelfleet.errors import Conflict, NotFound
from modelfleet.events import EventLog, kinds, make
from modelfleet.events.validation import check_event, check_id
from modelfleet.monitoring.triage import triaged

_MOST = 1_000
_BY_HAND = "somebody said that it is over"


class AlertBoard:
    """Shows alerts, and ends them through the log."""

    def __init__(self, log: EventLog, catalog: Catalog, clock: Clock) -> None:
        self._log = log
        self._catalog = catalog
        self._clock = clock

    def of_task(self, tenant: str, task: str, *, ended: bool = False) -> list[Alert]:
        """The open alerts of a task, the newest first; with ``ended`` those before as well."""
        return self._catalog.alerts(tenant, task, ended=ended)

    def open(self, limit: int = 100) -> list[Alert]:
        """The open alerts of all tenants, recipes and the fleet, the newest first."""
        return self._catalog.open_alerts(limit)

    def triage(self, limit: int = 100) -> list[Alert]:
        """Of the newest 1,000 open alerts that no other explains the costliest, those first."""
        return triaged(self._catalog.open_alerts(_MOST, muted=False))[:limit]

    def end(
        self,
        tenant: str,
        task: str,
        alert: str,
        said: kinds.AlertEnded,
        id: str | None = None,  # noqa: A002 - its name everywhere
    ) -> Receipt:
        """Take down that an alert of a task (of none: a recipe's or the fleet's) is over.

        Raises:
            InvalidInput: a word or ``id`` can't be accepted.
            NotFound: there is no such alert.
            Conflict: it has ended, or the id was used before for something else.
        """
        self._must_be_open(tenant, task, alert, id)
        now = self._clock()
        body = msgspec.structs.replace(said, alert=alert, why=said.why or _BY_HAND)
        event = check_event(make(body, tenant=tenant, task=task, time=now, id=id), now)
        (appended,) = self._log.append([event])
        return Receipt(appended.event.id, appended.event.seq, appended.duplicate)

    def _must_be_open(self, tenant: str, task: str, alert: str, identity: str | None) -> None:
        """It is, or what ended it is sent again under its id."""
        found = self._catalog.alert(tenant, task, check_id(alert, "alert"))
        if found is None:
            whose = f"{tenant}/{task} has" if task else "the fleet and its recipes have"
            raise NotFound.at("alert", f"{whose} none with the name '{alert}'")
        sent_before = identity is not None and self._log.get(tenant, check_id(identity)) is not None
        if found.ended is not None and not sent_before:
            raise Conflict.at("alert", f"'{alert}' has ended already: {found.why}")
