"""`modelfleet replay` in the hands of somebody with a file."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import structlog
import typer
from tests.replay.conftest import lines
from typer.testing import CliRunner

from modelfleet.cli.replay import replay
from modelfleet.errors import InvalidInput
from modelfleet.replay import Report


@pytest.fixture
def app() -> Iterator[typer.Typer]:
    command = typer.Typer()
    command.command()(replay)
    yield command
    structlog.reset_defaults()


def test_a_table_json_and_a_page_come_of_a_file(app: typer.Typer, tmp_path: Path) -> None:
    file, kept = tmp_path / "shop.csv", tmp_path / "shop.json"
    file.write_text(lines(80) + "broken\n", encoding="utf-8")
    html = tmp_path / "shop.html"
    arguments = [str(file), "--delay", "2h", "--json", str(kept), "--html", str(html)]
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    assert "label: label (guessed)" in result.output.replace("\n", " ")
    assert "line 82" in result.output
    report = msgspec.json.decode(kept.read_bytes(), type=Report)
    assert report.total.measures.requests == 80
    assert report.behaviour.delay == "2h"
    assert "shop.csv" in html.read_text(encoding="utf-8")


def test_json_goes_to_the_standard_output_alone(app: typer.Typer, tmp_path: Path) -> None:
    file = tmp_path / "shop.csv"
    file.write_text(lines(12), encoding="utf-8")
    result = CliRunner().invoke(app, [str(file), "--json", "-"], catch_exceptions=False)
    assert msgspec.json.decode(result.stdout, type=Report).rows == 12


def test_a_wrong_option_is_an_error_in_words(app: typer.Typer, tmp_path: Path) -> None:
    file = tmp_path / "shop.csv"
    file.write_text(lines(2), encoding="utf-8")
    with pytest.raises(InvalidInput, match="delay"):
        CliRunner().invoke(app, [str(file), "--delay", "soon"], catch_exceptions=False)
