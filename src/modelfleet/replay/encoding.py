"""Whether a file of text is UTF-8; one that isn't is refused as a whole, with the way out."""

import codecs
import re
from collections.abc import Iterable
from pathlib import Path

from modelfleet.errors import InvalidInput

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_UNDECODED = re.compile("[\udc80-\udcff]")


def check_encoding(lines: Iterable[bytes], path: Path) -> None:
    """Look through a file before its rows are taken.

    A broken line among good ones is left to whoever reads the rows. Text in another encoding has
    broken lines wherever it goes beyond ASCII, and next to none that happen to be UTF-8.

    Raises:
        InvalidInput: the file as a whole isn't UTF-8.
    """
    good = broken = 0
    first = ""
    for number, line in enumerate(lines, 1):
        if number == 1 and (line.startswith(_UTF16) or b"\0" in line[:2]):
            raise InvalidInput.at(
                "file", f"{path} is UTF-16, not UTF-8; convert it, e.g. iconv -f utf-16 -t utf-8"
            )
        if line.isascii():
            continue
        try:
            line.decode()
        except UnicodeDecodeError as error:
            broken += 1
            first = first or f"byte {error.start + 1} of line {number}"
        else:
            good += 1
    if broken > max(good, 1):
        raise InvalidInput.at(
            "file", f"{path} isn't UTF-8 ({first}); convert it, e.g. iconv -f latin1 -t utf-8"
        )


def is_undecoded(text: str) -> bool:
    """Whether a text that was decoded with ``surrogateescape`` has bytes that aren't UTF-8."""
    return not text.isascii() and _UNDECODED.search(text) is not None
