"""The one set of settings: from a file, the environment and flags, in rising order of weight.

Each setting can be named in `modelfleet.toml`, as `MODELFLEET_<NAME>` in the environment (or
`MODELFLEET_<NAME>_FILE`: the file that holds the value, for secrets), and as a flag.
"""

import base64
import binascii
import math
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

ACTIONS = ("roll_back", "recalibrate", "retrain", "raise_threshold", "ask_audits")
"""What can be done about an alert before a person is told."""

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
    grpc_port: int = 0
    """The port of the Open Inference Protocol over gRPC; 0: none. Needs the extra `grpc`."""
    workers: int = 1
    """Training processes that `modelfleet up` and `modelfleet train` start."""
    memory: int = 2**30
    """Bytes of models that a serving process keeps in memory; also 512MiB and the like."""
    audit_share: float = 0.01
    """The share of decisions that is drawn at random for a person to look at, from 0 to 1."""
    cache: str = ""
    """Folder that keeps what was downloaded from an object store; empty: beside the database."""
    cache_bytes: int = 10 * 2**30
    """Bytes that the cache folder may take; also 20GiB and the like."""
    log_level: str = "info"
    """The least important messages that are shown: debug, info, warning or error."""
    false_alerts_per_week: float = 1.0
    """How many false alerts the whole fleet may raise in a week."""
    tolerance: float = 0.02
    """By what share of itself a precision (or coverage, …) may fall before it counts."""
    actions: tuple[str, ...] = ACTIONS
    """What may be done about an alert before a person is told."""
    weekly_drop: float = 0.0
    """Tell as well when a week is worse than the one before by this share; 0: don't."""
    alertmanager: tuple[str, ...] = ()
    """Alertmanagers that are told of alerts: their addresses."""
    webhooks: tuple[str, ...] = ()
    """Addresses to which alerts are posted, in the format of Alertmanager's webhooks."""
    webhook_secret: str = ""
    """What posts to webhooks are signed with: 24 random bytes or more in base64."""
    smtp: str = ""
    """The server that sends e-mail about alerts: smtp:// or smtps://, with user and password."""
    email_from: str = ""
    """The sender of e-mail about alerts."""
    email_to: tuple[str, ...] = ()
    """Who gets e-mail about alerts."""

    @property
    def models(self) -> str:
        """Where checkpoints lie, with the default filled in."""
        if self.store:
            return self.store
        is_url = "://" in self.database
        return "./data/models" if is_url else str(Path(self.database) / "models")

    @property
    def cache_folder(self) -> Path:
        """What was downloaded from an object store; a cache that all processes here share."""
        if self.cache:
            return Path(self.cache).expanduser()
        return Path("./data" if "://" in self.database else self.database) / "cache"

    @property
    def warmth(self) -> Path:
        """The file in which this server notes which models are busy, for its next start."""
        folder = Path("./data" if "://" in self.database else self.database)
        return folder / f"warm-{self.port}.json"

    @property
    def embeddings(self) -> Path:
        """The file of embeddings that were slow to make; a cache of this machine's own."""
        return Path("./data" if "://" in self.database else self.database) / "embeddings.db"

    def masked(self) -> dict[str, Any]:
        """The settings as plain values, passwords hidden."""
        shown: dict[str, Any] = msgspec.to_builtins(self)
        for name in ("database", "store", "smtp"):
            shown[name] = _without_password(shown[name])
        for name in ("alertmanager", "webhooks"):  # a secret is often part of the path
            shown[name] = [without_secrets(url) for url in shown[name]]
        return shown | {"webhook_secret": "***" if self.webhook_secret else ""}


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
    _check_email(values, faults)
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
    size = int(float(found[1]) * _UNITS[found[2].upper()]) if found else 0
    if not size:
        raise ValueError("must be a size, such as 512MiB or 2GiB")
    return size


def without_secrets(url: str) -> str:
    """As much of an address as may be shown: neither user nor path, which may hold a secret."""
    parts = urlsplit(url)
    path = "/…" if parts.path.strip("/") or parts.query else ""
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{path}"


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
        shown = "" if name in _SECRET else f"; got {value!r}"
        faults.append(Fault(source, f"{error}{shown}"))
        return None


def _check_email(values: Mapping[str, object], faults: list[Fault]) -> None:
    """E-mail needs a server, a sender and somebody to get it."""
    named = [name for name in _EMAIL if values.get(name)]
    missing = [name for name in _EMAIL if name not in values]
    if named and missing:
        faults.append(Fault(" and ".join(missing), f"must be set as well, as {named[0]} is"))


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


def _decimal(low: float, high: float) -> Callable[[object], float]:
    def check(value: object) -> float:
        try:
            number = float(value) if isinstance(value, str | int | float) else math.nan
        except ValueError:
            number = math.nan
        if isinstance(value, bool) or not low <= number <= high:
            raise ValueError(f"must be a number from {low:g} to {high:g}")
        return number

    return check


def _actions(value: object) -> tuple[str, ...]:
    """Several actions, or ``none``."""
    if value in {"none", ()}:
        return ()
    found = _several(_text)(value)
    if not set(found) <= set(ACTIONS):
        raise ValueError(f"must be none, or some of {', '.join(ACTIONS)}")
    return found


def _level(value: object) -> str:
    if value not in {"debug", "info", "warning", "error"}:
        raise ValueError("must be debug, info, warning or error")
    return str(value)


def _several(check: Callable[[object], str]) -> Callable[[object], tuple[str, ...]]:
    """A list, or a text of several separated by commas or spaces."""

    def checked(value: object) -> tuple[str, ...]:
        values = re.split(r"[,\s]+", value.strip(", \t\n")) if isinstance(value, str) else value
        if not isinstance(values, list | tuple) or not values:
            raise ValueError("must be a list")
        if len(set(values)) < len(values):
            raise ValueError("must not name one twice")
        return tuple(check(one) for one in values)

    return checked


def _address(*schemes: str) -> Callable[[object], str]:
    def check(value: object) -> str:
        wanted = " or ".join(f"{scheme}://" for scheme in schemes)
        fault = ValueError(f"must be an address that begins with {wanted}")
        try:
            parts = urlsplit(str(value))
            whole = parts.scheme in schemes and parts.hostname and parts.port != 0
        except ValueError:
            raise fault from None
        if not isinstance(value, str) or not whole or not value.isascii() or parts.fragment:
            raise fault
        return value

    return check


def _email_address(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[^\s@<>\",;:]+@[^\s@<>\",;:]+", value):
        raise ValueError("must be an e-mail address, such as ops@example.com")
    return value


def _secret(value: object) -> str:
    """A key as the Standard Webhooks say: base64, perhaps behind ``whsec_``."""
    try:
        key = base64.b64decode(str(value).removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) < _LEAST_KEY:
        raise ValueError(f"must be {_LEAST_KEY} random bytes or more in base64")
    return str(value)


_LEAST_KEY = 24
_EMAIL = ("smtp", "email_from", "email_to")
_SECRET = {"webhook_secret", "smtp", "webhooks", "alertmanager"}
"""What may hold a secret, and isn't shown when it is wrong."""

_CHECKS: dict[str, Callable[[object], object]] = {
    "database": _text,
    "store": _text,
    "recipe": _text,
    "host": _text,
    "port": _number(0, 65535),
    "grpc_port": _number(0, 65535),
    "workers": _number(0, 256),
    "memory": parse_bytes,
    "cache": _text,
    "cache_bytes": parse_bytes,
    "audit_share": _decimal(0, 1),
    "log_level": _level,
    "false_alerts_per_week": _decimal(0.001, 1_000_000),
    "tolerance": _decimal(0, 0.5),
    "actions": _actions,
    "weekly_drop": _decimal(0, 0.9),
    "alertmanager": _several(_address("http", "https")),
    "webhooks": _several(_address("http", "https")),
    "webhook_secret": _secret,
    "smtp": _address("smtp", "smtps"),
    "email_from": _email_address,
    "email_to": _several(_email_address),
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
