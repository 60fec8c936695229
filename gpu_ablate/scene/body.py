"""Tables of a scene that say what the body is: box, faces, anatomy, regions, layers."""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    Tag,
    model_validator,
)

from gpu_ablate.spec.base import (
    Duration,
    File,
    Film,
    Length,
    Line,
    Moment,
    Name,
    Names,
    Table,
    Temperature,
    Vector,
)
from gpu_ablate.spec.shape import SolidTable, check_corners
from gpu_ablate.units import BODY_C

Role = Literal["target", "skin", "involved_skin", "risk", "nerve", "vessel", "isolation", "tissue"]
ROLES: tuple[str, ...] = get_args(Role)

TO_KILL: tuple[Role, ...] = ("target", "involved_skin")
"""Roles of what a plan must kill. A margin is asked of role target only: beyond involved skin there is none to give."""


class Domain(Table):
    """The box that is computed. With neither a box nor a margin it is the whole anatomy image."""

    spacing_mm: Annotated[float, Field(ge=0.01, le=50)]
    """Edge of a voxel."""
    min_mm: Vector | None = None
    """Lower corner of the box (a corner of the first cell)."""
    max_mm: Vector | None = None
    """Upper corner, rounded up to whole cells."""
    margin_mm: Length | None = None
    """Instead of the box: so much around all targets, tips and freezing parts of probes."""
    background: Name | None = None
    """Tissue where nothing else is; needed without an anatomy image."""
    frame: Literal["patient", "local"] = "local"
    """"patient": axes are LPS and letters may be drawn; "local": any other frame."""

    @model_validator(mode="after")
    def _one_box(self) -> Domain:
        if (self.min_mm is None) != (self.max_mm is None):
            raise ValueError("min_mm and max_mm come together; give both or neither")
        if self.min_mm is not None and self.margin_mm is not None:
            raise ValueError("min_mm/max_mm and margin_mm exclude each other; keep one")
        if self.min_mm is not None and self.max_mm is not None:
            check_corners(self.min_mm, self.max_mm)
        return self


HOTTEST_START_C = 150.0
"""Above this a starting temperature is taken for a mistake [°C]."""


def _no_kelvin(value: float) -> float:
    if value <= HOTTEST_START_C:
        return value
    hint = f"; it looks like kelvin: {value:g} K are {value - 273.15:.4g} °C" if value >= 250 else ""
    raise ValueError(f"must be {HOTTEST_START_C:g} °C or less at the start, not {value:g}{hint}")


class Initial(Table):
    """Temperature at the start."""

    later: ClassVar[frozenset[str]] = frozenset({"steady"})

    temperature_c: Annotated[Temperature, AfterValidator(_no_kelvin)] | None = None
    """The same everywhere; default 37. With from_run of what is new, such as cement."""
    image: File | None = None
    """Or an image of temperatures in °C."""
    from_run: File | None = None
    """Or a run folder (or its result.vtkhdf), relative to the scene: a second stage that begins where that run ended,
    with its temperatures and all that its tissue has lived through. `gpu-ablate run --after FOLDER` sets it."""

    @model_validator(mode="after")
    def _one_start(self) -> Initial:
        if self.image is not None and (self.temperature_c is not None or self.from_run is not None):
            other = "temperature_c" if self.temperature_c is not None else "from_run"
            raise ValueError(f"{other} and image exclude each other; keep one")
        return self

    @property
    def earlier_file(self) -> str | None:
        """The result of the run before, as written in the scene."""
        if self.from_run is None or self.from_run.endswith(".vtkhdf"):
            return self.from_run
        return f"{self.from_run}/result.vtkhdf"

    @property
    def uniform_c(self) -> float:
        """Temperature of all that no image or region sets [°C]."""
        return BODY_C if self.temperature_c is None else self.temperature_c


class HeldFace(Table):
    """A face held at a temperature."""

    temperature_c: Temperature


class ConvectiveFace(Table):
    """A face that exchanges heat with a temperature outside."""

    h_w_m2k: Film
    """Heat transfer coefficient."""
    temperature_c: Temperature


def _face_kind(value: Any) -> str | None:
    if isinstance(value, str):
        return "word"
    if isinstance(value, dict):
        return "convective" if "h_w_m2k" in value else "held"
    if isinstance(value, ConvectiveFace):
        return "convective"
    return "held" if isinstance(value, HeldFace) else None


Face = Annotated[
    Annotated[Literal["body", "insulated"], Tag("word")]
    | Annotated[HeldFace, Tag("held")]
    | Annotated[ConvectiveFace, Tag("convective")],
    Discriminator(
        _face_kind,
        custom_error_type="face_kind",
        custom_error_message='must be "body", "insulated", { temperature_c } or { h_w_m2k, temperature_c }',
    ),
]


class Boundary(Table):
    """The faces of the box: "body" (held at the blood's temperature), "insulated", { temperature_c } or
    { h_w_m2k, temperature_c }. z_max is the superior face."""

    default: Face = "body"
    """All faces that have no key of their own."""
    x_min: Face | None = None
    x_max: Face | None = None
    y_min: Face | None = None
    y_max: Face | None = None
    z_min: Face | None = None
    z_max: Face | None = None

    def face(self, name: str) -> Literal["body", "insulated"] | HeldFace | ConvectiveFace:
        """What holds on the face `name` ("x_min" .. "z_max")."""
        own: Literal["body", "insulated"] | HeldFace | ConvectiveFace | None = getattr(self, name)
        return self.default if own is None else own


class AnatomyLabel(Table):
    """What one value of the label image means; a bare text is the tissue."""

    tissue: Name
    """Name of a tissue."""
    role: Role = "tissue"
    """What the region is to the plan."""
    name: Name | None = None
    """Name of the region; default is the tissue's."""

    @property
    def region_name(self) -> str:
        """Name of the region that these voxels form."""
        return self.tissue if self.name is None else self.name


def _bare_tissue(value: Any) -> Any:
    return {"tissue": value} if isinstance(value, str) else value


PLAIN_NUMBER = re.compile("0|[1-9][0-9]{0,9}")
"""A whole number written in the only way it can be."""


def _numbered(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    strange = [key for key in value if not (isinstance(key, int) or PLAIN_NUMBER.fullmatch(key))]
    if strange:
        raise ValueError(f'keys are values of the image, plain whole numbers from 0; "{strange[0]}" is none')
    return {int(key): entry for key, entry in value.items()}


LabelEntry = Annotated[AnatomyLabel, BeforeValidator(_bare_tissue, json_schema_input_type=str | AnatomyLabel)]
Labels = Annotated[dict[int, LabelEntry], BeforeValidator(_numbered)]


class Anatomy(Table):
    """A label image of the body."""

    image: File
    """The label image, relative to the scene: NIfTI, NRRD, MHA, .seg.nrrd, DICOM SEG, or RTSTRUCT, which needs the
    folder of its series as ct or mr. Where segments overlap, those that `labels` lists later win."""
    ct: File | None = None
    """A CT of the same body [HU], on which slices are drawn; nothing is computed from it: an image file or the folder
    of a DICOM series."""
    mr: File | None = None
    """Or an MR, likewise."""
    outside: Name | None = None
    """Tissue beyond the image's edge; default is the background of [domain]."""
    source: Line | None = None
    """Where the image comes from; keys of references.bib in square brackets are cited by each run."""
    labels: Labels = Field(min_length=1)
    """What each value means: value = "tissue", or value = { tissue, role, name }; every value present, 0 too."""

    @model_validator(mode="after")
    def _one_backdrop(self) -> Anatomy:
        if self.ct is not None and self.mr is not None:
            raise ValueError("ct and mr exclude each other: slices are drawn on one of them")
        return self


class Region(Table):
    """A part of the body; later regions win over earlier ones and over the anatomy."""

    name: Name
    """Unique, and not a role."""
    role: Role = "tissue"
    """What the region is to the plan."""
    tissue: Name
    """Name of a tissue."""
    shape: SolidTable | None = None
    """A solid; see Shapes."""
    mesh: File | None = None
    """Or a closed mesh (STL, PLY, OBJ, VTP), relative to the scene."""
    within: Names | None = None
    """Only where this region or role lies, as painted so far: a name, or an array of them. A patch of skin is the
    skin within a sphere."""
    initial_temperature_c: Temperature | None = None
    """Temperature at the start, if it differs."""

    @model_validator(mode="after")
    def _one_solid(self) -> Region:
        if (self.shape is None) == (self.mesh is None):
            raise ValueError("needs a shape or a mesh, and only one of them")
        return self


class SkinSurface(Table):
    """Where body meets gas that is connected to the edge of the box. Always on."""

    h_w_m2k: Film = 10.0
    """Heat transfer coefficient to the air."""
    temperature_c: Temperature = 25.0
    """Of the air."""


class Moist(Table):
    """A wet surface that evaporates into the air: `moist = true`, or a table with what differs."""

    humidity_percent: Annotated[float, Field(ge=0, le=100)] = 50.0
    """Relative humidity of the air."""
    convective_w_m2k: Film = 4.0
    """Of h_w_m2k, the part by convection, which carries the vapour away; about 6 W/m²K of the 10 in still air are
    radiation."""
    linear_about_c: Annotated[float, Field(ge=0, le=60)] = 40.0
    """Temperature of the surface about which the vapour pressure is taken as linear."""


def _moist_or_not(value: Any) -> Any:
    if isinstance(value, bool):
        return {} if value else None
    return value


class SurfacePatch(Table):
    """Warm bag, cold pack, bolus or ulcer: replaces [skin_surface] on the part of the skin inside a sphere."""

    name: Name
    """Unique."""
    center_mm: Vector
    radius_mm: Length
    h_w_m2k: Film
    """Heat transfer coefficient."""
    temperature_c: Temperature
    """Of the bag, or of the air over it."""
    moist: Annotated[Moist | None, BeforeValidator(_moist_or_not, json_schema_input_type=bool | Moist)] = None
    """Whether the surface is wet, such as an ulcer without skin: true, or { humidity_percent, convective_w_m2k,
    linear_about_c }."""
    start_s: Moment = 0.0
    """Switched on."""
    end_s: Duration | None = None
    """Switched off; default is never."""

    @model_validator(mode="after")
    def _lasts(self) -> SurfacePatch:
        check_window(self.start_s, self.end_s)
        if self.moist is not None and self.moist.convective_w_m2k > self.h_w_m2k:
            raise ValueError(
                f"convective_w_m2k ({self.moist.convective_w_m2k:g}) is a part of h_w_m2k ({self.h_w_m2k:g}) and can't "
                "be more"
            )
        return self


def check_window(start_s: float, end_s: float | None) -> None:
    """Demand that a time window doesn't end before it starts."""
    if end_s is not None and end_s <= start_s:
        raise ValueError(f"end_s ({end_s:g}) must lie after start_s ({start_s:g})")
