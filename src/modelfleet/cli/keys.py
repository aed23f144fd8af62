"""`modelfleet keys`: API keys."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from modelfleet.cli.roles import Config, Data, DatabaseUrl, settings_from
from modelfleet.fleet import Fleet

app = typer.Typer(help="API keys.", no_args_is_help=True)


@app.command()
def create(
    role: Annotated[str, typer.Argument(help="user, owner or operator.")],
    tenant: Annotated[str, typer.Option(help="Whose; none for an operator.")] = "",
    name: Annotated[str, typer.Option(help="For whom or what it is.")] = "",
    data: Data = None,
    database: DatabaseUrl = None,
    config: Config = None,
) -> None:
    """Make a key and print its secret, which is shown only now."""
    with Fleet.open(settings_from(data, database, config, {}), train=False) as fleet:
        key, secret = fleet.create_key(role, tenant, name=name)
    Console(stderr=True).print(f"key {key}; its secret is shown only now:")
    typer.echo(secret)


@app.command("list")
def list_keys(data: Data = None, database: DatabaseUrl = None, config: Config = None) -> None:
    """All keys, without their secrets."""
    with Fleet.open(settings_from(data, database, config, {}), train=False) as fleet:
        keys = fleet.catalog.all_keys()
    table = Table("key", "role", "tenant", "name", "active")
    for key in keys:
        table.add_row(key.key, key.role, key.tenant, key.name, "yes" if key.active else "revoked")
    Console().print(table)


@app.command()
def revoke(
    key: Annotated[str, typer.Argument(help="Its id.")],
    data: Data = None,
    database: DatabaseUrl = None,
    config: Config = None,
) -> None:
    """Have a key refused from now on."""
    with Fleet.open(settings_from(data, database, config, {}), train=False) as fleet:
        fleet.revoke_key(key)
    typer.echo(f"{key} is revoked; servers refuse it within a second")
