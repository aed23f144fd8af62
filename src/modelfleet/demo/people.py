"""People who write to a business, day by day: the same stream for the same seed."""

from collections.abc import Iterator, Sequence
from zlib import crc32

import msgspec
import numpy as np

from modelfleet.clock import HOUR, MINUTE
from modelfleet.demo.mistyping import mistyped
from modelfleet.demo.world import Business, Team

CHANNELS = ("email", "web form", "chat", "phone note")
OFFICES = ("North", "Riverside", "Old Town", "Harbour", "West Gate", "Station")

_OPENER = 0.25
_CLOSER = 0.25
_RECURS = 0.5
_TYPOS = 0.2
_POPULARITY_SPREAD = 0.4
_BUSIEST_HOUR, _FIRST_HOUR, _LAST_HOUR = 11, 7, 20


class Luck(msgspec.Struct, frozen=True):
    """What an agent will make of the decision about a request, drawn before it is known.

    Attributes:
        accepts: confirms the decision if it is right, and is silent otherwise.
        mistaken: assigns a wrong team if the decision is wrong or missing.
        choice: from 0 to 1, which of the wrong ones.
        probed: the correction is followed up by asking the same request again.
        delay: from the request to what the agent says, in simulated microseconds.
    """

    accepts: bool
    mistaken: bool
    choice: float
    probed: bool
    delay: int


class Visit(msgspec.Struct, frozen=True):
    """One request of one person.

    Attributes:
        tenant: to whom.
        day: of the world, from 1.
        daytime: microseconds since midnight UTC.
        text: what is written.
        metadata: what the business knows of it besides.
        team: label of the team for which it was written by hand.
        again: the hand-written request had been used before.
        luck: what an agent will make of it.
    """

    tenant: str
    day: int
    daytime: int
    text: str
    metadata: dict[str, str]
    team: str
    again: bool
    luck: Luck


def visits(business: Business, days: int, seed: int) -> list[Visit]:
    """All requests that a business gets in so many days."""
    random = np.random.default_rng([seed, crc32(business.tenant.encode())])
    written = _written(business, random)
    offices = [OFFICES[place] for place in random.permutation(len(OFFICES))[:3]]
    found = []
    for day in range(1, days + 1):
        for _ in range(max(1, int(random.poisson(business.requests_per_day)))):
            team, text, again = next(written)
            visit = Visit(
                tenant=business.tenant,
                day=day,
                daytime=_daytime(random),
                text=_worded(text, business, random),
                metadata={"channel": _one(CHANNELS, random), "office": _one(offices, random)},
                team=team,
                again=again,
                luck=_luck(random),
            )
            found.append(visit)
    return found


def _written(business: Business, random: np.random.Generator) -> Iterator[tuple[str, str, bool]]:
    """Team and text of hand-written requests without end, and whether the matter came before.

    Half of what people write is about something that others wrote about already, and what came up
    often comes up again (Simon 1955): a few matters make up much of the mail, most come once. The
    others are new, in a weighted random order (Efraimidis and Spirakis 2006), so that those of
    popular teams come earlier.
    """
    popularity = dict(zip(_labels(business.teams), _popularity(business, random), strict=True))
    requests = [(team.label, text) for team in business.teams for text in team.requests]
    weights = np.array([popularity[label] for label, _ in requests])
    new = list(np.argsort(random.exponential(size=len(requests)) / weights, kind="stable"))
    came: list[int] = []
    while True:
        again = bool(came) and (not new or random.random() < _RECURS)
        place = came[int(random.integers(len(came)))] if again else int(new.pop(0))
        came.append(place)
        yield (*requests[place], again)


def _labels(teams: Sequence[Team]) -> list[str]:
    return [team.label for team in teams]


def _popularity(business: Business, random: np.random.Generator) -> list[float]:
    drawn = random.lognormal(0.0, _POPULARITY_SPREAD, size=len(business.teams))
    return [float(one) for one in drawn]


def _worded(text: str, business: Business, random: np.random.Generator) -> str:
    """A hand-written request as somebody sends it: greeted, signed and mistyped now and then."""
    if random.random() < _TYPOS:
        text = mistyped(text, 1 + int(random.integers(2)), random)
    if random.random() < _OPENER:
        text = f"{_one(business.openers, random)} {text}"
    if random.random() < _CLOSER:
        text = f"{text} {_one(business.closers, random)}"
    return text


def _daytime(random: np.random.Generator) -> int:
    return int(random.triangular(_FIRST_HOUR, _BUSIEST_HOUR, _LAST_HOUR) * HOUR)


def _luck(random: np.random.Generator) -> Luck:
    return Luck(
        accepts=bool(random.random() < 0.3),  # noqa: PLR2004 - three of ten say so
        mistaken=bool(random.random() < 0.05),  # noqa: PLR2004 - one correction of twenty is wrong
        choice=float(random.random()),
        probed=bool(random.random() < 0.1),  # noqa: PLR2004 - one correction of ten is followed up
        delay=int(random.integers(2 * MINUTE, 2 * HOUR)),
    )


def _one(choices: Sequence[str], random: np.random.Generator) -> str:
    return choices[int(random.integers(len(choices)))]
