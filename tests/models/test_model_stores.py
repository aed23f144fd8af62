"""What every store of versions promises; each test runs on each kind of store."""

import threading

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.models.conftest import STORES

from modelfleet.errors import CheckpointDamaged, CheckpointMissing, InvalidInput
from modelfleet.models import Header, Store, fingerprint, key, write

KEY = key("harbour-dental", "team", "20261122T170000.000000Z")
ADMITTED = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,127}", fullmatch=True)
UNSAFE = [
    "",
    "/",
    "/etc/passwd",
    "..",
    "../outside",
    "a/../../outside",
    "a/./b",
    "a//b",
    "a/",
    "a\\..\\b",
    ".hidden",
    "a\nb",
    "a\n",
    "a\0b",
    "a%2e%2e/b",
    "a" * 201,
]


def test_what_was_put_is_what_is_opened(store: Store, data: bytes, header: Header) -> None:
    store.put(KEY, data)
    checkpoint = store.open(KEY, fingerprint(data))
    assert checkpoint.header == header
    assert checkpoint.arrays["keys"].tolist() == list(range(40))


def test_putting_the_same_file_twice_is_fine(store: Store, data: bytes, header: Header) -> None:
    store.put(KEY, data)
    store.put(KEY, data)
    assert store.open(KEY, fingerprint(data)).header == header


def test_a_version_that_was_never_put_is_missing(store: Store, data: bytes) -> None:
    with pytest.raises(CheckpointMissing, match="harbour-dental"):
        store.open(KEY, fingerprint(data))
    store.put(KEY, data)
    with pytest.raises(CheckpointMissing):
        store.open(KEY.rpartition("/")[0], fingerprint(data))


def test_a_deleted_version_is_missing_and_deleting_again_is_fine(store: Store, data: bytes) -> None:
    store.delete(KEY)
    store.put(KEY, data)
    store.delete(KEY)
    store.delete(KEY)
    with pytest.raises(CheckpointMissing):
        store.open(KEY, fingerprint(data))


def test_only_what_was_published_is_opened(store: Store, data: bytes) -> None:
    store.put(KEY, data[:-1])
    with pytest.raises(CheckpointDamaged, match="harbour-dental"):
        store.open(KEY, fingerprint(data))
    with pytest.raises(CheckpointDamaged, match="harbour-dental"):
        store.open(KEY, fingerprint(data[:-1]))


def test_a_damaged_file_is_mended_by_putting_it_again(store: Store, data: bytes) -> None:
    store.put(KEY, data[:100])
    store.put(KEY, data)
    assert store.open(KEY, fingerprint(data)).nbytes == len(data)


def test_an_open_model_outlives_its_file(store: Store, header: Header) -> None:
    large = write(header, {"ones": np.ones(5 * 2**20, np.uint8)})
    store.put(KEY, large)
    checkpoint = store.open(KEY, fingerprint(large))
    store.put(KEY, b"something else")
    store.delete(KEY)
    assert checkpoint.arrays["ones"].all()


# not on this S3 server: unlike S3 itself it cuts answers off whose file is replaced meanwhile
@pytest.mark.parametrize("store", STORES, indirect=True)
def test_a_reader_meets_one_whole_version_or_the_other(store: Store, header: Header) -> None:
    small, large = (write(header, {"weights": np.ones(size)}) for size in (10, 300_000))
    store.put(KEY, small)
    known = {fingerprint(small), fingerprint(large)}
    finished = threading.Event()

    def replace_many_times() -> None:
        for _ in range(20):
            store.put(KEY, large)
            store.put(KEY, small)
        finished.set()

    writer = threading.Thread(target=replace_many_times)
    writer.start()
    while not finished.is_set():
        assert whole_version(store, known)
    writer.join()


def whole_version(store: Store, known: set[str]) -> bool:
    """Whether the file has one of the ``known`` fingerprints, as an error names what it found."""
    with pytest.raises(CheckpointDamaged) as damaged:
        store.open(KEY, "none")
    return any(one in str(damaged.value) for one in known)


@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(tenant=ADMITTED, task=ADMITTED, version=ADMITTED)
def test_any_admitted_name_has_a_place_of_its_own(
    store: Store, header: Header, tenant: str, task: str, version: str
) -> None:
    header = msgspec.structs.replace(header, tenant=tenant, task=task, version=version)
    written = write(header, {})
    store.put(key(tenant, task, version), written)
    assert store.open(key(tenant, task, version), fingerprint(written)).header == header


@pytest.mark.parametrize("unsafe", UNSAFE)
def test_a_key_never_leaves_the_store(store: Store, data: bytes, unsafe: str) -> None:
    with pytest.raises(InvalidInput):
        store.put(unsafe, data)
    with pytest.raises(InvalidInput):
        store.open(unsafe, fingerprint(data))
    with pytest.raises(InvalidInput):
        store.delete(unsafe)


@pytest.mark.parametrize("name", [*UNSAFE, "a/b", "a" * 129, "ü"])
def test_a_key_is_made_of_admitted_names_only(name: str) -> None:
    for names in ((name, "team", "1"), ("tenant", name, "1"), ("tenant", "team", name)):
        with pytest.raises(InvalidInput):
            key(*names)


def test_no_folder_has_an_entry_per_tenant() -> None:
    keys = [key(f"tenant-{number}", "team", "1") for number in range(10_000)]
    folders = [key.split("/")[0] for key in keys]
    assert len(set(folders)) == 256
    assert max(folders.count(folder) for folder in set(folders)) < 100
    assert keys[7].endswith("/tenant-7/team/1.safetensors")
