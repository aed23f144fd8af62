"""Features and labels to scores: from label texts, from examples, from one correction.

*In*: `Features`, labels, weights, corrections in the order in which they happened.
*Out*: a `Model` of plain arrays, an `Overlay` of corrections on top of one, and the
temperature and threshold that turn scores into a decision.
*Keeps*: nothing; every function is pure, and gives the same bits for the same input.
*Ignores*: tenants, tasks, events, files, and where a text came from.
"""

from modelfleet.learners.linear import LinearModel
from modelfleet.learners.mira import Overlay
from modelfleet.learners.model import Model, Studied, check_learner, opened, study

__all__ = ["LinearModel", "Model", "Overlay", "Studied", "check_learner", "opened", "study"]
