"""What a recipe's other tasks have shown, as the prior of a training."""

import math

from modelfleet.catalog import Pooled
from modelfleet.learners.operating import Prior
from modelfleet.learners.recommended import PRIOR_TEMPERATURE, PRIOR_TEMPERATURE_EXAMPLES


def prior_of(pooled: Pooled) -> Prior:
    """The prior that counts of other tasks make; without any, what we recommend.

    The temperature is the geometric mean of theirs, weighed by requests, with the recommended one
    among them; it is rounded, so that tasks which are trained close to each other share it.
    """
    weight = PRIOR_TEMPERATURE_EXAMPLES + pooled.requests
    total = PRIOR_TEMPERATURE_EXAMPLES * math.log(PRIOR_TEMPERATURE) + pooled.log_temperature
    return Prior(pooled.requests, round(math.exp(total / weight), 2), pooled.bins)
