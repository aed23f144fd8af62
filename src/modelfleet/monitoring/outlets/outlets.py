"""The outlets that settings name: told, tried, and how they are."""

from contextlib import closing

import msgspec

from modelfleet.clock import Clock
from modelfleet.events import Database, EventLog
from modelfleet.monitoring.outlets.notice import trial
from modelfleet.monitoring.outlets.notifier import Notifier
from modelfleet.monitoring.outlets.opening import open_outlets, shown_outlets
from modelfleet.monitoring.outlets.outlet import Answer
from modelfleet.monitoring.outlets.positions import OutletState, Positions
from modelfleet.settings import Settings


class Outlets:
    """All outlets of a fleet; connections are made when one is told."""

    def __init__(self, database: Database, log: EventLog, settings: Settings, clock: Clock) -> None:
        self._log = log
        self._settings = settings
        self._clock = clock
        self._positions = Positions(database)

    def notifiers(self) -> list[Notifier]:
        """One for each outlet; `run` closes the outlet at its end."""
        outlets = open_outlets(self._settings, self._clock)
        return [Notifier(self._log, self._positions, one, self._clock) for one in outlets]

    def tell_due(self) -> None:
        """Tell each outlet what is due now, as far as it takes it."""
        for notifier in self.notifiers():
            with closing(notifier.outlet):
                while notifier.step():
                    pass

    def try_each(self) -> list[tuple[str, Answer]]:
        """Tell each outlet of an alert that is none; what each answers."""
        notice = trial(self._clock())
        answers = []
        for outlet in open_outlets(self._settings, self._clock):
            with closing(outlet):
                answers.append((outlet.shown, outlet.tell([notice])))
        return answers

    def states(self) -> list[OutletState]:
        """Whether each outlet that was ever told of alerts can be told now."""
        shown = shown_outlets(self._settings)
        return [
            msgspec.structs.replace(one, outlet=shown.get(one.outlet, one.outlet))
            for one in self._positions.states()
        ]
