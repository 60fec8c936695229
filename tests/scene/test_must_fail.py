"""Every file in must_fail/ is refused before anything is computed, with the words its first line expects."""

from pathlib import Path

import pytest

from gpu_ablate.case.build import build_case
from gpu_ablate.cli.app import main
from gpu_ablate.errors import SceneError
from gpu_ablate.scene.load import load_scene

FILES = sorted((Path(__file__).parent / "must_fail").glob("*.toml"))


def expected(path: Path) -> list[str]:
    """Fragments of the message, from the comment `# expect: one | two` on the first line."""
    first = path.read_text(encoding="utf-8").splitlines()[0]
    return [fragment.strip() for fragment in first.removeprefix("# expect:").split(" | ")]


def test_there_are_enough_of_them() -> None:
    assert len(FILES) >= 100


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_refused_with_where_what_and_remedy(path: Path) -> None:
    with pytest.raises(SceneError) as caught:
        build_case(load_scene(path))
    message = str(caught.value)
    assert path.name in message
    for fragment in expected(path):
        assert fragment in message


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_run_refuses_it_and_leaves_nothing(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["run", str(path)]) == 2
    captured = capsys.readouterr()
    assert path.name in captured.err
    assert captured.out == ""
    assert "Traceback" not in captured.err
    assert list(tmp_path.iterdir()) == []


def test_one_fault_in_a_step_is_one_problem() -> None:
    with pytest.raises(SceneError) as caught:
        load_scene(Path(__file__).parent / "must_fail" / "step_with_one_fault.toml")
    assert "must not be empty" not in str(caught.value)
