"""result.vtkhdf: VTK's own reader finds the same values at every time; the set-up comes back whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields as fields_of
from pathlib import Path

import h5py
import numpy as np
import pytest
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkCommonExecutionModel import vtkStreamingDemandDrivenPipeline
from vtkmodules.vtkIOHDF import vtkHDFReader

from gpu_ablate.errors import ResultError
from gpu_ablate.result import files
from gpu_ablate.result.records import FolderRecords, MemoryRecords
from gpu_ablate.result.result import Records, Result
from gpu_ablate.result.vtkhdf import SCHEMA_VERSION, read_vtkhdf, write_vtkhdf


def opened(path: Path) -> vtkHDFReader:
    reader = vtkHDFReader()
    reader.SetFileName(str(path))
    reader.UpdateInformation()
    return reader


@pytest.mark.parametrize("slab", [files.CHUNK_BYTES, 2 * 5 * 6 * 4 + 1], ids=["one slab", "two planes each"])
@pytest.mark.parametrize("kind", ["memory", "folder"])
def test_vtk_reads_every_field_at_every_time(
    kind: str,
    slab: int,
    tmp_path: Path,
    make_result: Callable[[Records], Result],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(files, "CHUNK_BYTES", slab)
    result = make_result(MemoryRecords() if kind == "memory" else FolderRecords(tmp_path))
    path = tmp_path / "result.vtkhdf"
    write_vtkhdf(result, {}, "", path)

    reader = opened(path)
    times = reader.GetOutputInformation(0).Get(vtkStreamingDemandDrivenPipeline.TIME_STEPS())
    assert list(times) == result.records.times
    for index, time_s in enumerate(times):
        reader.UpdateTimeStep(time_s)
        cells = reader.GetOutput().GetCellData()
        expected = {name: result.records.read(index, name) for name in result.records.names}
        expected["labels"] = result.setup.labels
        expected |= {f"final_{name}": values for name, values in result.final.items()}
        assert {cells.GetArrayName(i) for i in range(cells.GetNumberOfArrays())} == set(expected)
        for name, values in expected.items():
            np.testing.assert_array_equal(vtk_to_numpy(cells.GetArray(name)), values.ravel(), name)


def test_vtk_finds_a_cell_where_the_grid_says(tmp_path: Path, result: Result) -> None:
    path = tmp_path / "result.vtkhdf"
    write_vtkhdf(result, {}, "", path)
    reader = opened(path)
    reader.UpdateTimeStep(0.0)
    image = reader.GetOutput()
    x, y, z = result.setup.grid.axes()
    for k, j, i in ((0, 0, 0), (3, 4, 5), (1, 2, 3)):
        cell = image.FindCell((x[i] * 1e3, y[j] * 1e3, z[k] * 1e3), None, 0, 1e-6, *_places())
        assert cell == np.ravel_multi_index((k, j, i), result.setup.grid.shape)


def _places() -> tuple[object, list[float], list[float]]:
    from vtkmodules.vtkCommonCore import reference

    return reference(0), [0.0] * 3, [0.0] * 8


def test_all_of_a_result_comes_back(tmp_path: Path, result: Result) -> None:
    path = tmp_path / "result.vtkhdf"
    write_vtkhdf(result, {"status": "done"}, "schema_version = 1\n", path)
    back = read_vtkhdf(path)

    for field in fields_of(result.setup):
        written, read = getattr(result.setup, field.name), getattr(back.setup, field.name)
        if field.name == "labels":
            np.testing.assert_array_equal(read, written)
            assert read.dtype == np.uint8
        elif field.name == "surfaces":
            assert list(read) == list(written)
            for name in written:
                np.testing.assert_array_equal(read[name].points, written[name].points)
                np.testing.assert_array_equal(read[name].faces, written[name].faces)
        else:
            assert read == written, field.name
    for name in ("status", "energy", "stations", "run", "provenance"):
        assert getattr(back, name) == getattr(result, name)
    assert list(back.traces) == list(result.traces)
    for name, values in result.traces.items():
        np.testing.assert_array_equal(back.traces[name], values)
    assert set(back.final) == set(result.final)
    for name, values in result.final.items():
        np.testing.assert_array_equal(back.final[name], values)
    assert back.records.times == result.records.times
    assert back.records.names == result.records.names
    for index in range(len(back.records.times)):
        for name in back.records.names:
            np.testing.assert_array_equal(back.records.read(index, name), result.records.read(index, name))
    np.testing.assert_array_equal(back.temperature(3.75), result.temperature(3.75))


@pytest.mark.parametrize("kept", [0, 1])
def test_a_run_stopped_at_its_first_record_is_readable(
    kept: int, tmp_path: Path, result: Result, fields: Callable[[float], dict[str, np.ndarray]]
) -> None:
    records = MemoryRecords()
    for _ in range(kept):
        records.append(0.0, fields(0.0))
    result.records, result.status = records, "interrupted"
    path = tmp_path / "result.vtkhdf"
    write_vtkhdf(result, {}, "", path)

    reader = opened(path)
    reader.Update()
    cells = reader.GetOutput().GetCellData()
    np.testing.assert_array_equal(vtk_to_numpy(cells.GetArray("labels")), result.setup.labels.ravel())
    back = read_vtkhdf(path)
    assert back.records.times == records.times
    np.testing.assert_array_equal(back.final["cem43"], result.final["cem43"])
    for name in records.names:
        np.testing.assert_array_equal(back.records.read(0, name), records.read(0, name))
        np.testing.assert_array_equal(vtk_to_numpy(cells.GetArray(name)), records.read(0, name).ravel())


def test_a_newer_schema_is_refused(tmp_path: Path, result: Result) -> None:
    path = tmp_path / "result.vtkhdf"
    write_vtkhdf(result, {}, "", path)
    with h5py.File(path, "a") as file:
        file["gpu_ablate"].attrs["schema_version"] = SCHEMA_VERSION + 1
    with pytest.raises(ResultError, match=r"result\.vtkhdf.*newer(.|\n)*upgrade"):
        read_vtkhdf(path)


def test_damage_is_said_with_the_file(tmp_path: Path, result: Result) -> None:
    path = tmp_path / "result.vtkhdf"
    write_vtkhdf(result, {}, "", path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ResultError, match=r"result\.vtkhdf"):
        read_vtkhdf(path)
    path.write_bytes(whole)
    with h5py.File(path, "a") as file:
        del file["gpu_ablate/setup"]
        file["gpu_ablate/setup"] = "{}"
    with pytest.raises(ResultError, match=r"result\.vtkhdf"):
        read_vtkhdf(path)


def test_a_finished_run_takes_no_more_records(tmp_path: Path, result: Result) -> None:
    path = tmp_path / "result.vtkhdf"
    write_vtkhdf(result, {}, "", path)
    with pytest.raises(ResultError, match="finished"):
        read_vtkhdf(path).records.append(99.0, {})
