"""Which of several things sent together is the one that can't be accepted."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from modelfleet.errors import Fault, InvalidInput

T = TypeVar("T")


@contextmanager
def located(
    items: Sequence[T], check: Callable[[T], object], where: str | Callable[[int, str], str]
) -> Iterator[None]:
    """Have an error about one of ``items`` name it, as in ``requests[3].text``.

    ``where`` is the list's name; or says, by an item's number and field, what clients call that.

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
                named = [_place(where, index, fault.field) for fault in faults]
                raise InvalidInput(
                    *(Fault(name, one.message) for name, one in zip(named, faults, strict=True))
                ) from error
        raise


def _place(where: str | Callable[[int, str], str], index: int, field: str) -> str:
    return f"{where}[{index}].{field}" if isinstance(where, str) else where(index, field)


def _faults(item: T, check: Callable[[T], object]) -> tuple[Fault, ...]:
    try:
        check(item)
    except InvalidInput as error:
        return error.faults
    return ()
