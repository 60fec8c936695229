"""Reading a scene, writing it with its defaults, and changing it on the way in."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import ValidationError

from gpu_ablate.errors import SceneError
from gpu_ablate.scene.load import load_scene, shipped_scenes
from gpu_ablate.scene.schema import Scene
from gpu_ablate.scene.write import write_scene

EVERYTHING = Path(__file__).parent / "everything.toml"

SMALL = """
schema_version = 1
[domain]
spacing_mm = 2
min_mm = [-20, -20, -20]
max_mm = [20, 20, 20]
background = "liver"
[[probe]]
name = "A"
device = "microwave_2450_16g"
tip_mm = [0, 0, -5]
shaft_direction = [0, 0, 1]
steps = [
  { action = "hold", power_w = 30, duration_s = 60 },
  { action = "pull", distance_mm = 8, speed_mm_s = 0.5 },
  { action = "rest", duration_s = 5 },
]
"""


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "small.toml"
    path.write_text(SMALL, encoding="utf-8")
    return path


def test_a_written_scene_reads_as_the_same_scene(tmp_path: Path) -> None:
    scene = load_scene(EVERYTHING)
    write_scene(scene, tmp_path / "again.toml")
    assert load_scene(tmp_path / "again.toml") == scene


@pytest.mark.parametrize("name", shipped_scenes())
def test_a_shipped_scene_written_elsewhere_reads_as_the_same_scene(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "runs" / "x"
    folder.mkdir(parents=True)
    write_scene(load_scene(name), folder / "scene.toml")
    assert load_scene(folder / "scene.toml") == load_scene(name)


def test_files_are_found_through_links_and_from_anywhere(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data").mkdir()
    labels = EVERYTHING.parent / "must_fail" / "labels_0_1_7.nii.gz"
    (tmp_path / "data" / "t.nii.gz").symlink_to(labels)
    text = SMALL + '[initial]\nimage = "data/t.nii.gz"\n'
    small.write_text(text, encoding="utf-8")
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "deep" / "er")
    monkeypatch.chdir(tmp_path)
    write_scene(load_scene("small.toml"), Path("link/scene.toml"))
    assert 'image = "../../data/t.nii.gz"' in Path("link/scene.toml").read_text(encoding="utf-8")
    assert load_scene("link/scene.toml") == load_scene(small)


def test_a_byte_order_mark_is_passed_over(small: Path) -> None:
    plain = load_scene(small)
    small.write_bytes(b"\xef\xbb\xbf" + SMALL.encode())
    assert load_scene(small) == plain


@pytest.mark.parametrize("source", ["x" * 300, ".", "small.toml/below"])
def test_what_is_no_scene_file_is_said(source: str, small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(small.parent)
    with pytest.raises(SceneError, match="\n  "):
        load_scene(source)


@pytest.mark.parametrize("value", ["9" * 400, "9" * 5000, "[" * 5000, "1e400"])
def test_monstrous_values_are_refused(small: Path, value: str) -> None:
    with pytest.raises(SceneError, match="duration_s") as caught:
        load_scene(small, [f"run.duration_s={value}"])
    assert len(str(caught.value)) < 400


def test_a_written_scene_holds_the_defaults(small: Path, tmp_path: Path) -> None:
    write_scene(load_scene(small), tmp_path / "resolved.toml")
    text = (tmp_path / "resolved.toml").read_text(encoding="utf-8")
    for line in (
        "record_every_s = 30.0",
        'perfusion_preset = "itis"',
        "h_w_m2k = 10.0",
        "temperature_c = 37.0",
        'endpoint = "cem43_240"',
        "tip_mm = [0.0, 0.0, -5.0]",
    ):
        assert line in text


def test_every_table_of_the_format_occurs_in_everything() -> None:
    assert load_scene(EVERYTHING).model_fields_set == set(Scene.model_fields)


def test_scenes_that_differ_are_not_equal(small: Path) -> None:
    assert load_scene(small) != load_scene(small, ["probe.A.steps.0.power_w=31"])


def test_a_scene_cannot_be_changed(small: Path) -> None:
    with pytest.raises(ValidationError):
        load_scene(small).domain.spacing_mm = 3.0  # type: ignore[misc]


def test_name_and_folder_come_from_the_file(small: Path) -> None:
    scene = load_scene(small)
    assert (scene.name, scene.folder, scene.path) == ("small", small.parent, small)


@pytest.mark.parametrize(
    ("override", "read", "value"),
    [
        ("probe.A.steps.0.power_w=50", lambda s: s.probe[0].steps[0].power_w, 50.0),
        ("probe.0.tip_mm=[1, 2, 3]", lambda s: s.probe[0].tip_mm, (1.0, 2.0, 3.0)),
        ("domain.background=muscle", lambda s: s.domain.background, "muscle"),
        ('domain.background="muscle"', lambda s: s.domain.background, "muscle"),
        ("run.duration_s=7", lambda s: s.run.duration_s, 7.0),
        ("boundary.z_max.temperature_c=20", lambda s: s.boundary.face("z_max").temperature_c, 20.0),
        ("tissue.liver.like=liver", lambda s: s.tissue["liver"].like, "liver"),
    ],
)
def test_an_override_sets_one_value(small: Path, override: str, read: Callable[[Scene], object], value: object) -> None:
    assert read(load_scene(small, [override])) == value


def test_spacing_replaces_the_scenes_own(small: Path) -> None:
    assert load_scene(small, spacing_mm=1.5).domain.spacing_mm == 1.5


@pytest.mark.parametrize(
    ("override", "fragment"),
    [
        ("probe.B.steps.0.power_w=50", 'no table "B"'),
        ("probe.A.steps.9.power_w=50", 'no table "9"'),
        ("probe.A.steps.0.powr_w=50", 'did you mean "power_w"?'),
        ("prob.A.device=x", 'did you mean "probe"?'),
        ("run.duration_s", "is not key.path=value"),
        ("run.duration_s=-1", "must be greater than 0"),
        ("title.x=1", "must be a text"),
    ],
)
def test_a_wrong_override_is_refused(small: Path, override: str, fragment: str) -> None:
    with pytest.raises(SceneError) as caught:
        load_scene(small, [override])
    assert fragment in str(caught.value)


def test_all_problems_are_listed_at_once(small: Path) -> None:
    wrong = SMALL.replace("power_w = 30", "power_w = -1").replace("spacing_mm", "spacing_m").replace('"A"', "3")
    small.write_text(wrong, encoding="utf-8")
    with pytest.raises(SceneError) as caught:
        load_scene(small)
    for fragment in ('unknown key "spacing_m"', '"power_w" must be 0 or more', '"name" must be a text'):
        assert fragment in str(caught.value)


def test_an_unknown_scene_names_the_nearest_shipped_one() -> None:
    for name in shipped_scenes():
        with pytest.raises(SceneError, match=f'did you mean "{name}"'):
            load_scene(name + "x")
    with pytest.raises(SceneError, match="no such file, nor a shipped scene"):
        load_scene("no/such/scene.toml")


def test_duration_is_the_longest_schedule_unless_given(small: Path) -> None:
    assert load_scene(small).duration_s() == 60 + 8 / 0.5 + 5
    assert load_scene(small, ["run.duration_s=7"]).duration_s() == 7


@pytest.mark.parametrize(("power_w", "endpoint"), [("[3.0]", "cem43_240"), ("[-3.0]", "lethal40"), ("[]", "cem43_240")])
def test_endpoint_follows_heat_and_cold(tmp_path: Path, power_w: str, endpoint: str) -> None:
    head = SMALL.split("[[probe]]")[0] + "[run]\nduration_s = 1\n"
    source = '[[source]]\nname = "s"\nshape = {{ kind = "point", point_mm = [0, 0, 0] }}\npower_w = {}\n'
    powers = [float(text) for text in power_w.strip("[]").split(",") if text]
    path = tmp_path / "source.toml"
    path.write_text(head + "".join(source.format(power) for power in powers), encoding="utf-8")
    assert load_scene(path).endpoint() == endpoint


def test_a_folder_does_not_hide_a_shipped_scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as a run folder of that name."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "breast_pullback").mkdir()
    assert load_scene("breast_pullback").name == "breast_pullback"
    (tmp_path / "mine").mkdir()
    with pytest.raises(SceneError, match="mine: is a folder"):
        load_scene("mine")
