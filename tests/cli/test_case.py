"""`case`: computes what is missing, goes on with what was stopped, repeats nothing; exit codes."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest

from gpu_ablate import simulation
from gpu_ablate.cli.app import main
from gpu_ablate.result.store import load_metrics, rewrite_metrics
from tests.cli.conftest import TINY

LESION = """
[[lesion]]
name = "{name}"
{key} = "{value}"
site = "breast"
diameter_mm = 10
intent = "radical"
order = {order}
"""

CASE = ["case", "two.toml", "--out", "out", "--no-figures", "--quiet"]


def case_file(*lesions: tuple[str, str, str]) -> None:
    """Write two.toml: (name, "scene" or "run", what it names) each."""
    text = "schema_version = 1\n"
    for order, (name, key, value) in enumerate(lesions, start=1):
        text += LESION.format(name=name, key=key, value=value, order=order)
    Path("two.toml").write_text(text, encoding="utf-8")


@pytest.fixture
def two(scene: str, finished: Path) -> Path:
    """A case of the tiny scene and of a finished run, in the working folder; the folder that it goes to."""
    shutil.copytree(finished, "earlier")
    case_file(("left", "scene", scene), ("right", "run", "earlier"))
    return Path("out")


def stamps(folder: Path) -> dict[str, int]:
    """When each file of a run folder was written."""
    return {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}


def with_limit_broken(run: Path) -> None:
    metrics = load_metrics(run)
    metrics["limits"][0] |= {"status": "broken"}
    rewrite_metrics(metrics, run)


def test_what_is_missing_is_computed_and_told(two: Path, capsys: pytest.CaptureFixture[str]) -> None:
    earlier = stamps(Path("earlier"))
    assert main(CASE) == 0
    assert capsys.readouterr() == ("", "")
    assert load_metrics(two / "left")["status"] == "done"
    assert {path.name for path in two.iterdir()} == {"left", "case.html"}
    assert stamps(Path("earlier")) == earlier
    page = (two / "case.html").read_text(encoding="utf-8")
    assert 'href="left/report.html"' in page
    assert 'href="../earlier/report.html"' in page


def test_numbers_are_kept_in_english_whatever_the_report_speaks(two: Path) -> None:
    assert main([*CASE, "--language", "zh-CN"]) == 0
    assert not re.search("[\u4e00-\u9fff]", (two / "left" / "metrics.json").read_text(encoding="utf-8"))
    assert '<html lang="zh-CN">' in (two / "case.html").read_text(encoding="utf-8")


def test_an_unknown_language_is_refused_before_anything_is_computed(two: Path) -> None:
    assert main([*CASE, "--language", "fr"]) == 2
    assert not two.exists()


def test_nothing_is_computed_again(two: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(CASE) == 0
    before = stamps(two / "left")
    (two / "case.html").unlink()
    assert main([argument for argument in CASE if argument != "--quiet"]) == 0
    assert stamps(two / "left") == before
    assert capsys.readouterr().out == f"report   {two / 'case.html'}\n"


def test_a_scene_that_changed_is_refused_and_nothing_overwritten(
    two: Path, scene: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(CASE) == 0
    before = stamps(two / "left")
    Path(scene).write_text(TINY.replace("power_w = 15", "power_w = 16"), encoding="utf-8")
    assert main(CASE) == 2
    err = capsys.readouterr().err
    assert str(two / "left") in err
    assert "remove that folder" in err
    assert stamps(two / "left") == before


def test_ctrl_c_stops_and_the_same_command_goes_on(two: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    simulate = simulation.simulate

    def interrupted(case: Any, backend: str, records: Any, progress: Any, *rest: Any) -> Any:
        def seen(now: Any) -> None:
            progress(now)
            if now.time_s > 5:
                os.kill(os.getpid(), signal.SIGINT)

        return simulate(case, backend, records, seen, *rest)

    with monkeypatch.context() as patched:
        patched.setattr("gpu_ablate.simulation.simulate", interrupted)
        assert main(CASE) == 130
    assert load_metrics(two / "left")["status"] == "interrupted"
    assert not (two / "case.html").exists()
    assert main(CASE) == 0
    assert load_metrics(two / "left")["status"] == "done"
    assert "resumed from t = " in (two / "left" / "log.txt").read_text(encoding="utf-8")
    assert (two / "case.html").exists()


def test_the_worst_lesion_gives_the_exit_code(two: Path) -> None:
    with_limit_broken(Path("earlier"))
    assert main(CASE) == 3
    metrics = load_metrics(Path("earlier"))
    rewrite_metrics(metrics | {"status": "failed"}, Path("earlier"))
    assert main(CASE) == 1
    assert "this run is failed" in (two / "case.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("lesions", "says"),
    [
        ((("left", "scene", "tiny.toml"), ("left", "run", "earlier")), '"name" "left" is that of lesion "left" too'),
        ((("left", "scene", "tiny.toml"), ("right", "run", ".")), "metrics.json"),
        ((("left", "scene", "tiny.toml"), ("right", "scene", "bad.toml")), "bad.toml"),
        ((("left", "scene", "tiny.toml"), ("right", "run", "other")), '"palliative"'),
    ],
)
def test_bad_input_is_code_2_before_anything_is_computed(
    lesions: tuple[tuple[str, str, str], ...], says: str, two: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("bad.toml").write_text(TINY.replace("tip_mm = [0, 0, -30]", "tip_mm = [0, 0, -300]"), encoding="utf-8")
    shutil.copytree("earlier", "other")
    metrics = json.loads(Path("other/metrics.json").read_text(encoding="utf-8"))
    metrics["verdict"]["intent"] = "palliative"
    Path("other/metrics.json").write_text(json.dumps(metrics), encoding="utf-8")
    case_file(*lesions)
    assert main(CASE) == 2
    captured = capsys.readouterr()
    assert says in captured.err
    assert "Traceback" not in captured.err
    assert not two.exists()


def test_a_failed_run_without_numbers_is_code_1(
    two: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> None:
        raise ValueError("out of order")

    monkeypatch.setattr("gpu_ablate.simulation.simulate", broken)
    assert main(CASE) == 1
    assert "no report of the case" in capsys.readouterr().err
    assert not (two / "case.html").exists()


def test_it_goes_beside_other_runs_by_default(two: Path) -> None:
    assert main(["case", "two.toml", "--no-figures", "--quiet"]) == 0
    assert Path("runs/two/case.html").exists()
    assert Path("runs/two/left/metrics.json").exists()
