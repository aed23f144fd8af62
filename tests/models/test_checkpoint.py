"""What a version's file promises: the same bytes, exact contents, and no damage unseen."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import safetensors.numpy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of
from numpy.typing import NDArray
from safetensors import safe_open

from modelfleet.errors import (
    CheckpointDamaged,
    CheckpointMissing,
    CheckpointUnusable,
    InvalidInput,
    StoreUnavailable,
)
from modelfleet.models import Checkpoint, Header, fingerprint, write

Arrays = dict[str, NDArray[Any]]

ONE_FILE_FOR_ALL = settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False).filter(np.isfinite)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
JSON = st.recursive(
    SCALARS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
DTYPES = st.sampled_from(["f2", "f4", "f8", "u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", "?"])
SHAPES = arrays_of.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5)
NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=12).filter("__metadata__".__ne__)

LARGE = 5 * 2**20

# Written again by another process: the same names in another order, a hash seed of its own.
WRITE_ELSEWHERE = """
import sys
import msgspec
import numpy as np
import safetensors.numpy
from modelfleet.models import Checkpoint, Header, fingerprint, write
checkpoint = Checkpoint.open_file(sys.argv[1])
recipe = dict(reversed(checkpoint.header.recipe.items()))
arrays = {name: checkpoint.arrays[name] for name in sorted(checkpoint.arrays, reverse=True)}
print(fingerprint(write(msgspec.structs.replace(checkpoint.header, recipe=recipe), arrays)))
"""


def assert_same(found: object, expected: NDArray[Any]) -> None:
    assert isinstance(found, np.ndarray)
    assert found.shape == expected.shape
    assert found.dtype == expected.dtype.newbyteorder("<")
    assert found.tobytes() == expected.astype(found.dtype).tobytes()


def test_what_was_written_is_what_is_opened(data: bytes, header: Header, arrays: Arrays) -> None:
    checkpoint = Checkpoint.open_bytes(data)
    assert checkpoint.header == header
    assert set(checkpoint.arrays) == set(arrays)
    assert checkpoint.nbytes == len(data)
    for name, array in arrays.items():
        assert_same(checkpoint.arrays[name], array)


@ONE_FILE_FOR_ALL
@given(
    recipe=st.dictionaries(TEXTS, JSON, max_size=4),
    labels=st.lists(TEXTS).map(tuple),
    named=st.dictionaries(NAMES, arrays_of.arrays(DTYPES, SHAPES), max_size=4),
)
def test_any_recipe_labels_and_arrays_come_back(
    header: Header, recipe: dict[str, Any], labels: tuple[str, ...], named: Arrays
) -> None:
    header = msgspec.structs.replace(header, recipe=recipe, labels=labels)
    written = write(header, named)
    checkpoint = Checkpoint.open_bytes(written, fingerprint(written))
    assert checkpoint.header == header
    assert set(checkpoint.arrays) == set(named)
    for name, array in named.items():
        assert_same(checkpoint.arrays[name], array)


@pytest.mark.parametrize("seed", ["1", "2"])
def test_the_same_version_has_the_same_bytes_in_every_process(
    data: bytes, tmp_path: Path, seed: str
) -> None:
    path = tmp_path / "version.safetensors"
    path.write_bytes(data)
    output = subprocess.check_output(  # noqa: S603 - our own interpreter, our own program
        [sys.executable, "-c", WRITE_ELSEWHERE, str(path)],
        env={**os.environ, "PYTHONHASHSEED": seed},
        text=True,
    )
    assert output.strip() == fingerprint(data)


def test_how_an_array_lay_in_memory_makes_no_difference(header: Header) -> None:
    table = np.arange(12, dtype=np.float32).reshape(3, 4)
    expected = write(header, {"table": table})
    assert write(header, {"table": np.asfortranarray(table)}) == expected
    assert write(header, {"table": table.astype(">f4")}) == expected
    assert write(header, {"table": np.repeat(table, 2, axis=1)[:, ::2]}) == expected


def test_the_safetensors_library_reads_the_same(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "version.safetensors"
    path.write_bytes(data)
    ours = Checkpoint.open_file(path).arrays
    theirs = safetensors.numpy.load(data)
    assert set(ours) == set(theirs)
    for name, array in theirs.items():
        assert_same(ours[name], array)
    with safe_open(path, framework="numpy") as file:
        assert list(file.metadata()) == ["modelfleet"]


@pytest.mark.parametrize("length", [0, LARGE])
def test_arrays_are_aligned_read_only_views_of_the_file(
    header: Header, arrays: Arrays, tmp_path: Path, length: int
) -> None:
    path = tmp_path / "version.safetensors"
    path.write_bytes(write(header, {**arrays, "more": np.ones(length, np.uint8)}))
    checkpoint = Checkpoint.open_file(path)
    for name, array in checkpoint.arrays.items():
        assert not array.flags.writeable
        assert not array.flags.owndata
        assert array.flags.aligned
        assert_same(array, arrays.get(name, np.ones(length, np.uint8)))


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts descriptors as Linux does")
def test_thousands_of_small_models_need_no_descriptors_and_no_maps(
    data: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "version.safetensors"
    path.write_bytes(data)
    before = descriptors()
    open_models = [Checkpoint.open_file(path) for _ in range(200)]
    assert descriptors() == before
    assert path.name not in Path("/proc/self/maps").read_text()
    assert len(open_models) == 200


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@ONE_FILE_FOR_ALL
@given(place=st.integers(min_value=0), change=st.integers(1, 255))
def test_any_altered_byte_is_found(data: bytes, place: int, change: int) -> None:
    altered = bytearray(data)
    altered[place % len(data)] ^= change
    with pytest.raises(CheckpointUnusable):
        Checkpoint.open_bytes(bytes(altered))


def test_every_altered_byte_of_the_header_is_found(data: bytes) -> None:
    for place in range(8 + int.from_bytes(data[:8], "little")):
        altered = bytearray(data)
        altered[place] ^= 1
        with pytest.raises(CheckpointUnusable):
            Checkpoint.open_bytes(bytes(altered))


@ONE_FILE_FOR_ALL
@given(length=st.integers(min_value=0))
def test_a_truncated_or_extended_file_is_refused(data: bytes, length: int) -> None:
    with pytest.raises(CheckpointDamaged):
        Checkpoint.open_bytes(data[: length % len(data)])
    with pytest.raises(CheckpointDamaged):
        Checkpoint.open_bytes(data + bytes(length % 100 + 1))


@settings(deadline=None)
@given(
    text=st.binary(max_size=200) | JSON.map(msgspec.json.encode),
    length=st.none() | st.integers(0, 2**64 - 1),
)
def test_any_other_file_is_refused_and_never_crashes(text: bytes, length: int | None) -> None:
    claimed = len(text) if length is None else length
    with pytest.raises(CheckpointDamaged):
        Checkpoint.open_bytes(claimed.to_bytes(8, "little") + text)
    with pytest.raises(CheckpointDamaged):
        Checkpoint.open_bytes(text)


@pytest.mark.parametrize("depth", [10, 100_000])
def test_a_header_nested_without_end_is_refused(depth: int) -> None:
    text = b'{"a":' + b"[" * depth
    with pytest.raises(CheckpointDamaged):
        Checkpoint.open_bytes(len(text).to_bytes(8, "little") + text)


def test_a_file_of_another_program_is_refused(arrays: Arrays) -> None:
    with pytest.raises(CheckpointDamaged, match="modelfleet didn't write it"):
        Checkpoint.open_bytes(safetensors.numpy.save(arrays))
    with pytest.raises(CheckpointDamaged, match="unreadable"):
        Checkpoint.open_bytes(safetensors.numpy.save(arrays, metadata={"modelfleet": "{}"}))


@pytest.mark.parametrize(
    "span",
    [
        '{"dtype":"F32","shape":[4],"data_offsets":[0,12]}',
        '{"dtype":"F32","shape":[3],"data_offsets":[4,16]}',
        '{"dtype":"F32","shape":[4],"data_offsets":[-16,0]}',
        '{"dtype":"F32","shape":[-4],"data_offsets":[0,16]}',
        '{"dtype":"F32","shape":[8],"data_offsets":[0,32]}',
        '{"dtype":"F32","shape":[2],"data_offsets":[0,8]}',
        '{"dtype":"F32","shape":[4],"data_offsets":[0,16],"more":1}',
        '{"dtype":"O","shape":[2],"data_offsets":[0,16]}',
        '{"dtype":"BF16","shape":[8],"data_offsets":[0,16]}',
        '{"dtype":"F32","shape":[36893488147419103232],"data_offsets":[0,16]}',
    ],
)
def test_an_array_outside_its_place_is_refused(span: str) -> None:
    text = f'{{"a":{span}}}'.encode()
    with pytest.raises(CheckpointDamaged, match=r"array|safetensors"):
        Checkpoint.open_bytes(len(text).to_bytes(8, "little") + text + bytes(16))


@pytest.mark.parametrize("shape", [f"[0,{2**70}]", str([0] + [1] * 70), f"[0,{2**62},{2**62}]"])
def test_an_impossible_shape_under_a_right_digest_is_refused(header: Header, shape: str) -> None:
    written = write(header, {"none": np.zeros((0, 7))})
    digest = Checkpoint.open_bytes(written).digest.encode()
    text = written[8:].replace(b"[0,7]", shape.encode()).replace(digest, b"0" * 64)
    forged = len(text).to_bytes(8, "little") + text
    sealed = forged.replace(b"0" * 64, hashlib.sha256(forged).hexdigest().encode(), 1)
    with pytest.raises(CheckpointDamaged, match="shape is impossible"):
        Checkpoint.open_bytes(sealed)


def test_a_file_of_a_newer_modelfleet_is_refused_by_name(header: Header, tmp_path: Path) -> None:
    path = tmp_path / "newer.safetensors"
    path.write_bytes(write(msgspec.structs.replace(header, format=3), {}))
    with pytest.raises(CheckpointUnusable, match=r"newer\.safetensors.*format 3.*up to 2"):
        Checkpoint.open_file(path)


def test_an_error_says_which_file_and_why(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "version.safetensors"
    path.write_bytes(data[:-1])
    with pytest.raises(CheckpointDamaged, match=r"version\.safetensors.*bytes of arrays"):
        Checkpoint.open_file(path)
    with pytest.raises(CheckpointDamaged, match=r"s3://bucket/version.*ends at byte 3"):
        Checkpoint.open_bytes(data[:3], name="s3://bucket/version")


def test_a_file_that_is_not_there_is_missing(tmp_path: Path) -> None:
    with pytest.raises(CheckpointMissing, match="absent"):
        Checkpoint.open_file(tmp_path / "absent")
    with pytest.raises(CheckpointMissing):
        Checkpoint.open_file(tmp_path)


def test_a_file_that_cannot_be_read_is_no_fault_of_the_file(tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    with pytest.raises(StoreUnavailable, match="loop"):
        Checkpoint.open_file(loop)


def test_another_version_than_the_published_is_refused(data: bytes, header: Header) -> None:
    other = write(msgspec.structs.replace(header, threshold=0.5), {})
    assert Checkpoint.open_bytes(data, fingerprint(data)).header == header
    with pytest.raises(CheckpointDamaged, match="fingerprint"):
        Checkpoint.open_bytes(other, fingerprint(data))


@pytest.mark.parametrize(
    "array", [np.array([object()]), np.array(["text"]), np.array([1j]), np.array([b"x"])]
)
def test_only_numbers_can_be_stored(header: Header, array: NDArray[Any]) -> None:
    with pytest.raises(InvalidInput, match=r"arrays\.odd"):
        write(header, {"odd": array})


@pytest.mark.parametrize(
    "change",
    [
        {"metrics": {"precision": float("nan")}},
        {"recipe": {"deep": [float("inf")]}},
        {"recipe": {"learner": object()}},
        {"labels": ("\ud800",)},
        {"threshold": "high"},
    ],
)
def test_a_header_that_would_not_come_back_is_not_written(
    header: Header, change: dict[str, Any]
) -> None:
    with pytest.raises(InvalidInput, match="header"):
        write(msgspec.structs.replace(header, **change), {})
