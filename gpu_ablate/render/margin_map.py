"""The target's surface coloured by its margin, from four sides, with the share of each band."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from textwrap import fill
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.setup import Surface
from gpu_ablate.language import say
from gpu_ablate.outcome.levelset import vertex_areas
from gpu_ablate.render import font, marks, style
from gpu_ablate.render.camera import Camera, cameras, opposite
from gpu_ablate.render.flat_map import draw_flat_map
from gpu_ablate.render.scene3d import Margins, Piece, needles, photograph, surface_mesh
from gpu_ablate.render.view import View, only, surfaces_of
from gpu_ablate.render.words import plain
from gpu_ablate.result.result import Result
from gpu_ablate.units import MM

SIZE_INCHES = (13.0, 8.6)
BOTTOM, TALL = 0.50, 0.364
WIDE = 0.2375
DOT_GAP = 1.5 * MM
LEFTS = (0.010, 0.2575, 0.505, 0.7525)


def draw_margin_map(
    result: Result,
    view: View,
    margins: dict[str, Margins],
    across: dict[str, NDArray[np.bool_]],
    thinnest: tuple[NDArray[np.float64], str] | None,
    title: str,
    subtitle: str,
    path: Path,
) -> None:
    """Write the margin map.

    Parameters
    ----------
    margins : target name -> signed margin (n,) at the points of its surface [m]
    across : target name -> (n,), whether the margin there runs through fluid or gas
    thinnest : where the margin is least [m], and its value in words
    title, subtitle : first and second line of the picture
    path : PNG file
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    targets = [(surface, margins[name]) for name, surface in surfaces_of(result.setup, "target")]
    near = only(view, np.concatenate([surface.points.astype(float) for surface, _ in targets]))
    aspect = WIDE * SIZE_INCHES[0] / (TALL * SIZE_INCHES[1])
    side, skin, _ = cameras(near, (aspect, aspect, aspect))
    deep = say("From the deep") if view.skin is not None else say("From below")
    frame = result.setup.frame
    chosen = (side, opposite(side, say("From the other side"), frame), skin, opposite(skin, deep, frame))
    size = (round(WIDE * SIZE_INCHES[0] * style.DPI), round(TALL * SIZE_INCHES[1] * style.DPI))
    pieces = [piece for surface, margin in targets for piece in band_pieces(surface, margin)]
    pieces += [Piece(mesh, style.PROBE, 1.0) for mesh in needles(view)]
    dotted = [
        dots(surface, across[name]) for name, surface in surfaces_of(result.setup, "target") if across[name].any()
    ]
    pieces += [Piece(mesh, style.INK, 1.0) for mesh in dotted]
    with rc_context(font.settings()):
        figure = Figure(figsize=SIZE_INCHES, dpi=style.DPI)
        for left, camera, picture in zip(LEFTS, chosen, photograph(pieces, chosen, [size] * 4), strict=True):
            axes = figure.add_axes((left, BOTTOM, WIDE, TALL))
            half = camera.height / 2
            axes.imshow(picture, extent=(-half * aspect, half * aspect, -half, half), interpolation="none")
            axes.set(xlim=(-half * aspect, half * aspect), ylim=(-half, half), xticks=[], yticks=[])
            axes.set_title(camera.title.replace(" (", "\n("), loc="left", fontsize=10, pad=5)
            if thinnest is not None:
                _mark(axes, camera, near.focus, *thinnest)
            marks.scale_bar(axes)
            marks.directions(axes, camera.right, camera.up, result.setup.frame)
        shown = mapped_target(margins)
        flat = figure.add_axes((0.0, 0.035, 0.60, 0.415))
        draw_flat_map(
            flat, result.setup.surfaces[shown], margins[shown], view, side, None if thinnest is None else thinnest[0]
        )
        words = say(
            "Surface of the {name}, unrolled (Mollweide); its middle faces the first picture", name=plain(shown)
        )
        flat.set_title(words, fontsize=10, loc="left", x=0.02, pad=-4, parse_math=False)
        _shares(figure, targets)
        if dotted:
            words = say("Dotted: the margin there runs through fluid or gas, or through a vessel.")
            if result.setup.isolation:
                words = say(
                    "Dotted: the margin there runs through fluid or gas; the tissue next to the tumour was moved away."
                )
            figure.text(0.63, 0.10, fill(words, 58), fontsize=10.5, va="bottom")
        marks.orientation(figure, result.setup.frame)
        marks.heading(figure, title, say("Margin on the tumour surface.") + "  " + subtitle)
        marks.disclaimer(figure)
        figure.savefig(path)


def band_pieces(surface: Surface, margins: Margins, bands: style.Bands = style.MARGIN_BANDS) -> list[Piece]:
    """The surface cut along the bounds of the bands, each part in its colour; margins [m] at its points."""
    rest = surface_mesh(surface)
    rest["margin"] = margins / MM
    pieces = []
    for bound, colour in bands:
        part = rest if np.isinf(bound) else rest.clip_scalar(scalars="margin", value=bound, invert=True)
        if part.n_cells:
            pieces.append(Piece(part.copy(), colour, 1.0))
        if part is rest or not rest.n_cells:
            break
        rest = rest.clip_scalar(scalars="margin", value=bound, invert=False)
    for piece in pieces:
        piece.mesh.clear_data()
    return pieces


def dots(surface: Surface, where: NDArray[np.bool_]) -> Any:
    """Small balls on the marked points of a surface, one for each cube of `DOT_GAP`."""
    import pyvista as pv

    points = surface.points[where]
    _, first = np.unique(np.floor(points / DOT_GAP).astype(int), axis=0, return_index=True)
    ball = pv.Sphere(radius=0.15 * DOT_GAP, theta_resolution=8, phi_resolution=8)
    return pv.PolyData(points[first]).glyph(geom=ball, scale=False, orient=False)


def band_shares(targets: list[tuple[Surface, Margins]]) -> list[float]:
    """Share of the surface in each band, as in metrics.json by the area that belongs to each point [%]."""
    area = np.concatenate([vertex_areas(surface) for surface, _ in targets])
    margin = np.concatenate([margins for _, margins in targets]) / MM
    below = [100.0 * float(area[margin < bound].sum() / area.sum()) for bound, _ in style.MARGIN_BANDS]
    return list(np.diff([0.0, *below]))


def band_names() -> list[str]:
    """The bands in words."""
    bounds = [bound for bound, _ in style.MARGIN_BANDS]
    middle = [f"{low:g}–{high:g} mm" for low, high in pairwise(bounds[:-1])]
    return [say("not covered (< 0 mm)"), *middle, f"≥ {bounds[-2]:g} mm"]


def mapped_target(margins: dict[str, Margins]) -> str:
    """Name of the target that is unrolled: that with the thinnest margin."""
    return min(margins, key=lambda name: float(np.nan_to_num(margins[name], nan=-1.0).min(initial=np.inf)))


def _shares(figure: Any, targets: list[tuple[Surface, Margins]]) -> None:
    """A bar of the bands' shares with a legend that gives the numbers."""
    shares = band_shares(targets)
    axes = figure.add_axes((0.63, 0.385, 0.36, 0.035))
    left = 0.0
    for share, (_, colour) in zip(shares, style.MARGIN_BANDS, strict=True):
        axes.barh(0, share, left=left, color=colour, edgecolor="white", lw=1)
        left += share
    axes.set(xlim=(0, 100), xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    words = say("Share of the surface") if len(targets) == 1 else say("Share of the surface of all targets")
    axes.set_title(words, fontsize=11, loc="left", pad=6)
    for row, (share, name, (_, colour)) in enumerate(zip(shares, band_names(), style.MARGIN_BANDS, strict=True)):
        y = 0.345 - 0.042 * row
        figure.text(0.632, y, "■", color=colour, fontsize=17, va="center")
        figure.text(0.655, y, name, fontsize=11.5, va="center")
        figure.text(0.985, y, f"{share:.1f} %", fontsize=11.5, va="center", ha="right", weight="bold")


def _mark(axes: Any, camera: Camera, focus: NDArray[np.float64], at: NDArray[np.float64], words: str) -> None:
    """A ring at the thinnest place, dashed and faint where it lies behind."""
    x, y = camera.project(at)[0]
    front = float((at - focus) @ camera.towards) >= 0
    marks.ring(axes, x, y, front)
    if front:
        axes.annotate(
            words, (x, y), xytext=(0.5, 0.965), textcoords="axes fraction", ha="center", va="top",
            fontsize=10, weight="bold", path_effects=marks.halo(3),
            arrowprops={"arrowstyle": "-", "color": style.INK, "lw": 1.0, "shrinkB": 8},
        )  # fmt: skip
