"""The one set of settings: from a file, the environment and flags, in rising order of weight.

Each setting can be named in `modelfleet.toml`, as `MODELFLEET_<NAME>` in the environment (or
`MODELFLEET_<NAME>_FILE`: the file that holds the value, for secrets), and as a flag.
"""

import os
import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import msgspec

from modelfleet.errors import Fault, SettingsWrong

FILE = "modelfleet.toml"
PREFIX = "MODELFLEET_"

_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What is in force, with its defaults."""

    database: str = "./data"
    """A folder for the embedded database, or a postgresql:// URL."""
    store: str = ""
    """Where checkpoints lie: a folder, or s3://, gs://, az://; empty: beside the database."""
    recipe: str = "default"
    """The recipe of all models: a name, or the path of a TOML file."""
    host: str = "127.0.0.1"
    """The address to listen on. Other than on loopback, API keys are required."""
    port: int = 8080
    """The port to listen on."""
    workers: int = 1
    """Training processes that `modelfleet up` and `modelfleet train` start."""
    memory: int = 2**30
    """Bytes of models that a serving process keeps in memory; also 512MiB and the like."""
    log_level: str = "info"
    """The least important messages that are shown: debug, info, warning or error."""

    @property
    def models(self) -> str:
        """Where checkpoints lie, with the default filled in."""
        if self.store:
            return self.store
        is_url = "://" in self.database
        return "./data/models" if is_url else str(Path(self.database) / "models")

    @property
    def embeddings(self) -> Path:
        """The file of embeddings that were slow to make; a cache of this machine's own."""
        return Path("./data" if "://" in self.database else self.database) / "embeddings.db"

    def masked(self) -> dict[str, Any]:
        """The settings as plain values, passwords hidden."""
        shown: dict[str, Any] = msgspec.to_builtins(self)
        return shown | {name: _without_password(shown[name]) for name in ("database", "store")}


def load_settings(
    flags: Mapping[str, object] | None = None,
    *,
    environment: Mapping[str, str] = os.environ,
    file: Path | None = None,
) -> Settings:
    """The settings in force; a flag that is None isn't set.

    Raises:
        SettingsWrong: some can't be used; all of them are listed.
    """
    faults: list[Fault] = []
    given: dict[str, tuple[str, object]] = {}
    for source in (
        _from_file(file, faults),
        _from_environment(environment, faults),
        {name: (f"--{name}", value) for name, value in (flags or {}).items() if value is not None},
    ):
        given |= source
    values = {name: _checked(name, *given[name], faults) for name in given}
    if faults:
        listed = "\n".join(f"  {fault.field}: {fault.message}" for fault in faults)
        raise SettingsWrong(f"these settings can't be used:\n{listed}")
    return msgspec.convert(values, Settings)


def parse_bytes(value: object) -> int:
    """``1073741824``, ``"512MiB"`` or ``"2G"`` as a number of bytes.

    Raises:
        ValueError: it is none of these.
    """
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?", str(value).strip(), re.IGNORECASE)
    if not found:
        raise ValueError("must be a size, such as 512MiB or 2GiB")
    return int(float(found[1]) * _UNITS[found[2].upper()])


def _from_file(file: Path | None, faults: list[Fault]) -> dict[str, tuple[str, object]]:
    path = file or Path(FILE)
    if not path.is_file():
        if file is not None:
            faults.append(Fault(str(file), "there is no such file"))
        return {}
    try:
        content = tomllib.loads(path.read_text())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        faults.append(Fault(str(path), f"isn't TOML: {error}"))
        return {}
    return {name: (f"{name} in {path}", value) for name, value in content.items()}


def _from_environment(
    environment: Mapping[str, str], faults: list[Fault]
) -> dict[str, tuple[str, object]]:
    found: dict[str, tuple[str, object]] = {}
    for variable, value in environment.items():
        if not variable.startswith(PREFIX):
            continue
        name = variable.removeprefix(PREFIX).lower()
        if not name.endswith("_file"):
            found[name] = (variable, value)
            continue
        try:
            found[name.removesuffix("_file")] = (variable, Path(value).read_text().strip())
        except (OSError, UnicodeDecodeError) as error:
            faults.append(Fault(variable, f"can't be read: {error}"))
    return found


def _checked(name: str, source: str, value: object, faults: list[Fault]) -> object:
    check = _CHECKS.get(name)
    if check is None:
        faults.append(Fault(source, f"isn't known; known are {', '.join(_CHECKS)}"))
        return None
    try:
        return check(value)
    except ValueError as error:
        faults.append(Fault(source, f"{error}; got {value!r}"))
        return None


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("must be a text")
    return value


def _number(low: int, high: int) -> Callable[[object], int]:
    def check(value: object) -> int:
        if isinstance(value, str) and re.fullmatch(r"\d+", value):
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise ValueError(f"must be a whole number from {low} to {high}")
        return value

    return check


def _level(value: object) -> str:
    if value not in {"debug", "info", "warning", "error"}:
        raise ValueError("must be debug, info, warning or error")
    return str(value)


_CHECKS: dict[str, Callable[[object], object]] = {
    "database": _text,
    "store": _text,
    "recipe": _text,
    "host": _text,
    "port": _number(0, 65535),
    "workers": _number(0, 256),
    "memory": parse_bytes,
    "log_level": _level,
}


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    if "password=" in parts.query:
        query = re.sub(r"(^|&)password=[^&]*", r"\1password=***", parts.query)
        parts = parts._replace(query=query)
        url = urlunsplit(parts)
    if not parts.password:
        return url
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{parts.username}:***@{host}"))
