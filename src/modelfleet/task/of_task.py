"""What all verbs of a task stand on: whose it is, and who does what is asked."""

import msgspec

from modelfleet.catalog import Catalog
from modelfleet.decisions import (
    Aims,
    Awaiting,
    Decider,
    Desk,
    Explainer,
    Forgetting,
    PinBoard,
    Steering,
)
from modelfleet.events.validation import check_name
from modelfleet.monitoring import AlertBoard, DriftWatch, Measures, Suggestions
from modelfleet.monitoring.reporting import Reports
from modelfleet.training import Doctor


class Rooms(msgspec.Struct, frozen=True):
    """Who does what a task is asked for."""

    decider: Decider
    desk: Desk
    catalog: Catalog
    explainer: Explainer
    forgetting: Forgetting
    pins: PinBoard
    steering: Steering
    aims: Aims
    doctor: Doctor
    alerts: AlertBoard
    drift_watch: DriftWatch
    suggestions: Suggestions
    measures: Measures
    awaiting: Awaiting
    reports: Reports


class OfTask:
    """One question asked for a tenant.

    Raises:
        InvalidInput: a name can't be accepted.
    """

    def __init__(self, tenant: str, task: str, rooms: Rooms) -> None:
        self.tenant = check_name(tenant, "tenant")
        self.task = check_name(task, "task")
        self._rooms = rooms
