"""How far back may be asked."""

from modelfleet.errors import InvalidInput

LONGEST_DAYS = 366.0


def check_days(days: float) -> None:
    """The number of days that something is asked of.

    Raises:
        InvalidInput: it isn't positive, or more than a year.
    """
    if not 0 < days <= LONGEST_DAYS:
        raise InvalidInput.at("days", f"must be more than 0 and at most {LONGEST_DAYS:.0f}")
