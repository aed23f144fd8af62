"""The usual rule, for those who ask for it: precision fell by a share from one week to the next."""

from collections.abc import Sequence

import numpy as np

from modelfleet.clock import DAY, to_datetime
from modelfleet.events import Event, kinds
from modelfleet.monitoring.alarms.gathering import Gathered
from modelfleet.monitoring.alarms.memory import Weeks
from modelfleet.monitoring.alarms.telling import Teller, Whose, name_of
from modelfleet.monitoring.findable import WEEKLY_RULE
from modelfleet.monitoring.matured import Matured
from modelfleet.monitoring.streams import Stream
from modelfleet.monitoring.weekly_rule import Week, WeeklyRule, fell

_WEEK = 7 * DAY


class WeeklyWatch:
    """Asks the rule of each task at the end of each of its weeks."""

    def __init__(self, rule: WeeklyRule) -> None:
        self._rule = rule
        self._teller = Teller()

    @property
    def events(self) -> list[Event]:
        """What is to be logged."""
        return self._teller.events

    def take_in(self, weeks: Weeks, one: Matured, *, wrong: bool) -> None:
        """Take in a decision that was right or wrong."""
        week = one.matured // _WEEK
        if week > weeks.week:
            self._finish(weeks, one)
            followed = week == weeks.week + 1
            weeks.good_before = weeks.good if followed else 0
            weeks.outcomes_before = weeks.outcomes if followed else 0
            weeks.week, weeks.good, weeks.outcomes = week, 0, 0
        weeks.good += not wrong
        weeks.outcomes += 1

    def _finish(self, weeks: Weeks, one: Matured) -> None:
        if min(weeks.outcomes, weeks.outcomes_before) < self._rule.least:
            return
        about = Whose(one.tenant, one.task, one.recipe or "")
        if not self._fell(weeks):
            if weeks.alert:
                why = f"{weeks.good / weeks.outcomes:.0%} of {weeks.outcomes} were right in a week"
                self._teller.over(about, weeks.alert, one.matured, why)
                weeks.alert = ""
        elif not weeks.alert:
            weeks.alert = name_of(about, WEEKLY_RULE, "", one.seq)
            body = _raised(about, weeks, one)
            self._teller.alert(about, body, one.matured, 1)

    def _fell(self, weeks: Weeks) -> bool:
        last = Week(np.array([weeks.good_before]), np.array([weeks.outcomes_before]))
        this = Week(np.array([weeks.good]), np.array([weeks.outcomes]))
        return bool(fell(self._rule, last, this)[0])


def judged(some: Sequence[Matured], gathered: Gathered) -> list[tuple[Matured, bool]]:
    """The decisions that people judged, and whether each was wrong."""
    outcomes = gathered.outcomes
    chosen = np.flatnonzero(outcomes.streams == Stream.PRECISION).tolist()
    return [
        (some[int(gathered.of[element])], bool(outcomes.happened[element])) for element in chosen
    ]


def _raised(about: Whose, weeks: Weeks, one: Matured) -> kinds.AlertRaised:
    before = weeks.good_before / weeks.outcomes_before
    now = weeks.good / weeks.outcomes
    began = to_datetime(weeks.week * _WEEK)
    sentence = (
        f"Decisions of {about.tenant}/{about.task} were right {now:.0%} of the time "
        f"({weeks.good} of {weeks.outcomes}) in the week of {began:%-d %B}, {before:.0%} in the "
        "one before. The usual rule says so, which promises nothing about false alerts."
    )
    return kinds.AlertRaised(
        alert=weeks.alert,
        finding=WEEKLY_RULE,
        sentence=sentence,
        recipe=one.recipe,
        version=one.version,
        expected=round(before, 4),
        observed=round(now, 4),
        events=weeks.outcomes,
    )
