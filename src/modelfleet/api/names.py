"""A model's name in the protocols of other servers: ``{tenant}.{task}``, in one segment of a path.

A dot within the name of a tenant or a task is written twice: task ``team`` of ``acme.eu`` is
``acme..eu.team``. No name holds two dots in a row, so the one run of dots whose length is odd is
where the tenant ends; its other dots, if any, are the tenant's last character.
"""

import re
from functools import lru_cache

from modelfleet.errors import InvalidInput
from modelfleet.events.validation import check_name

_DOTS = re.compile(r"\.+")
_MOST_REMEMBERED = 20_000  # names, some 5 MB of them


def model_name(tenant: str, task: str) -> str:
    """The name of a task's model."""
    return f"{tenant.replace('.', '..')}.{task.replace('.', '..')}"


@lru_cache(_MOST_REMEMBERED)
def task_of(model: str) -> tuple[str, str] | None:
    """The tenant and the task that a model is named after; None if no model has such a name."""
    odd = [run for run in _DOTS.finditer(model) if len(run[0]) % 2]
    if len(odd) != 1:
        return None
    end = odd[0].end()
    tenant = model[: end - 1].replace("..", ".")
    task = model[end:].replace("..", ".")
    try:
        named = check_name(tenant, "tenant"), check_name(task, "task")
    except InvalidInput:
        return None
    return named if model_name(*named) == model else None
