"""Figures as people read them."""

_NOTHING = "-"


def percent(share: float | None) -> str:
    """``0.914`` as ``91%``; a dash for nothing."""
    return _NOTHING if share is None else f"{share:.0%}"


def milliseconds(seconds: float | None) -> str:
    """Seconds as milliseconds, to two digits; a dash for nothing."""
    if seconds is None:
        return _NOTHING
    value = seconds * 1000
    return f"{value:.1f} ms" if value < 10 else f"{value:,.0f} ms"  # noqa: PLR2004 - two digits


def named(count: int, one: str, many: str = "") -> str:
    """``3 models``, ``1 model``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
