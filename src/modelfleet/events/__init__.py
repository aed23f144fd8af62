"""The log of everything that happens: the platform's truth.

*In*: events, from any number of threads and processes. *Out*: the same events in one order, by
position, by task, or by any of their fields. *Keeps*: one table of events and an index of their
terms, in SQLite or PostgreSQL. *Ignores*: what the events mean; whoever folds them is told within
the append's transaction. Imports nothing of modelfleet but errors and the clock.
"""

from modelfleet.events.database import Database
from modelfleet.events.event import Appended, Event, Group, Logged, body_of, make, new_id
from modelfleet.events.log import EventLog
from modelfleet.events.query import Condition, Query, parse_condition
from modelfleet.events.wake import Wake, open_wake

__all__ = [
    "Appended",
    "Condition",
    "Database",
    "Event",
    "EventLog",
    "Group",
    "Logged",
    "Query",
    "Wake",
    "body_of",
    "make",
    "new_id",
    "open_wake",
    "parse_condition",
]
