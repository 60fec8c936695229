"""The target's surface coloured by its margin, from four sides, with the share of each band."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.setup import Surface
from gpu_ablate.outcome.levelset import vertex_areas
from gpu_ablate.render import marks, style
from gpu_ablate.render.camera import Camera, cameras, opposite
from gpu_ablate.render.scene3d import Margins, Piece, needles, photograph, surface_mesh
from gpu_ablate.render.view import View, only, surfaces_of
from gpu_ablate.result.result import Result
from gpu_ablate.units import MM

SIZE_INCHES = (13.0, 5.9)
TALL = 0.53
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
    deep = "From the deep" if view.skin is not None else "From below"
    chosen = (side, opposite(side, "From the other side"), skin, opposite(skin, deep))
    size = (round(WIDE * SIZE_INCHES[0] * style.DPI), round(TALL * SIZE_INCHES[1] * style.DPI))
    pieces = [piece for surface, margin in targets for piece in band_pieces(surface, margin)]
    pieces += [Piece(mesh, style.PROBE, 1.0) for mesh in needles(result.setup, view)]
    dotted = [
        dots(surface, across[name]) for name, surface in surfaces_of(result.setup, "target") if across[name].any()
    ]
    pieces += [Piece(mesh, style.INK, 1.0) for mesh in dotted]
    with rc_context(style.FONT):
        figure = Figure(figsize=SIZE_INCHES, dpi=style.DPI)
        for left, camera, picture in zip(LEFTS, chosen, photograph(pieces, chosen, [size] * 4), strict=True):
            axes = figure.add_axes((left, 0.27, WIDE, TALL))
            half = camera.height / 2
            axes.imshow(picture, extent=(-half * aspect, half * aspect, -half, half), interpolation="none")
            axes.set(xlim=(-half * aspect, half * aspect), ylim=(-half, half), xticks=[], yticks=[])
            axes.set_title(camera.title, loc="left", fontsize=10, pad=20)
            if thinnest is not None:
                _mark(axes, camera, near.focus, *thinnest)
            marks.scale_bar(axes)
            marks.directions(axes, camera.right, camera.up, result.setup.frame)
        _shares(figure, targets)
        if dotted:
            words = "Dotted: the margin there runs through fluid or gas; the tissue next to the tumour was moved away."
            figure.text(0.012, 0.055, words, fontsize=11, va="bottom")
        marks.orientation(figure, result.setup.frame)
        marks.heading(figure, title, "Margin on the tumour surface.  " + subtitle)
        marks.disclaimer(figure)
        figure.savefig(path)


def band_pieces(surface: Surface, margins: Margins) -> list[Piece]:
    """The surface cut along the bounds of the bands, each part in its colour."""
    rest = surface_mesh(surface)
    rest["margin"] = margins / MM
    pieces = []
    for bound, colour in style.MARGIN_BANDS:
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
    middle = [f"{low:g}-{high:g} mm" for low, high in pairwise(bounds[:-1])]
    return ["not covered (< 0 mm)", *middle, f"≥ {bounds[-2]:g} mm"]


def _shares(figure: Any, targets: list[tuple[Surface, Margins]]) -> None:
    """A bar of the bands' shares with a legend that gives the numbers."""
    from matplotlib.patches import Patch

    shares = band_shares(targets)
    axes = figure.add_axes((0.010, 0.20, 0.98, 0.045))
    left = 0.0
    for share, (_, colour) in zip(shares, style.MARGIN_BANDS, strict=True):
        axes.barh(0, share, left=left, color=colour, edgecolor="white", lw=1)
        left += share
    axes.set(xlim=(0, 100), xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    handles = [
        Patch(color=colour, label=f"{name}: {share:.1f} % of the surface")
        for share, name, (_, colour) in zip(shares, band_names(), style.MARGIN_BANDS, strict=True)
    ]
    figure.legend(handles=handles, loc="lower left", bbox_to_anchor=(0.0, 0.10), ncols=4, frameon=False,
                  fontsize=11, handlelength=1.2)  # fmt: skip


def _mark(axes: Any, camera: Camera, focus: NDArray[np.float64], at: NDArray[np.float64], words: str) -> None:
    """A ring at the thinnest place, dashed and faint where it lies behind."""
    x, y = camera.project(at)[0]
    front = float((at - focus) @ camera.towards) >= 0
    axes.plot(x, y, "o", ms=13, mfc="none", mec="white", mew=4.0, alpha=1.0 if front else 0.5)
    axes.plot(x, y, "o", ms=13, mfc="none", mec=style.INK, mew=1.8, alpha=1.0 if front else 0.5)
    if front:
        axes.annotate(
            words, (x, y), xytext=(0.5, 0.965), textcoords="axes fraction", ha="center", va="top",
            fontsize=10, weight="bold",
            arrowprops={"arrowstyle": "-", "color": style.INK, "lw": 1.0, "shrinkB": 8},
        )  # fmt: skip
