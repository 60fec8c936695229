"""Read a scene file and refuse it, with all that is wrong, unless it can be built."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from gpu_ablate.errors import SceneError
from gpu_ablate.paths import data_dir
from gpu_ablate.scene.check import find_problems
from gpu_ablate.scene.overrides import apply_override
from gpu_ablate.scene.problems import Problem, from_validation, near_or_all, scene_error
from gpu_ablate.scene.schema import Scene
from gpu_ablate.spec.base import Table


def load_scene(
    source: str | Path, overrides: Sequence[str] = (), spacing_mm: float | None = None, after: Path | None = None
) -> Scene:
    """Read and check a scene.

    Parameters
    ----------
    source : path of a scene file, or the name of a shipped scene
    overrides : `key.path=value` each, as on the command line after --set
    spacing_mm : replaces domain.spacing_mm [mm]
    after : run folder that replaces initial.from_run, relative to the current folder

    Raises
    ------
    SceneError
        The file can't be read, or anything in it is wrong; all problems are listed.
    """
    path, shown = find_scene(source)
    document = read_toml(path, shown)
    changes = list(overrides)
    if spacing_mm is not None:
        changes.append(f"domain.spacing_mm={float(spacing_mm)}")
    if after is not None:
        changes.append(f"initial.from_run={json.dumps(str(after.absolute()), ensure_ascii=False)}")
    wrong = [problem for change in changes if (problem := apply_override(document, change))]
    if wrong:
        raise scene_error(shown, wrong)
    tables: dict[int, type[Table]] = {}
    try:
        scene = Scene.model_validate(document, context={"tables": tables}).read_from(path)
    except ValidationError as error:
        raise scene_error(shown, from_validation(error, document, tables)) from error
    problems = find_problems(scene)
    if problems:
        raise scene_error(shown, problems)
    return scene


def read_toml(path: Path, shown: str) -> dict[str, Any]:
    """A TOML file as plain values.

    shown : what to call it in messages

    Raises
    ------
    SceneError
        It cannot be read, or is not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except tomllib.TOMLDecodeError as error:
        raise SceneError(f"{shown}: is not valid TOML: {error}\n  correct it there") from error
    except UnicodeDecodeError as error:
        what = f"is not UTF-8 text: {error.reason} at byte {error.start}"
        raise SceneError(f"{shown}: {what}\n  save it as UTF-8") from error
    except RecursionError as error:
        raise SceneError(f"{shown}: is not valid TOML: nested too deeply\n  remove the brackets") from error
    except ValueError as error:  # an integer of thousands of digits
        raise SceneError(f"{shown}: is not valid TOML: {error}\n  shorten the number") from error
    except OSError as error:
        raise SceneError(f"{shown}: cannot be read: {error.strerror}\n  check the file and its permissions") from error


def shipped_scenes() -> dict[str, Path]:
    """Name -> file of the scenes that come with the package."""
    return {path.stem: path for path in sorted(data_dir("scenes").glob("*.toml"))}


def find_scene(source: str | Path) -> tuple[Path, str]:
    """The file of a scene and what to call it in messages.

    Raises
    ------
    SceneError
        Neither a file nor a shipped scene has this name.
    """
    return find_file(source, shipped_scenes(), "scene", "scenes")


def find_file(source: str | Path, shipped: dict[str, Path], kind: str, folder: str) -> tuple[Path, str]:
    """A file, or a shipped one of this name, and what to call it in messages.

    Parameters
    ----------
    shipped : name -> file of those that come with the package
    kind, folder : what they are called, and where they are shipped

    Raises
    ------
    SceneError
        Neither a file nor a shipped one has this name.
    """
    path = Path(source)
    try:
        is_file = path.is_file()
    except OSError as error:
        raise SceneError(f"{source}: cannot be read: {error.strerror}\n  check the path") from error
    if is_file:
        return path, str(source)
    if str(source) in shipped:
        return shipped[str(source)], f"{folder}/{source}.toml"
    if path.is_dir():
        raise SceneError(f"{source}: is a folder\n  give a {kind} file")
    remedy = near_or_all(str(source), shipped, f"shipped {kind}s")
    raise scene_error(str(source), [Problem("", f"no such file, nor a shipped {kind}", remedy)])
