"""The command starts without what it doesn't need, and says in words what it can't do."""

import socket
import subprocess
import sys
from pathlib import Path

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
        done = _modelfleet("serve", "--data", tmp_path, "--port", port, "--grpc-port", 0)
    assert done.returncode == 1
    assert f"can't listen on 127.0.0.1:{port}" in done.stderr
    assert "answers at" not in done.stderr
    assert "Traceback" not in done.stderr


def test_commands_that_only_look_do_not_begin_a_fleet(tmp_path: Path) -> None:
    nowhere = tmp_path / "mistyped"
    for command in (["status"], ["versions", "acme/team"], ["export", tmp_path / "all.ndjson"]):
        done = _modelfleet(*command, "--data", nowhere)
        assert done.returncode == 1, command
        assert "there is no fleet in" in done.stderr, command
        assert not nowhere.exists(), command


def test_files_that_can_not_be_read_or_written_are_said_in_words(tmp_path: Path) -> None:
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"hello")
    (tmp_path / "not a log").mkdir()
    (tmp_path / "not a log" / "modelfleet.db").write_bytes(b"hello " * 1_000)
    said = {
        "isn't Parquet": ["import", broken, "--data", tmp_path / "fleet"],
        "there is no folder": [
            "export",
            tmp_path / "no" / "x.ndjson",
            "--data",
            tmp_path / "fleet",
        ],
        "can't be a folder of data": ["keys", "create", "operator", "--data", broken],
        "file is not a database": ["status", "--data", tmp_path / "not a log"],
        "limit": ["events", "--limit", "0", "--data", tmp_path / "fleet"],
    }
    for words, command in said.items():
        done = _modelfleet(*command)
        assert done.returncode, command
        assert words in done.stderr, done.stderr
        assert "Traceback" not in done.stderr, command


def _modelfleet(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from modelfleet.cli import main; main()"]
    return subprocess.run(  # noqa: S603 - our own
        [*command, *map(str, arguments)], capture_output=True, text=True, check=False
    )
