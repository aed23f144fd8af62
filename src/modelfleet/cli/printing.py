"""Answers as JSON, for programs that read what commands print."""

from typing import Annotated

import msgspec
import typer

AsJson = Annotated[bool, typer.Option("--json", help="As the API gives it.")]


def print_json(answer: object) -> None:
    """Print an answer as the API gives it, on lines that people can read as well."""
    typer.echo(msgspec.json.format(msgspec.json.encode(answer)).decode())
