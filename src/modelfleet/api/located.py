"""Which of several things sent together is the one that can't be accepted."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from modelfleet.errors import Fault, InvalidInput

T = TypeVar("T")


@contextmanager
def located(items: Sequence[T], check: Callable[[T], object], where: str) -> Iterator[None]:
    """Have an error about one of ``items`` name it, as in ``requests[3].text``.

    The rooms below check all and say what is wrong; only if something is, each is checked again.

    Raises:
        InvalidInput: what was raised within, with its place.
    """
    try:
        yield
    except InvalidInput as error:
        for index, item in enumerate(items):
            faults = _faults(item, check)
            if faults:
                place = f"{where}[{index}]"
                raise InvalidInput(
                    *(Fault(f"{place}.{fault.field}", fault.message) for fault in faults)
                ) from error
        raise


def _faults(item: T, check: Callable[[T], object]) -> tuple[Fault, ...]:
    try:
        check(item)
    except InvalidInput as error:
        return error.faults
    return ()
