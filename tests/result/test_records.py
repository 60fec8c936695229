"""Records: whole files only, rounded as promised, both kinds alike."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gpu_ablate.errors import ResultError
from gpu_ablate.result.records import FolderRecords, MemoryRecords

WRITER = """
import sys
import numpy as np
from pathlib import Path
from gpu_ablate.result.records import FolderRecords
records = FolderRecords(Path(sys.argv[1]))
rng = np.random.default_rng(1)
for i in range(100000):
    records.append(float(i), {"temperature": np.full((40, 40, 40), i, np.float32) + rng.random((40, 40, 40))})
"""


@pytest.mark.parametrize("kind", ["memory", "folder"])
def test_fields_come_back_at_their_time(
    kind: str, tmp_path: Path, fields: Callable[[float], dict[str, np.ndarray]]
) -> None:
    records = MemoryRecords() if kind == "memory" else FolderRecords(tmp_path)
    for time_s in (0.0, 12.5):
        records.append(time_s, fields(time_s))
    assert records.times == [0.0, 12.5]
    assert sorted(records.names) == ["cem43", "temperature"]
    for index, time_s in enumerate(records.times):
        assert records.read(index, "temperature").dtype == np.float32
        np.testing.assert_allclose(records.read(index, "temperature"), fields(time_s)["temperature"], atol=0.005)
        np.testing.assert_array_equal(records.read(index, "cem43"), fields(time_s)["cem43"].astype(np.float32))


def test_memory_keeps_a_copy() -> None:
    field = np.zeros((1, 1, 2), np.float32)
    records = MemoryRecords()
    records.append(0.0, {"temperature": field})
    field += 1
    assert not records.read(0, "temperature").any()


def test_body_temperature_is_kept_exactly(tmp_path: Path) -> None:
    records = FolderRecords(tmp_path)
    records.append(0.0, {"temperature": np.full((2, 2, 2), 37.0, np.float32)})
    assert (records.read(0, "temperature") == 37.0).all()


def test_a_kill_while_writing_leaves_only_whole_records(tmp_path: Path) -> None:
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)])
    try:
        deadline = time.monotonic() + 30
        while len(list((tmp_path / "records").glob("*.h5"))) < 5 and time.monotonic() < deadline:
            time.sleep(0.01)
    finally:
        writer.kill()
        writer.wait()
    left = FolderRecords(tmp_path)
    assert len(left.times) >= 5
    for index, time_s in enumerate(left.times):
        field = left.read(index, "temperature")
        assert time_s <= field.min() <= field.max() <= time_s + 1


def test_a_foreign_file_among_the_records_is_named(tmp_path: Path) -> None:
    FolderRecords(tmp_path)
    (tmp_path / "records" / "000001.h5").write_text("no record")
    with pytest.raises(ResultError, match=r"000001\.h5"):
        FolderRecords(tmp_path)
