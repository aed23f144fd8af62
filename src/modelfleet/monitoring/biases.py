"""The search for kinds of requests that nobody named, when somebody asks for it."""

from modelfleet.clock import DAY
from modelfleet.events import Database, statements
from modelfleet.monitoring.alarms.biased import Bias, biases_of, newest_requests
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
    with database.snapshot() as connection:
        head = statements.head(connection)
        requests = newest_requests(connection, head, now - round(days * DAY))
        past = past_of_requests(connection, requests, now)
    return biases_of(past, Search())
