"""The beginning of a text, where people are shown what may be of any length."""


def beginning(text: str, most: int) -> str:
    """A text of at most so many characters: with an ellipsis, if that isn't all of it."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
