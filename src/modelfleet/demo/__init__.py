"""Four weeks of a small world, lived on a fleet of its own within minutes, for all to watch.

*In*: a fleet, the hand-written world (`world/*.toml`), days, seed, and minutes to spend. *Out*: a
table that lives while the world does, and a summary. *Keeps*: the counts of one run. *Ignores*:
how decisions and models come to be; it uses the same verbs as any application, and measures them
against the world's truth, which the fleet never sees. Imports `fleet` and what is below.
"""

from modelfleet.demo.embedded import Training, opened
from modelfleet.demo.show import Plan, console_for, show
from modelfleet.demo.world import Business, Team, load_world

__all__ = ["Business", "Plan", "Team", "Training", "console_for", "load_world", "opened", "show"]
