"""Whether a run folder holds the run of a scene."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from gpu_ablate.errors import SceneError
from gpu_ablate.scene.inputs import copy_inputs, fingerprints
from gpu_ablate.scene.load import load_scene
from gpu_ablate.scene.schema import Scene
from gpu_ablate.scene.write import write_scene


def is_run_of(scene: Scene, folder: Path) -> bool:
    """Whether the scene.toml of a run folder says what this scene says now, and the files that it names are the same.

    The scene is written once more, resolved, as `run` would write it; so a change of the library's defaults counts too
    as far as a resolved scene holds them.
    """
    written = folder / "scene.toml"
    if not written.is_file():
        return False
    with TemporaryDirectory() as place:
        again = Path(place) / "scene.toml"
        write_scene(scene, again, copy_inputs(scene, Path(place)))
        if again.read_text(encoding="utf-8") != written.read_text(encoding="utf-8"):
            return False
        try:
            return fingerprints(load_scene(again)) == fingerprints(load_scene(written))
        except SceneError:
            return False
