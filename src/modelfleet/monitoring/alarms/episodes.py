"""An alert while it is open: is what it is about over, and did what was done about it help?

From the inception it is known how often things happen when all is well (``usual``, each outcome's
own) and how often since. Each outcome after that speaks for one or the other; the sum of the log
likelihood ratios, never below 0 (Page's CUSUM, 1954), says when it is over. A sum that begins
at the kth outcome must reach log(100 k (1 + log k)^2): while it goes on as bad, any of them ever
gets there with a probability of 2% at most (Ville's inequality for each, and their sum).
"""

import math

import msgspec

from modelfleet.monitoring.alarms.versions import Versions

_ODDS = 100.0
"""For usual, at which an alert is over whose outcomes spoke for it from the first on."""
PATIENCE = 100
"""Outcomes after which an action that hasn't helped by then is given up."""
_LEAST = 1e-4
_LEAST_SHIFT, _MOST_SHIFT = math.log(1.5), math.log(4.0)
"""What was much worse isn't well again by being half as bad."""


class Action(msgspec.Struct, array_like=True):
    """What was done last: its id, what, when (microseconds)."""

    action: str
    what: str
    taken: int


class Episode(msgspec.Struct, array_like=True):
    """An open alert.

    Attributes:
        alert: its name.
        stream: what it is about, a `Stream`.
        field: of a kind of request, with ``value``; empty: of all.
        value: the same.
        recipe: of a recipe's alert.
        usual: the share that was to be expected, where confidence doesn't say it.
        offset: log odds by which this was usually off what confidence says.
        shift: log odds by which it had become worse.
        observed: the share since the inception, as it was told.
        raised: when (microseconds).
        sentence: what was told.
        muted_by: the alert that explains it.
        quiet: whether something is being done about it, so that nobody is told.
        low_trust: whether feedback was too scarce to act on.
        versions: which answered when it was raised.
        precision: what was asked of decisions then.
        confident: whether the surer half of decisions was right.
        tried: what has been done, in order.
        action: what is being tried, None if nothing is.
        evidence: for its being over.
        happened: how often, since it was raised or the last action.
        outcomes: of so many.
        rang: whether the detector rang again since then.
        began: the first decision since it is worse.
        behind: the decision behind which the detector had started anew before that.
        again: how often it was raised again.
        named: whether it was raised again to name the kind of request that is behind it.
        before: outcomes until the evidence was last 0.
        happened_before: how often it happened in those.
    """

    alert: str
    stream: int
    field: str
    value: str
    recipe: str
    usual: float | None
    offset: float
    shift: float
    observed: float
    raised: int
    sentence: str
    muted_by: str | None = None
    quiet: bool = False
    low_trust: bool = False
    versions: Versions = Versions()
    precision: float = 0.9
    confident: bool = False
    tried: list[str] = []
    action: Action | None = None
    evidence: float = 0.0
    happened: int = 0
    outcomes: int = 0
    rang: bool = False
    began: int = 0
    behind: int = 0
    again: int = 0
    named: bool = False
    before: int = 0
    happened_before: int = 0

    @property
    def kind(self) -> tuple[int, str, str]:
        """What it is about; there is one open alert of each."""
        return self.stream, self.field, self.value

    @property
    def over(self) -> bool:
        """Whether what it is about is over."""
        first = self.before + 1
        return self.evidence >= math.log(_ODDS * first * (1 + math.log(first)) ** 2)

    @property
    def lately(self) -> tuple[int, int]:
        """How often it happened, and in how many outcomes, since these speak for usual."""
        return self.happened - self.happened_before, self.outcomes - self.before

    @property
    def given_up(self) -> bool:
        """Whether what was done about it hasn't helped, or there is something better to do now."""
        if self.action is None:
            return self.rang and self.versions.before is not None and "roll_back" not in self.tried
        return self.rang or self.outcomes >= PATIENCE

    def counts(self, decided: int) -> bool:
        """Whether a decision says anything: those before an action was taken can't show its effect.

        ``decided`` is when it was made, in microseconds.
        """
        return decided > (self.raised if self.action is None else self.action.taken)

    def take_in(self, happened: bool, stated: float) -> None:  # noqa: FBT001 - a value, no switch
        """Take in an outcome after the alert, and the probability of it that was stated."""
        said = _inside(stated if self.usual is None else self.usual)
        offset = self.offset if self.usual is None else 0.0
        log_odds = math.log(said) - math.log1p(-said) + offset
        well = _inside(_logistic(log_odds))
        shift = min(max(self.shift, _LEAST_SHIFT), _MOST_SHIFT)
        badly = _inside(_logistic(log_odds + shift))
        ratio = well / badly if happened else (1 - well) / (1 - badly)
        self.evidence = max(0.0, self.evidence + math.log(ratio))
        self.happened += happened
        self.outcomes += 1
        if not self.evidence:
            self.before, self.happened_before = self.outcomes, self.happened

    def begin(self, action: Action | None) -> None:
        """From now on it is asked whether this helped."""
        self.action = action
        if action is not None:
            self.tried = [*self.tried, action.what]
        self.evidence, self.happened, self.outcomes, self.rang = 0.0, 0, 0, False
        self.before = self.happened_before = 0


def log_odds_between(usual: float, observed: float) -> float:
    """By how many log odds one share is above another."""
    one, other = _inside(observed), _inside(usual)
    return math.log(one / (1 - one)) - math.log(other / (1 - other))


def _inside(share: float) -> float:
    return min(max(share, _LEAST), 1 - _LEAST)


def _logistic(log_odds: float) -> float:
    return 1 / (1 + math.exp(-log_odds))
