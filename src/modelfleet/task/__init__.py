"""One task's verbs, for whoever uses the platform as a library.

*In*: a tenant, a task, and what is asked of it. *Out*: answers and receipts of the rooms that do
it. *Keeps*: nothing. *Ignores*: which database and store there are. Imports the rooms below it.
"""

from modelfleet.task.of_task import Rooms
from modelfleet.task.task import Task

__all__ = ["Rooms", "Task"]
