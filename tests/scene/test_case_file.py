"""Case files: what is read, and what is refused with file, lesion, field and remedy."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gpu_ablate.errors import SceneError
from gpu_ablate.paths import data_dir
from gpu_ablate.scene.case_file import CaseFile, Lesion, find_case, load_case
from gpu_ablate.scene.inputs import copy_inputs
from gpu_ablate.scene.load import load_scene
from gpu_ablate.scene.same import is_run_of
from gpu_ablate.scene.write import write_scene
from tests.cli.conftest import TINY

DOCUMENT = Path(__file__).parents[2] / "docs" / "case-format.md"

GOOD = """schema_version = 1
title = "Two lesions"

[[lesion]]
name = "first"
scene = "tiny.toml"
site = "left breast"
diameter_mm = 10
intent = "radical"
order = 2
session = 2

[[lesion]]
name = "second"
run = "there"
site = "ilium"
diameter_mm = 20.5
intent = "palliative"
order = 1
"""


def written(folder: Path, text: str) -> Path:
    """A case file in a folder with the tiny scene and a folder that stands for a run."""
    (folder / "tiny.toml").write_text(TINY, encoding="utf-8")
    (folder / "there").mkdir()
    (folder / "two.toml").write_text(text, encoding="utf-8")
    return folder / "two.toml"


def test_lesions_come_in_their_order_with_what_they_name(tmp_path: Path) -> None:
    case = load_case(written(tmp_path, GOOD))
    assert (case.name, case.title) == ("two", "Two lesions")
    assert [planned.lesion.name for planned in case.lesions] == ["second", "first"]
    second, first = case.lesions
    assert (second.scene, second.run, second.lesion.session) == (None, tmp_path / "there", 1)
    assert first.run is None
    assert first.scene == load_scene(tmp_path / "tiny.toml")


BAD = {
    "an unknown key": ('site = "ilium"', 'side = "ilium"', ['lesion "second"', '"side"', 'did you mean "site"']),
    "a patient's id": ("order = 1", 'order = 1\npatient_id = "7"', ['lesion "second"', 'unknown key "patient_id"']),
    "no diameter": ("diameter_mm = 10\n", "", ['lesion "first"', '"diameter_mm" is missing', "keys here"]),
    "a diameter of nothing": ("20.5", "0", ['lesion "second"', "diameter_mm", "greater than 0"]),
    "a text for a number": ("20.5", '"20"', ['lesion "second"', "must be a number"]),
    "another intent": ('"palliative"', '"paliative"', ["must not be", 'did you mean "palliative"']),
    "two names alike": ('"second"', '"First"', ['lesion "First"', "capitals make no difference"]),
    "two orders alike": ("order = 1", "order = 2", ['lesion "second"', '"order" 2 is that of lesion "first"']),
    "an order against the sessions": ("order = 1", "order = 3", ['lesion "second"', "session 2", "by session"]),
    "scene and run": ('run = "there"', 'run = "there"\nscene = "tiny.toml"', ['lesion "second"', "only one of them"]),
    "neither": ('run = "there"\n', "", ['lesion "second"', "scene", "run", "only one of them"]),
    "a scene that is not there": ('"tiny.toml"', '"breast_pulback"', ['lesion "first"', 'did you mean "breast_pull']),
    "a run that is not there": ('"there"', '"gone"', ['lesion "second"', 'run "gone": no such folder']),
    "a name that is no folder's": ('"second"', '"a/b"', ["names the run folder too"]),
    "the name of the page": ('"second"', '"case.html"', ["names the run folder too"]),
    "no lesion": (GOOD[GOOD.index("[[lesion]]") :], "lesion = []\n", ["lesion", "must not be empty"]),
    "another version": ("schema_version = 1", "schema_version = 2", ["schema_version"]),
    "not TOML": ("title =", "title", ["is not valid TOML"]),
    "an intent that is not the scene's": (
        'intent = "radical"',
        'intent = "palliative"',
        ['lesion "first"', '"palliative" does not agree', 'scene "tiny.toml"', '"radical"', "change it here"],
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_refused_with_where_what_and_remedy(name: str, tmp_path: Path) -> None:
    old, new, fragments = BAD[name]
    assert old in GOOD
    path = written(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(SceneError) as caught:
        load_case(path)
    for fragment in ("two.toml", *fragments):
        assert fragment in str(caught.value)


def test_one_run_is_not_counted_twice(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD.replace('scene = "tiny.toml"', 'run = "there"'))
    with pytest.raises(SceneError, match=r'run.* is that of lesion "first" too'):
        load_case(path)


def test_a_fault_of_a_scene_is_told_of_its_file(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD)
    (tmp_path / "tiny.toml").write_text(TINY.replace("spacing_mm", "spacing_m"), encoding="utf-8")
    with pytest.raises(SceneError, match=r"tiny\.toml: \[domain\].*spacing_m"):
        load_case(path)


def test_a_case_is_a_file_or_shipped(tmp_path: Path) -> None:
    with pytest.raises(SceneError, match="is a folder"):
        find_case(tmp_path)
    with pytest.raises(SceneError, match='did you mean "breast_with_bone_metastases"'):
        find_case("breast_with_bone_metastasis")


@pytest.mark.parametrize("path", sorted((data_dir("scenes") / "cases").glob("*.toml")), ids=lambda path: path.stem)
def test_shipped_cases_are_read(path: Path) -> None:
    case = load_case(path.stem)
    assert len(case.lesions) >= 2
    assert case.title


def test_the_document_names_every_key() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    keys = {*Lesion.model_fields, *CaseFile.model_fields}
    assert {key for key in keys if f"`{key}`" not in text and f"[[{key}]]" not in text} == set()


def test_the_example_of_the_document_is_read(tmp_path: Path) -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "runs" / "vertebra").mkdir(parents=True)
    (tmp_path / "case.toml").write_text(example, encoding="utf-8")
    assert len(load_case(tmp_path / "case.toml").lesions) == 3


def test_a_run_is_that_of_a_scene_until_either_changes(tmp_path: Path) -> None:
    file, run = tmp_path / "tiny.toml", tmp_path / "run"
    file.write_text(TINY, encoding="utf-8")
    run.mkdir()
    assert not is_run_of(load_scene(file), run)
    scene = load_scene(file)
    write_scene(scene, run / "scene.toml", copy_inputs(scene, run))
    assert is_run_of(scene, run)
    file.write_text(TINY + "# a remark changes nothing\n", encoding="utf-8")
    assert is_run_of(load_scene(file), run)
    assert not is_run_of(load_scene(file, ["probe.A.steps.0.power_w=16"]), run)


def test_a_run_is_no_longer_that_of_a_scene_whose_file_changed(tmp_path: Path) -> None:
    corners = "vertex 0 0 0\nvertex 1 0 0\nvertex 0 1 {z}\n"
    triangle = f"solid t\nfacet normal 0 0 1\nouter loop\n{corners}endloop\nendfacet\nendsolid t\n"
    mesh, file, run = tmp_path / "lesion.stl", tmp_path / "meshed.toml", tmp_path / "run"
    mesh.write_text(triangle.format(z=0), encoding="utf-8")
    text = TINY.replace('shape = { kind = "sphere", center_mm = [0, 0, -12], radius_mm = 5 }', 'mesh = "lesion.stl"')
    file.write_text(text, encoding="utf-8")
    run.mkdir()
    scene = load_scene(file)
    write_scene(scene, run / "scene.toml", copy_inputs(scene, run))
    assert is_run_of(scene, run)
    mesh.write_text(triangle.format(z=1), encoding="utf-8")
    assert not is_run_of(scene, run)
