"""What a run says on its way."""

from __future__ import annotations

from pathlib import Path

from gpu_ablate.cli.progress import plain_lines
from gpu_ablate.cli.text import table
from gpu_ablate.engine.loop import Progress
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
