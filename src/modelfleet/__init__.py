"""A model for every customer, trained and served with no one's hands.

`Fleet` is the library's front door; `Client` speaks the same verbs to a server.
"""

from modelfleet.client import Client
from modelfleet.decisions import Decision, Example, Feedback, Receipt, Request
from modelfleet.fleet import Fleet
from modelfleet.task import Task

__all__ = ["Client", "Decision", "Example", "Feedback", "Fleet", "Receipt", "Request", "Task"]
