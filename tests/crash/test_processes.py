"""Roles go on whatever happens to their processes, and to what starts them."""

import time
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from modelfleet.cli import processes
from modelfleet.cli.processes import Processes, train_until_told
from modelfleet.settings import Settings


def test_a_process_that_could_not_be_started_is_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = BaseProcess.start
    failures = [ValueError("bad value(s) in fds_to_keep"), OSError("too many processes")]

    def fail_at_first(process: BaseProcess) -> None:
        if failures:
            raise failures.pop()
        start(process)

    monkeypatch.setattr(BaseProcess, "start", fail_at_first)
    monkeypatch.setattr(processes, "_BEFORE_RESTART", 0.05)
    data = tmp_path / "data"
    running = Processes(Settings(database=str(data), log_level="error"), [train_until_told])
    try:
        end = time.monotonic() + 60
        while not data.exists() and time.monotonic() < end:
            time.sleep(0.05)
    finally:
        running.stop()
    assert not failures
    assert data.exists()
