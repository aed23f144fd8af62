"""`modelfleet up`, `serve`, `train` and `watch`: the roles that a process can have."""

import asyncio
import ctypes
import ipaddress
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated

import typer
import uvloop
from litestar import Litestar
from rich.console import Console

from modelfleet.api.app import create_app
from modelfleet.api.server import check_free, serve
from modelfleet.api.turns import Turns
from modelfleet.cli.logging import configure_logging
from modelfleet.cli.processes import Processes, train_until_told, watch_until_told
from modelfleet.errors import SettingsWrong
from modelfleet.events.database import holds_log
from modelfleet.fleet import Fleet
from modelfleet.learners import check_learner
from modelfleet.recipe import load_recipe
from modelfleet.serving import Warmth
from modelfleet.settings import Settings, load_settings

Data = Annotated[
    str | None, typer.Option("--data", help="Folder of the embedded database and the models.")
]
DatabaseUrl = Annotated[
    str | None, typer.Option("--database", help="postgresql:// URL instead of a folder.")
]
Store = Annotated[
    str | None, typer.Option(help="Where checkpoints lie: a folder, or s3://, gs://, az://.")
]
Config = Annotated[Path | None, typer.Option("--config", help="A settings file in TOML.")]
Host = Annotated[str | None, typer.Option(help="Address to listen on.")]
Port = Annotated[int | None, typer.Option(help="Port to listen on.")]
GrpcPort = Annotated[int | None, typer.Option(help="Port of the gRPC service; 0 for none.")]
WorkerCount = Annotated[int | None, typer.Option("--workers", help="Training processes.")]
Memory = Annotated[
    str | None, typer.Option(help="Models kept in memory by a server, such as 2GiB.")
]
LogLevel = Annotated[str | None, typer.Option(help="debug, info, warning or error.")]

_ARENA_MAX = -8
"""M_ARENA_MAX of glibc's malloc.h."""


def up(  # noqa: PLR0913, PLR0917 - one parameter for each setting
    data: Data = None,
    database: DatabaseUrl = None,
    store: Store = None,
    host: Host = None,
    port: Port = None,
    grpc_port: GrpcPort = None,
    workers: WorkerCount = None,
    memory: Memory = None,
    log_level: LogLevel = None,
    config: Config = None,
) -> None:
    """Run everything: the API and its server, workers that train, and the watcher."""
    texts = {"store": store, "host": host, "memory": memory, "log_level": log_level}
    numbers = {"port": port, "grpc_port": grpc_port, "workers": workers}
    settings = settings_from(data, database, config, {**texts, **numbers})
    check_free(settings.host, settings.port)  # before workers are started for nothing
    if settings.workers:
        _check_learner(settings)
    running = Processes(settings, [*[train_until_told] * settings.workers, watch_until_told])
    try:
        _serve(settings, f"{settings.workers} training process(es)")
    finally:
        running.stop()


def serve_only(  # noqa: PLR0913, PLR0917 - one parameter for each setting
    data: Data = None,
    database: DatabaseUrl = None,
    store: Store = None,
    host: Host = None,
    port: Port = None,
    grpc_port: GrpcPort = None,
    memory: Memory = None,
    log_level: LogLevel = None,
    config: Config = None,
) -> None:
    """Run one server: the API, and models in memory. Others train and watch."""
    texts = {"store": store, "host": host, "memory": memory, "log_level": log_level}
    numbers = {"port": port, "grpc_port": grpc_port}
    settings = settings_from(data, database, config, {**texts, **numbers})
    _warn_of_models(settings)
    _serve(settings, "none here; see modelfleet train")


def train_only(
    data: Data = None,
    database: DatabaseUrl = None,
    store: Store = None,
    workers: WorkerCount = None,
    log_level: LogLevel = None,
    config: Config = None,
) -> None:
    """Run workers alone: they train what falls behind, for all servers of the database."""
    flags = {"store": store, "workers": workers, "log_level": log_level}
    settings = settings_from(data, database, config, flags)
    configure_logging(settings.log_level)
    _check_learner(settings)
    running = Processes(settings, [train_until_told] * max(1, settings.workers))
    _warn_of_models(settings)
    Console(stderr=True).print(f"training for {settings.masked()['database']}; Ctrl-C stops")
    try:
        running.wait()
    finally:
        running.stop()


def watch_only(
    data: Data = None,
    database: DatabaseUrl = None,
    store: Store = None,
    log_level: LogLevel = None,
    config: Config = None,
) -> None:
    """Run the watcher alone: it takes in what becomes of decisions, of all tenants."""
    settings = settings_from(data, database, config, {"store": store, "log_level": log_level})
    configure_logging(settings.log_level)
    running = Processes(settings, [watch_until_told])
    Console(stderr=True).print(f"watching {settings.masked()['database']}; Ctrl-C stops")
    try:
        running.wait()
    finally:
        running.stop()


def settings_from(
    data: str | None, database: str | None, config: Path | None, flags: Mapping[str, object]
) -> Settings:
    """The settings in force, of which flags weigh most.

    Raises:
        SettingsWrong: some can't be used, or both a folder and a URL are given.
    """
    if data is not None and database is not None:
        raise SettingsWrong("--data and --database exclude each other: give one of them")
    return load_settings({**flags, "database": database or data}, file=config)


@contextmanager
def existing_fleet(data: str | None, database: str | None, config: Path | None) -> Iterator[Fleet]:
    """The fleet that the options describe, for commands that look at one and don't begin it.

    Raises:
        SettingsWrong: there is none in the folder, or as of `settings_from`.
    """
    settings = settings_from(data, database, config, {})
    folder = Path(settings.database)
    if "://" not in settings.database and not holds_log(folder):
        raise SettingsWrong(f"there is no fleet in {folder}; say where it is with --data")
    with Fleet.open(settings, train=False) as fleet:
        yield fleet


def _serve(settings: Settings, training: str) -> None:
    configure_logging(settings.log_level)
    _share_one_heap()
    with Fleet.open(settings, train=False) as fleet:
        keys_required = _keys_required(fleet, settings)
        app = create_app(fleet, keys_required=keys_required or None)
        said = _announcement(settings, training, keys_required=keys_required)
        with closing(Warmth(fleet.cache, settings.warmth)):
            uvloop.run(_answer(fleet, app, settings, said))


def _check_learner(settings: Settings) -> None:
    """Processes that train would only die of a learner that can't learn, again and again."""
    check_learner(load_recipe(settings.recipe).learning.learner)


def _warn_of_models(settings: Settings) -> None:
    """Say it where several roles on one database can't see each other's models."""
    if "://" in settings.database and not settings.store:
        Console(stderr=True).print(
            f"[yellow]models lie in {settings.models} of this folder: roles that are started "
            "elsewhere don't find them; give all the same --store[/]"
        )


def _share_one_heap() -> None:
    """Have all threads allocate from one heap, so that what one frees another may use.

    By default each has a heap of its own with glibc, which keeps what swapped models leave there:
    a fifth of the memory of a thousand models. Threads take turns with the interpreter anyway.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:  # only glibc has it
        mallopt(_ARENA_MAX, 1)


async def _answer(
    fleet: Fleet, app: Litestar, settings: Settings, said: Callable[[], None]
) -> None:
    """Serve HTTP, and gRPC beside it if a port is set, until told to stop.

    Raises:
        SettingsWrong: gRPC isn't installed, or its port can't be listened on.
    """
    with closing(Turns(asyncio.get_running_loop())) as turns:
        fleet.swap_in(turns)
        await _listen(app, settings, said)


async def _listen(app: Litestar, settings: Settings, said: Callable[[], None]) -> None:
    if not settings.grpc_port:
        await serve(app, settings.host, settings.port, said)
        return
    try:
        from modelfleet.api.inference import rpc  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise SettingsWrong("grpc_port: needs pip install 'modelfleet[grpc]'") from error
    async with rpc.serving(app.state["platform"], settings.host, settings.grpc_port):
        await serve(app, settings.host, settings.port, said)


def _keys_required(fleet: Fleet, settings: Settings) -> bool:
    """Whether requests need a key: always, but on loopback while nobody has made one.

    Raises:
        SettingsWrong: it would listen to others, and nobody could log in.
    """
    if fleet.catalog.has_keys():
        return True
    if not _is_loopback(settings.host):
        raise SettingsWrong(
            f"--host {settings.host} can be reached by others, and there is no API key yet; make "
            "one first: modelfleet keys create operator"
        )
    return False


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _announcement(settings: Settings, training: str, *, keys_required: bool) -> Callable[[], None]:
    def say() -> None:
        address = f"http://{settings.host}:{settings.port}"
        shown = settings.masked()
        console = Console(stderr=True, highlight=False)
        console.print(f"[bold]modelfleet[/] answers at [bold]{address}[/]")
        console.print(f"  try it     {address}/docs")
        if settings.grpc_port:
            console.print(f"  gRPC       {settings.host}:{settings.grpc_port}")
        console.print(f"  log        {shown['database']}")
        console.print(f"  models     {settings.models}")
        console.print(f"  training   {training}")
        console.print(
            f"  API keys   {'required' if keys_required else 'none made: open to this machine'}"
        )
        console.print("  Ctrl-C stops; what was acknowledged is in the log")

    return say
