"""A folder before an object store: within its budget, whole, and there when the store isn't."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from modelfleet.errors import CheckpointMissing, StoreUnavailable
from modelfleet.models import NearbyStore, ObjectStore, fingerprint, key

KEY = key("harbour-dental", "team", "20261122T170000.000000Z")


class Counted(ObjectStore):
    """An object store that counts what is read, and can be down."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.reads = 0
        self.is_down = False

    def read(self, key: str) -> bytes:
        self.reads += 1
        if self.is_down:
            raise StoreUnavailable("the bucket can't be reached")
        return super().read(key)


class HandTime:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def far() -> Counted:
    return Counted("memory://")


@pytest.fixture
def hand() -> HandTime:
    return HandTime()


@pytest.fixture
def near(far: Counted, tmp_path: Path, hand: HandTime) -> NearbyStore:
    return NearbyStore(far, tmp_path / "cache", 10**9, hand)


def kept(store: NearbyStore) -> list[Path]:
    """The files in the folder."""
    return sorted(path for path in store.folder.glob("??/*") if path.is_file())


def test_a_version_is_downloaded_once(near: NearbyStore, far: Counted, data: bytes) -> None:
    near.put(KEY, data)
    for _ in range(3):
        assert near.open(KEY, fingerprint(data)).nbytes == len(data)
    assert far.reads == 1


def test_a_copy_that_can_not_be_removed_stops_no_publication(
    near: NearbyStore, far: Counted, data: bytes
) -> None:
    near.put(KEY, data)
    near.open(KEY, fingerprint(data))
    (copy,) = kept(near)
    copy.unlink()
    copy.mkdir()  # as hard to remove as a file on a disk that is read-only
    near.put(KEY, data)
    near.delete(KEY)
    with pytest.raises(CheckpointMissing):
        far.read(KEY)


def test_a_store_that_is_down_does_not_stop_what_is_in_the_folder(
    near: NearbyStore, far: Counted, data: bytes, tmp_path: Path
) -> None:
    near.put(KEY, data)
    near.open(KEY, fingerprint(data))
    far.is_down = True
    restarted = NearbyStore(far, tmp_path / "cache", 10**9)
    assert restarted.open(KEY, fingerprint(data)).nbytes == len(data)


def test_a_store_that_is_down_is_not_asked_again_at_once(
    near: NearbyStore, far: Counted, data: bytes, hand: HandTime
) -> None:
    near.put(KEY, data)
    far.is_down = True
    asked = []
    for _ in range(40):
        with pytest.raises(StoreUnavailable, match="can't be reached"):
            near.open(KEY, fingerprint(data))
        asked.append(far.reads)
        hand.now += 0.5
    assert asked[-1] == 5  # at 0, 1, 3, 7 and 15 seconds
    far.is_down = False
    hand.now += 30
    assert near.open(KEY, fingerprint(data)).nbytes == len(data)


@pytest.mark.parametrize(
    "damage",
    [lambda data: data[:100], lambda _data: b"", lambda data: data[:-1] + b"\xff"],
    ids=["truncated", "empty", "altered"],
)
def test_a_file_that_was_damaged_in_the_folder_is_downloaded_again(
    near: NearbyStore, far: Counted, data: bytes, damage: Callable[[bytes], bytes]
) -> None:
    near.put(KEY, data)
    near.open(KEY, fingerprint(data))
    (file,) = kept(near)
    file.write_bytes(damage(data))
    assert near.open(KEY, fingerprint(data)).nbytes == len(data)
    assert (far.reads, file.read_bytes()) == (2, data)


def test_what_the_store_holds_is_not_kept_if_it_is_not_what_was_published(
    near: NearbyStore, data: bytes
) -> None:
    near.put(KEY, data[:-1])
    with pytest.raises(Exception, match="fingerprint"):
        near.open(KEY, fingerprint(data))
    assert kept(near) == []


def test_a_deleted_version_is_missing(near: NearbyStore, data: bytes) -> None:
    near.put(KEY, data)
    near.open(KEY, fingerprint(data))
    near.delete(KEY)
    with pytest.raises(CheckpointMissing):
        near.open(KEY, fingerprint(data))


def test_the_folder_keeps_to_its_budget_and_what_was_used_last(
    far: Counted, tmp_path: Path, data: bytes
) -> None:
    keys = [key("acme", "team", f"v{number:03d}") for number in range(40)]
    near = NearbyStore(far, tmp_path / "cache", 10 * len(data))
    near._written = -(10**9)  # it isn't looked through but when this test does
    for number, one in enumerate(keys):
        near.put(one, data)
        near.open(one, fingerprint(data))
        os.utime(near._path(one), (1_000_000 + number, 1_000_000 + number))
        near.sweep()
        assert sum(file.stat().st_size for file in kept(near)) <= 10 * len(data)
    assert near._path(keys[-1]).exists()
    near.open(keys[-3], fingerprint(data))  # in the folder, and used now
    assert near._path(keys[-3]).stat().st_mtime > time.time() - 60
    assert {path.name for path in kept(near)} <= {near._path(one).name for one in keys[-10:]}


def test_the_folder_is_looked_through_by_itself(far: Counted, tmp_path: Path, data: bytes) -> None:
    near = NearbyStore(far, tmp_path / "cache", 10 * len(data))
    for number in range(40):
        one = key("acme", "team", f"v{number:03d}")
        near.put(one, data)
        near.open(one, fingerprint(data))
    end = time.monotonic() + 10
    while len(kept(near)) > 11:  # each is as large as the data
        assert time.monotonic() < end
        time.sleep(0.01)


def test_what_is_written_while_the_folder_is_looked_through_is_looked_through_too(
    far: Counted, tmp_path: Path, data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    near = NearbyStore(far, tmp_path / "cache", 10 * len(data))
    sweep, begun, may_go_on = near.sweep, threading.Event(), threading.Event()

    def slow_sweep() -> None:
        sweep()
        begun.set()
        assert may_go_on.wait(10)

    monkeypatch.setattr(near, "sweep", slow_sweep)
    for number in range(40):
        one = key("acme", "team", f"v{number:03d}")
        near.put(one, data)
        near.open(one, fingerprint(data))
        assert begun.wait(10)  # the others are written while the first look isn't over
    may_go_on.set()
    end = time.monotonic() + 10
    while len(kept(near)) > 10:
        assert time.monotonic() < end
        time.sleep(0.01)


MANY_READERS = """
import sys
from pathlib import Path
from modelfleet.models import NearbyStore, ObjectStore
place, folder, digest, size, *keys = sys.argv[1:]
near = NearbyStore(ObjectStore(place), Path(folder), 6 * int(size))
for turn in range(3):
    for key in keys:
        assert near.open(key, digest).nbytes == int(size)
"""


def test_several_processes_share_a_folder_that_is_too_small_for_them(
    tmp_path: Path, data: bytes
) -> None:
    place = f"file://{tmp_path}/store"
    far = ObjectStore(place)
    keys = [key("acme", "team", f"v{number:03d}") for number in range(30)]
    for one in keys:
        far.put(one, data)
    orders = [keys, keys[::-1]]
    command = [sys.executable, "-c", MANY_READERS, place, str(tmp_path / "cache")]
    readers = [
        subprocess.Popen([*command, fingerprint(data), str(len(data)), *order])  # noqa: S603 - our own
        for order in orders
    ]
    assert [reader.wait(60) for reader in readers] == [0, 0]
    NearbyStore(far, tmp_path / "cache", 6 * len(data)).sweep()
    left = list((tmp_path / "cache").glob("??/*"))
    assert len(left) <= 6
    assert all(path.read_bytes() == data for path in left)


def test_threads_may_open_the_same_version_at_once(near: NearbyStore, data: bytes) -> None:
    near.put(KEY, data)
    sizes: list[int] = []
    threads = [
        threading.Thread(target=lambda: sizes.append(near.open(KEY, fingerprint(data)).nbytes))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sizes == [len(data)] * 8
    assert len(kept(near)) == 1


def test_a_folder_that_can_not_be_written_serves_from_the_store(
    near: NearbyStore, far: Counted, data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    near.put(KEY, data)

    def full(_path: Path, _data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    for _ in range(2):
        assert near.open(KEY, fingerprint(data)).nbytes == len(data)
    assert (far.reads, kept(near)) == (2, [])
