"""The world's calendar: simulated days that end at a given moment, none of it in the future."""

from datetime import date

import msgspec

from modelfleet.clock import DAY, to_datetime


class Calendar(msgspec.Struct, frozen=True):
    """So many days of 24 hours, the last of which ends at ``end`` (microseconds)."""

    days: int
    end: int

    def begins(self, day: int) -> int:
        """When a day begins; days count from 1."""
        return self.end - (self.days - day + 1) * DAY

    def moment(self, day: int, daytime: int) -> int:
        """The moment within a day at which the clocks show ``daytime`` (since midnight UTC)."""
        begins = self.begins(day)
        return begins + (daytime - begins) % DAY

    def later(self, day: int, moment: int, delay: int) -> int:
        """Some time after a moment, but still within the day."""
        return min(moment + delay, self.begins(day) + DAY - 1)

    def date(self, day: int) -> date:
        """The date on which a day begins."""
        return to_datetime(self.begins(day)).date()
