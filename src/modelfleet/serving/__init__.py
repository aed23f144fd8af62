"""Thousands of models in one process: checkpoint + tail, loaded lazily, swapped while serving.

*In*: a tenant and a task; news of what the log holds. *Out*: a `ServedModel`, a value that
answers requests. *Keeps*: models in memory within a byte budget. *Ignores*: HTTP, logging of
decisions, and how versions come to be. Imports `training` (what the tail teaches), `models`,
`learners`, `text`, `catalog` and `events`.
"""

from modelfleet.serving.cache import LOADS, LOADS_FROM_AFAR, ModelCache
from modelfleet.serving.entry import Serving
from modelfleet.serving.follower import Follower
from modelfleet.serving.judging import Judged, Reason, Scored, for_each_kind, judge, probable
from modelfleet.serving.loading import Loader
from modelfleet.serving.routing import Routed, is_trying, route
from modelfleet.serving.served import ServedModel
from modelfleet.serving.swapping import Turns
from modelfleet.serving.warmth import Warmth

__all__ = [
    "LOADS",
    "LOADS_FROM_AFAR",
    "Follower",
    "Judged",
    "Loader",
    "ModelCache",
    "Reason",
    "Routed",
    "Scored",
    "ServedModel",
    "Serving",
    "Turns",
    "Warmth",
    "for_each_kind",
    "is_trying",
    "judge",
    "probable",
    "route",
]
