"""The run folder: nothing is overwritten, what is written comes back, what is wrong is named."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from gpu_ablate.errors import ResultError
from gpu_ablate.result import store
from gpu_ablate.result.records import FolderRecords
from gpu_ablate.result.result import Records, Result
from gpu_ablate.result.store import folder_for, load_metrics, load_result, write_result

METRICS = {
    "schema_version": 1, "status": "done", "scene": "s", "grid": {}, "time": {}, "energy": {}, "zones": {},
    "targets": [], "collateral": {}, "limits": [], "verdict": {"why": "größer"}, "sensors": {}, "bracket": None,
}  # fmt: skip


@pytest.fixture(autouse=True)
def _two_papers(monkeypatch: pytest.MonkeyPatch) -> None:
    papers = {"Pennes1948": "@article{Pennes1948,\n}", "Other1999": "@article{Other1999,\n}"}
    monkeypatch.setattr(store, "bibliography", lambda: papers)


def test_folders_count_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    made = [folder_for("breast", None) for _ in range(3)]
    assert made == [Path("runs/breast"), Path("runs/breast-2"), Path("runs/breast-3")]
    assert all(folder.is_dir() for folder in made)


def test_an_empty_or_new_folder_is_taken(tmp_path: Path) -> None:
    assert folder_for("breast", tmp_path) == tmp_path
    assert folder_for("breast", tmp_path / "a" / "b").is_dir()


@pytest.mark.parametrize(
    ("holds", "says"),
    [("result.vtkhdf", "finished run"), ("checkpoint.h5", "resume .*mine"), ("notes.txt", "not empty")],
)
def test_a_used_folder_is_refused_and_left_alone(holds: str, says: str, tmp_path: Path) -> None:
    out = tmp_path / "mine"
    (out / holds).parent.mkdir(parents=True)
    (out / holds).write_text("precious")
    with pytest.raises(ResultError, match=f"mine.*(.|\n)*{says}(.|\n)*--out"):
        folder_for("breast", out)
    assert (out / holds).read_text() == "precious"


def test_a_file_is_no_run_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ResultError, match="is a file"):
        folder_for("breast", tmp_path / "file")


@pytest.mark.parametrize("out", ["file/below", "nowhere/../" + "x" * 300, "/proc/run"])
def test_where_no_folder_can_be_made_is_said(out: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ResultError, match=r"no run folder can be made there(.|\n)*--out"):
        folder_for("breast", tmp_path / out)


def test_a_dangling_link_is_no_run_folder(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    with pytest.raises(ResultError, match="link to nothing"):
        folder_for("breast", tmp_path / "link")


def test_runs_that_is_a_file_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").write_text("")
    with pytest.raises(ResultError, match="runs: no run folder can be made there"):
        folder_for("breast", None)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[1, 2]", "no JSON object"),
        ("{}", r"could not be measured\n  log\.txt"),
        ('{"status": "done"}', "lacking or of the wrong type: schema_version, scene"),
        ("{", "is damaged"),
        ("[" * 100000, "is damaged"),
        ("\udcff", "is damaged"),
    ],
)
def test_damaged_metrics_are_said_with_one_remedy(text: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "metrics.json").write_text(text, encoding="utf-8", errors="surrogateescape")
    with pytest.raises(ResultError, match=says) as caught:
        load_metrics(tmp_path)
    assert len(str(caught.value).splitlines()) == 2


@pytest.mark.parametrize(
    "lost", ["VTKHDF/CellData/temperature", "VTKHDF/CellData/labels", "VTKHDF/Steps", "gpu_ablate/setup", "gpu_ablate"]
)
def test_a_missing_dataset_is_said(lost: str, tmp_path: Path, result: Result) -> None:
    write_result(result, METRICS, tmp_path)
    with h5py.File(tmp_path / "result.vtkhdf", "a") as file:
        del file[lost]
    with pytest.raises(ResultError, match="cannot be read as a result"):
        load_result(tmp_path)


def test_a_dataset_of_another_shape_is_said(tmp_path: Path, result: Result) -> None:
    write_result(result, METRICS, tmp_path)
    with h5py.File(tmp_path / "result.vtkhdf", "a") as file:
        del file["VTKHDF/CellData/temperature"]
        file["VTKHDF/CellData/temperature"] = np.zeros((1, 4, 5, 6), np.float32)
    with pytest.raises(ResultError, match="recorded times"):
        load_result(tmp_path)


def test_a_written_folder_is_whole(tmp_path: Path, make_result: Callable[[Records], Result]) -> None:
    (tmp_path / "scene.toml").write_text("schema_version = 1\n")
    result = make_result(FolderRecords(tmp_path))
    expected = [result.records.read(i, "temperature") for i in range(len(result.records.times))]
    write_result(result, METRICS, tmp_path)

    names = {"scene.toml", "result.vtkhdf", "metrics.json", "traces.csv", "references.bib"}
    assert {path.name for path in tmp_path.iterdir()} == names
    back = load_result(tmp_path)
    for index, values in enumerate(expected):
        np.testing.assert_array_equal(back.records.read(index, "temperature"), values)
    assert load_metrics(tmp_path) == METRICS
    assert (tmp_path / "references.bib").read_text() == "@article{Pennes1948,\n}\n"
    with h5py.File(tmp_path / "result.vtkhdf") as file:
        assert file["gpu_ablate/scene"].asstr()[()] == "schema_version = 1\n"
        assert json.loads(file["gpu_ablate/metrics"][()]) == METRICS


def test_an_interrupted_run_keeps_what_it_needs_to_go_on(
    tmp_path: Path, make_result: Callable[[Records], Result]
) -> None:
    result = make_result(FolderRecords(tmp_path))
    (tmp_path / "checkpoint.h5").touch()
    result.status = "interrupted"
    write_result(result, METRICS, tmp_path)
    assert load_result(tmp_path).records.times == FolderRecords(tmp_path).times == result.records.times
    assert (tmp_path / "checkpoint.h5").exists()
    result.status = "done"
    write_result(result, METRICS, tmp_path)
    assert load_result(tmp_path).records.times == result.records.times
    assert not (tmp_path / "checkpoint.h5").exists()
    assert not (tmp_path / "records").exists()


def test_traces_are_a_plain_table(tmp_path: Path, result: Result) -> None:
    write_result(result, METRICS, tmp_path)
    with (tmp_path / "traces.csv").open(newline="") as file:
        header, *rows = csv.reader(file)
    assert header == list(result.traces)
    assert header[0] == "time_s"
    for column, values in enumerate(result.traces.values()):
        np.testing.assert_allclose([float(row[column]) for row in rows], values, rtol=1e-5)


def test_metrics_that_are_not_finite_keep_the_fields(tmp_path: Path, result: Result) -> None:
    with pytest.raises(ValueError, match="JSON"):
        write_result(result, {"volume": float("nan")}, tmp_path)
    assert load_result(tmp_path).records.times == result.records.times


def test_a_failed_write_leaves_the_records_and_no_half_file(
    tmp_path: Path, make_result: Callable[[Records], Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    result = make_result(FolderRecords(tmp_path))

    def full_disk(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(FolderRecords, "copy_packed", full_disk)
    with pytest.raises(OSError, match="no space"):
        write_result(result, METRICS, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["records"]
    assert FolderRecords(tmp_path).times == result.records.times


def test_what_is_no_run_is_said(tmp_path: Path) -> None:
    with pytest.raises(ResultError, match="no such run folder"):
        load_result(tmp_path / "nowhere")
    with pytest.raises(ResultError, match=r"holds no result\.vtkhdf"):
        load_result(tmp_path)
    with pytest.raises(ResultError, match=r"metrics\.json"):
        load_metrics(tmp_path)
    (tmp_path / "checkpoint.h5").touch()
    for load in (load_result, load_metrics):
        with pytest.raises(ResultError, match=r"has not ended\n.*resume"):
            load(tmp_path)
