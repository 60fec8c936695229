"""What a run says on its way."""

from __future__ import annotations

from pathlib import Path

import pytest

from gpu_ablate.cli.progress import plain_lines
from gpu_ablate.cli.text import table
from gpu_ablate.engine.course import Progress
from gpu_ablate.log import RunLog


def test_plain_lines_come_ten_times_and_at_each_station(tmp_path: Path) -> None:
    log = RunLog(tmp_path / "log.txt", quiet=True)
    show = plain_lines(log)
    for step in range(1001):
        show(Progress(step * 0.6, 600.0))
        if step in (100, 101):
            show(Progress(step * 0.6, 600.0, f"A: station {step} done"))
    log.close()
    lines = (tmp_path / "log.txt").read_text().splitlines()
    assert len([line for line in lines if "left" in line]) == 10
    assert len(lines) == 12
    assert any(line.endswith("60 s  A: station 100 done") for line in lines)


def test_the_log_marks_every_line_with_the_time(tmp_path: Path) -> None:
    log = RunLog(tmp_path / "log.txt", quiet=True)
    log("one\ntwo")
    log.close()
    first, second = (tmp_path / "log.txt").read_text().splitlines()
    for line, text in ((first, "one"), (second, "two")):
        mark, _, rest = line.partition("] ")
        assert rest == text
        assert float(mark.strip("[ s")) >= 0


def test_a_table_has_straight_columns() -> None:
    rows = [["a", "1.0", "x"], ["long name", "-12.5", "y"]]
    title, *lines = table("t", ("name", "n", "w"), rows).splitlines()
    assert title == "t"
    assert {line.rindex(" ") for line in lines} == {lines[0].rindex(" ")}  # numbers end in one column
    assert {line[2] for line in lines} == {"n", "a", "l"}  # names begin in one
    assert table("t", ("name",), []) == ""


def test_time_left_does_not_count_what_passed_before_the_first_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([0.0, 100.0, 101.0])  # 100 s of compiling, then a tenth of the run in 1 s
    monkeypatch.setattr("gpu_ablate.cli.progress.time.monotonic", lambda: next(clock, 101.0))
    lines: list[str] = []
    show = plain_lines(lines.append)  # type: ignore[arg-type]
    show(Progress(1.0, 100.0))
    show(Progress(11.0, 100.0))
    assert lines == ["11 s of 100 s (11%), about 9 s left"]
