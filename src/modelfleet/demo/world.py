"""The small world: businesses, their teams, what people write to them, and who should answer."""

from collections.abc import Sequence
from importlib.resources import files

import msgspec


class Team(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One team of a business, and the requests that are its own.

    A team that opens mid-way is there from the beginning of ``from_day`` (days count from 1);
    ``before`` answers its requests until then. One that closes is there until the beginning of
    ``until_day``; ``after`` answers them from then on.
    """

    label: str
    name: str
    description: str
    keywords: tuple[str, ...]
    requests: tuple[str, ...]
    from_day: int | None = None
    before: str | None = None
    until_day: int | None = None
    after: str | None = None

    def is_open(self, day: int) -> bool:
        """Whether the team is there on a day."""
        return self.handled_by(day) == self.label

    def handled_by(self, day: int) -> str:
        """The label of the team that should answer this team's requests on a day."""
        if self.from_day is not None and self.before is not None and day < self.from_day:
            return self.before
        if self.until_day is not None and self.after is not None and day >= self.until_day:
            return self.after
        return self.label


class Business(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A tenant of the demo: its trade, its teams, and how people begin and end what they write."""

    tenant: str
    name: str
    trade: str
    requests_per_day: int
    openers: tuple[str, ...]
    closers: tuple[str, ...]
    teams: tuple[Team, ...]

    def open_teams(self, day: int) -> tuple[Team, ...]:
        """The teams that are there on a day."""
        return tuple(team for team in self.teams if team.is_open(day))

    def truth(self, label: str, day: int) -> str:
        """The team that should answer, on a day, the requests written for the team ``label``."""
        (team,) = (team for team in self.teams if team.label == label)
        return team.handled_by(day)


class Changes(msgspec.Struct, frozen=True):
    """The teams of a business that open and close at the beginning of a day."""

    opening: tuple[Team, ...]
    closing: tuple[Team, ...]


def changes(business: Business, day: int) -> Changes:
    """What changes at the beginning of a day; on day 1 all teams that are there open."""
    before = business.open_teams(day - 1) if day > 1 else ()
    today = business.open_teams(day)
    return Changes(
        opening=tuple(team for team in today if team not in before),
        closing=tuple(team for team in before if team not in today),
    )


def load_world() -> Sequence[Business]:
    """All businesses of the world, by tenant."""
    folder = files("modelfleet.demo") / "world"
    found = [file for file in folder.iterdir() if file.name.endswith(".toml")]
    world = [msgspec.toml.decode(file.read_bytes(), type=Business) for file in found]
    return sorted(world, key=lambda business: business.tenant)
