"""The search for kinds of requests that nobody named, when somebody asks for it."""

from modelfleet.clock import DAY
from modelfleet.events import Database, Query, kinds, statements
from modelfleet.monitoring.alarms.biased import MOST_REQUESTS, Bias, biases_of
from modelfleet.monitoring.alarms.history import past_of_requests
from modelfleet.monitoring.discovery import Search
from modelfleet.monitoring.last_days import check_days


def search_biases(database: Database, now: int, days: float) -> list[Bias]:
    """The kinds of requests of the last days that are worse than the rest, the surest first.

    Found in one half of the requests and confirmed in the other: any is named falsely at most once
    in a hundred searches (see `discovery`). It costs seconds, however many tenants there are.

    Raises:
        InvalidInput: the number of days can't be accepted.
    """
    check_days(days)
    decided = Query(
        kinds=(kinds.RequestDecided.kind,), since=now - round(days * DAY), newest_first=True
    )
    with database.snapshot() as connection:
        asked = statements.found(connection, decided, None, MOST_REQUESTS)[::-1]
        past = past_of_requests(connection, asked, now)
    return biases_of(past, Search())
