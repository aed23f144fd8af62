"""The command starts without what it doesn't need, and says in words what it can't do."""

import re
import socket
import subprocess
import sys
from collections.abc import Callable
from importlib import resources
from pathlib import Path

import pytest
from typer.testing import CliRunner

from modelfleet import Fleet
from modelfleet.cli import app, main

Refused = Callable[..., str]

HEAVY = ("scipy.optimize", "scipy.cluster", "scipy.spatial", "psycopg", "alembic", "grpc", "jax")


def test_what_a_server_does_not_need_is_not_imported_when_it_starts() -> None:
    script = (
        "import sys, modelfleet.cli.roles\n"
        f"print([name for name in {HEAVY} if name in sys.modules])\n"
    )
    done = subprocess.run(  # noqa: S603 - our own
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_a_port_that_another_program_has_is_refused(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        serve = ["-c", "from modelfleet.cli import main; main()", "serve", "--grpc-port", "0"]
        done = subprocess.run(  # noqa: S603 - our own
            [sys.executable, *serve, "--data", tmp_path, "--port", str(port)],
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert f"can't listen on 127.0.0.1:{port}" in done.stderr
    assert "answers at" not in done.stderr
    assert "Traceback" not in done.stderr


def test_commands_that_only_look_do_not_begin_a_fleet(tmp_path: Path, refused: Refused) -> None:
    nowhere = tmp_path / "mistyped"
    for command in (["status"], ["versions", "acme/team"], ["export", tmp_path / "all.ndjson"]):
        assert "there is no fleet in" in refused(*command, "--data", nowhere), command
        assert not nowhere.exists(), command


def test_a_misspelled_tenant_task_or_recipe_is_said_to_be_missing(
    tmp_path: Path, refused: Refused
) -> None:
    with Fleet(tmp_path) as fleet:
        fleet.task("acme", "team").define_label("it")
        head = fleet.log.head()
    of_tasks = ("versions", "serving", "report", "doctor", "retry", "unpin", "rollback")
    commands = [[name, "acme/taem"] for name in of_tasks]
    commands += [["canary", "acme/taem", "--end"], ["shadow", "acme/taem", "--end"]]
    for command in (*commands, ["status", "amce"]):
        assert "nothing was ever logged of" in refused(*command, "--data", tmp_path), command
    said = CliRunner().invoke(app, ["promote-recipe", "crious", "--data", str(tmp_path)]).output
    assert "no task has such a version made by recipe crious" in said
    with Fleet(tmp_path) as fleet:
        assert fleet.log.head() == head


def test_files_that_can_not_be_read_or_written_are_said_in_words(
    tmp_path: Path, refused: Refused
) -> None:
    fleet, broken = tmp_path / "fleet", tmp_path / "broken.parquet"
    Fleet(fleet).close()
    broken.write_bytes(b"hello")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "modelfleet.db").write_bytes(b"hello " * 1_000)
    said = {
        "isn't Parquet": ["import", broken, "--data", fleet],
        "there is no folder": ["export", tmp_path / "no" / "x.ndjson", "--data", fleet],
        "html: there is no folder": ["report", "a/b", "--html", tmp_path / "no" / "x.html"],
        "can't be a folder of data": ["keys", "create", "operator", "--data", broken],
        "file is not a database": ["status", "--data", tmp_path / "other"],
        "limit": ["events", "--limit", "0", "--data", fleet],
    }
    for words, command in said.items():
        assert words in refused(*command), command


def test_a_byte_order_mark_costs_no_event(tmp_path: Path) -> None:
    told = '{"kind":"visit.ended","tenant":"acme","id":"%s","time":"2026-01-01T00:00:00Z"}\n'
    file = tmp_path / "bom.ndjson"
    file.write_text(told % "first" + told % "second", encoding="utf-8-sig")
    done = CliRunner().invoke(app, ["import", str(file), "--data", str(tmp_path / "fleet")])
    assert "2 events logged; 0 were there; 0 refused" in done.output


@pytest.mark.parametrize("command", ["up", "train", "replay"])
def test_a_recipe_that_can_not_be_used_stops_the_start(
    tmp_path: Path, refused: Refused, command: str
) -> None:
    usual = resources.files("modelfleet").joinpath("recipes/default.toml").read_text()
    recipe, config = tmp_path / "ours.toml", tmp_path / "modelfleet.toml"
    config.write_text(f'recipe = "{recipe}"')
    tickets = tmp_path / "tickets.csv"
    tickets.write_text("text,label\nno wifi,it\n")
    with_recipe = {"replay": [tickets, "--recipe", recipe]}
    arguments = with_recipe.get(command, ["--data", tmp_path / "data", "--config", config])
    wrong = {
        'learner = "svm"': "learning.learner: must be one of logistic, mira, cnn",
        "target_precision = 7.0": "learning.target_precision: Expected `float` < 1.0",
        "growth = nan": "policy.growth: ",
        "recency_half_life = inf": "learning.recency_half_life: must be a finite number",
        'unproven = "maybe"': "gate.unproven: must be one of refits, anything, nothing",
        'name = "../x y"': "name: must be 1 to 100 letters",
    }
    for line, said in wrong.items():
        name = line.partition(" ")[0]
        recipe.write_text(re.sub(rf"(?m)^{name} = .*$", line, usual))
        assert said in refused(command, *arguments), line


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Refused:
    """What a command says that can't be carried out; any other error goes on."""

    def run(*arguments: object) -> str:
        monkeypatch.setattr(sys, "argv", ["modelfleet", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            main()
        assert left.value.code, arguments
        return " ".join(capsys.readouterr().err.split())

    return run
