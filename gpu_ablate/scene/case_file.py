"""A case file: several lesions of one patient, each with its scene or run, read and checked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, ValidationError, model_validator

from gpu_ablate.paths import data_dir
from gpu_ablate.scene.load import find_file, load_scene, read_toml, shipped_scenes
from gpu_ablate.scene.problems import Problem, from_validation, near_or_all, scene_error
from gpu_ablate.scene.schema import Scene, whole_version
from gpu_ablate.spec.base import File, Length, Line, Many, Name, Table

SHIPPED = Path("cases")
"""Folder of the shipped cases, in that of the scenes."""

PAGE = "case.html"
"""The report of a case, beside the run folders of its lesions."""

NOT_IN_A_FOLDER_NAME = '/\\:*?"<>|'
"""Signs that some system refuses in the name of a folder."""


class Lesion(Table):
    """One lesion and how it is treated."""

    name: Name
    """Unique; its run folder is called so."""
    scene: File | None = None
    """A scene file, relative to this file, or the name of a shipped scene."""
    run: File | None = None
    """Or a run folder that `gpu-ablate run` wrote, relative to this file."""
    site: Line
    """Where it is, in words. No names or numbers of a patient."""
    diameter_mm: Length
    """As read by the radiologist."""
    intent: Literal["radical", "palliative"]
    """Must agree with [plan] intent of the scene."""
    order: Annotated[int, Field(ge=1, le=1000)]
    """In which the lesions are treated; unique."""
    session: Annotated[int, Field(ge=1, le=1000)] = 1
    """Lesions of one session are treated on one day."""

    @model_validator(mode="after")
    def _is_sound(self) -> Lesion:
        if (self.scene is None) == (self.run is None):
            raise ValueError("needs scene (a scene file) or run (a finished run folder), and only one of them")
        strange = any(sign in self.name for sign in NOT_IN_A_FOLDER_NAME)
        if strange or self.name.startswith(".") or self.name.casefold() == PAGE:
            raise ValueError(
                f'"{self.name}" names the run folder too: no full stop at its beginning, not {PAGE}, and none of '
                f"{' '.join(NOT_IN_A_FOLDER_NAME)}"
            )
        return self


class CaseFile(Table):
    """A case file. Lengths are in mm."""

    schema_version: Annotated[Literal[1], BeforeValidator(whole_version)]
    """Version of this format."""
    title: Line = ""
    """One line for people. No names or numbers of a patient."""
    lesion: Many[Lesion] = Field(min_length=1)


@dataclass(frozen=True)
class Planned:
    """A lesion with what it names: its scene, checked, or its run folder."""

    lesion: Lesion
    scene: Scene | None
    run: Path | None


@dataclass(frozen=True)
class LoadedCase:
    """A case that was read: the name of its file, what messages call it, its title, its lesions in their order."""

    name: str
    shown: str
    title: str
    lesions: tuple[Planned, ...]


def load_case(source: str | Path) -> LoadedCase:
    """Read and check a case file and the scenes that it names.

    Parameters
    ----------
    source : path of a case file, or the name of a shipped case

    Raises
    ------
    SceneError
        The file or one of its scenes can't be read, or anything in it is wrong.
    """
    path, shown = find_case(source)
    document = read_toml(path, shown)
    tables: dict[int, type[Table]] = {}
    try:
        case = CaseFile.model_validate(document, context={"tables": tables})
    except ValidationError as error:
        raise scene_error(shown, from_validation(error, document, tables)) from error
    problems = [*_twice(case), *_out_of_turn(case), *_missing(case, path.parent)]
    if problems:
        raise scene_error(shown, problems)
    lesions = tuple(_planned(lesion, path.parent) for lesion in sorted(case.lesion, key=lambda one: one.order))
    for planned in lesions:
        if planned.scene is not None:
            require_intent(shown, planned.lesion, planned.scene.plan.intent, f'scene "{planned.lesion.scene}"')
    return LoadedCase(path.stem, shown, case.title, lesions)


def find_case(source: str | Path) -> tuple[Path, str]:
    """The file of a case and what to call it in messages.

    Raises
    ------
    SceneError
        Neither a file nor a shipped case has this name.
    """
    shipped = {file.stem: file for file in sorted((data_dir("scenes") / SHIPPED).glob("*.toml"))}
    return find_file(source, shipped, "case", f"scenes/{SHIPPED}")


def require_intent(shown: str, lesion: Lesion, intent: str, where: str) -> None:
    """Demand that a lesion has the intent that its plan is judged by.

    shown : what to call the case file
    where : what to call the scene or run

    Raises
    ------
    SceneError
        It has another one.
    """
    if lesion.intent != intent:
        what = f'intent "{lesion.intent}" does not agree with {where}, whose [plan] intent is "{intent}"'
        remedy = "change it here, or in the scene and run that again"
        raise scene_error(shown, [Problem(f'lesion "{lesion.name}"', what, remedy)])


def _planned(lesion: Lesion, folder: Path) -> Planned:
    if lesion.scene is None:
        return Planned(lesion, None, folder / str(lesion.run))
    file = folder / lesion.scene
    return Planned(lesion, load_scene(file if file.is_file() else lesion.scene), None)


def _twice(case: CaseFile) -> Iterator[Problem]:
    """Names, orders and runs that two lesions share."""
    keys = (
        ("name", "give each lesion a name of its own; capitals make no difference"),
        ("order", "give each lesion an order of its own"),
        ("run", "a run of several lesions is one lesion here: its volume would be counted twice"),
    )
    for key, remedy in keys:
        seen: dict[object, Lesion] = {}
        for lesion in case.lesion:
            value = getattr(lesion, key)
            if value is None:
                continue
            first = seen.setdefault(value.casefold() if key == "name" else value, lesion)
            if first is not lesion:
                what = f'"{key}" {value!r} is that of lesion "{first.name}" too'.replace("'", '"')
                yield Problem(f'lesion "{lesion.name}"', what, remedy)


def _out_of_turn(case: CaseFile) -> Iterator[Problem]:
    """Lesions that come after one of a later session."""
    ordered = sorted(case.lesion, key=lambda one: one.order)
    for before, lesion in pairwise(ordered):
        if lesion.session < before.session:
            what = f'"order" {lesion.order} comes after lesion "{before.name}", which is of session {before.session}'
            yield Problem(f'lesion "{lesion.name}"', what, "order the lesions by session, or correct the session")


def _missing(case: CaseFile, folder: Path) -> Iterator[Problem]:
    """Scenes and runs that are not there."""
    for lesion in case.lesion:
        where = f'lesion "{lesion.name}"'
        if lesion.scene is not None and not (folder / lesion.scene).is_file() and lesion.scene not in shipped_scenes():
            remedy = near_or_all(lesion.scene, shipped_scenes(), "shipped scenes")
            yield Problem(where, f'scene "{lesion.scene}": no such file beside the case, nor a shipped scene', remedy)
        if lesion.run is not None and not (folder / lesion.run).is_dir():
            what = f'run "{lesion.run}": no such folder beside the case'
            yield Problem(where, what, "give a folder that `gpu-ablate run` wrote, or a scene instead")
