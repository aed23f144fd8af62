"""What the log adds up to: tenants, tasks, labels, outcomes, versions, keys, and who is behind.

*In*: committed events, within the append's own transaction. *Out*: the state of one task or of
the fleet at the cost of a look-up; leases on tasks that are to be trained. *Keeps*: tables that
`rebuild` can derive from the log at any time, and the queue of training. *Ignores*: texts, models
and how they are made. Imports `events`, and the recipe for its policy.
"""

from modelfleet.catalog.alerts import Action, Alert
from modelfleet.catalog.catalog import Catalog, FleetSums, Key, Label, Outcome, Version
from modelfleet.catalog.fold import CatalogFold
from modelfleet.catalog.keys import digest_of
from modelfleet.catalog.made_by import MadeBy, Move
from modelfleet.catalog.migrate import migrate
from modelfleet.catalog.pooled import Pooled
from modelfleet.catalog.queue import Lease, Queue
from modelfleet.catalog.rebuild import rebuild
from modelfleet.catalog.task_state import ALIASES, TRIED, TaskState

__all__ = [
    "ALIASES",
    "TRIED",
    "Action",
    "Alert",
    "Catalog",
    "CatalogFold",
    "FleetSums",
    "Key",
    "Label",
    "Lease",
    "MadeBy",
    "Move",
    "Outcome",
    "Pooled",
    "Queue",
    "TaskState",
    "Version",
    "digest_of",
    "migrate",
    "rebuild",
]
