"""What holds for one kind of store: crashes, lost folders, networks that don't answer."""

import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from modelfleet.errors import CheckpointMissing, SettingsWrong, StoreUnavailable
from modelfleet.models import LocalStore, ObjectStore, fingerprint, key, open_store

KEY = key("harbour-dental", "team", "20261122T170000.000000Z")

# Dies in the named call, the first time it would be made while the file is written.
DIE_WHILE_PUTTING = """
import os, pathlib, signal, sys
from modelfleet.models import LocalStore
store = LocalStore(sys.argv[1])
def die(*_arguments):
    os.kill(os.getpid(), signal.SIGKILL)
owner = {"fsync": os, "replace": pathlib.Path}[sys.argv[3]]
setattr(owner, sys.argv[3], die)
store.put(sys.argv[2], bytes(100_000))
"""


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_crash_leaves_no_half_file_and_its_rest_is_removed(
    tmp_path: Path, data: bytes, call: str
) -> None:
    store = LocalStore(tmp_path)
    command = [sys.executable, "-c", DIE_WHILE_PUTTING, str(tmp_path), KEY, call]
    died = subprocess.run(command, check=False)  # noqa: S603 - our own interpreter and program
    assert died.returncode == -signal.SIGKILL
    with pytest.raises(CheckpointMissing):
        store.open(KEY, fingerprint(data))

    (rest,) = (tmp_path / KEY).parent.iterdir()
    store.put(KEY, data)
    assert rest.exists(), "it could be another writer's, at work"
    long_ago = time.time() - 7200
    os.utime(rest, (long_ago, long_ago))
    store.put(KEY, data)
    assert [path.name for path in (tmp_path / KEY).parent.iterdir()] == [Path(KEY).name]


def test_a_full_disk_leaves_what_was_there(
    tmp_path: Path, data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = LocalStore(tmp_path)
    store.put(KEY, data)

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreUnavailable, match="No space left"):
        store.put(KEY, b"new")
    assert store.open(KEY, fingerprint(data)).nbytes == len(data)
    assert len(list((tmp_path / KEY).parent.iterdir())) == 1


def test_file_and_folders_are_flushed_before_a_put_is_done(
    tmp_path: Path, data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = LocalStore(tmp_path)
    flushed: list[int] = []
    flush = os.fsync

    def recorded(descriptor: int) -> None:
        flush(descriptor)
        flushed.append(os.fstat(descriptor).st_ino)

    monkeypatch.setattr(os, "fsync", recorded)
    store.put(KEY, data)
    path = tmp_path / KEY
    inside = [folder for folder in path.parents if folder.is_relative_to(tmp_path)]
    assert flushed == [place.stat().st_ino for place in (path, *inside)]


def test_a_lost_folder_is_not_a_missing_version(tmp_path: Path, data: bytes) -> None:
    store = LocalStore(tmp_path / "mounted")
    (tmp_path / "mounted").rmdir()
    with pytest.raises(StoreUnavailable, match="mounted"):
        store.open(KEY, fingerprint(data))


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreUnavailable):
        LocalStore(tmp_path / "file" / "folder")


def test_an_object_store_that_does_not_answer_is_unavailable(
    monkeypatch: pytest.MonkeyPatch, data: bytes
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{closed.getsockname()[1]}"
        for name, value in (
            ("ENDPOINT_URL", address),
            ("ALLOW_HTTP", "true"),
            ("ACCESS_KEY_ID", "key"),
            ("SECRET_ACCESS_KEY", "secret"),
            ("REGION", "eu-north-1"),
        ):
            monkeypatch.setenv(f"AWS_{name}", value)
        store = ObjectStore("s3://bucket/models")
        with pytest.raises(StoreUnavailable, match="s3://bucket/models"):
            store.open(KEY, fingerprint(data))
        with pytest.raises(StoreUnavailable):
            store.put(KEY, data)


def test_a_wrong_secret_is_an_error_that_names_the_store(
    s3: dict[str, str], monkeypatch: pytest.MonkeyPatch, data: bytes
) -> None:
    for name, value in (s3 | {"AWS_SECRET_ACCESS_KEY": "guessed"}).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(StoreUnavailable, match="s3://models"):
        ObjectStore("s3://models").put(KEY, data)


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_store_opened_before_a_fork_says_so_instead_of_hanging(data: bytes) -> None:
    store = ObjectStore("memory://")
    store.put(KEY, data)
    forked = multiprocessing.get_context("fork").Process(target=expect_refusal, args=(store,))
    forked.start()
    forked.join(10)
    assert forked.exitcode == 0


def expect_refusal(store: ObjectStore) -> None:
    with pytest.raises(StoreUnavailable, match="forked"):
        store.delete(KEY)


def test_a_path_or_url_chooses_the_store(tmp_path: Path) -> None:
    for place in (tmp_path / "a b", str(tmp_path / "a b"), f"file://{tmp_path}/a%20b"):
        store = open_store(place)
        assert isinstance(store, LocalStore)
        assert store.folder == tmp_path / "a b"
    assert isinstance(open_store("memory://"), ObjectStore)


@pytest.mark.parametrize("url", ["ftp://host/models", "s3://", "://", "az://no-account/models"])
def test_a_url_that_cannot_be_opened_is_a_wrong_setting(url: str) -> None:
    with pytest.raises(SettingsWrong):
        open_store(url)
