"""The procedure as a movie: the slice along the needle with its temperatures, and where in the schedule it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from scipy.ndimage import distance_transform_edt, map_coordinates

from gpu_ablate.language import say
from gpu_ablate.render import font, marks, style
from gpu_ablate.render.anatomy import vessel_surfaces
from gpu_ablate.render.moments import killed_field, needles_at
from gpu_ablate.render.plane import Plane, along_probe, loops, sampled
from gpu_ablate.render.slice_marks import NEAR_PLANE
from gpu_ablate.render.slice_panel import add_path, bounds, draw_tissue
from gpu_ablate.render.strip import draw_strip
from gpu_ablate.render.view import View, nearest_track, surfaces_of
from gpu_ablate.render.words import seconds
from gpu_ablate.result.result import Result
from gpu_ablate.units import BODY_C

FRAMES = 32
FRAME_MS = 200
LAST_MS = 2500
"""The last frame stays for so long before the movie begins again."""

SIZE_INCHES, DPI = (9.0, 6.6), 88
SLICE = (0.02, 0.235, 0.74, 0.585)
STRIP = (0.075, 0.075, 0.905, 0.10)
"""Left, bottom, width and height of the slice and of the schedule: shares of the frame."""

QUALITY = 82
Picture = NDArray[np.uint8]


def write_movie(result: Result, view: View, title: str, webp: Path) -> None:
    """Write the movie as an animated WebP, and beside it as MP4 where imageio-ffmpeg is installed.

    title : first line of each frame
    """
    frames = list(draw_frames(result, view, title))
    first, *others = [Image.fromarray(frame) for frame in frames]
    durations = [FRAME_MS] * len(others) + [LAST_MS]
    first.save(webp, save_all=True, append_images=others, duration=durations, loop=0, quality=QUALITY, method=2)
    if find_spec("imageio_ffmpeg") is not None:
        _write_mp4(frames, webp.with_suffix(".mp4"))


def _write_mp4(frames: list[Picture], path: Path) -> None:
    """The same frames as MP4, with the encoder that the extra "movie" brings."""
    import imageio_ffmpeg

    height, width = (side - side % 2 for side in frames[0].shape[:2])
    writer = imageio_ffmpeg.write_frames(
        str(path), (width, height), fps=1000 / FRAME_MS, codec="libx264", quality=7, macro_block_size=2,
        ffmpeg_log_level="error",
    )  # fmt: skip
    writer.send(None)
    for frame in frames:
        writer.send(np.ascontiguousarray(frame[:height, :width]))
    writer.close()


def frame_times(result: Result) -> NDArray[np.float64]:
    """Evenly over the procedure, with the end of each step [s]."""
    end = float(result.run["simulated_s"])
    steps = np.array([s.end_s for s in result.stations if s.start_s < s.end_s <= end] + [0.0, end])
    even = np.linspace(0.0, end, FRAMES)
    apart = np.abs(even[:, None] - steps).min(axis=1) > 0.5 * even[1]
    return np.union1d(even[apart], steps)


def draw_frames(result: Result, view: View, title: str) -> Iterator[Picture]:
    """The frames (height, width, 3) of `frame_times`."""
    track = nearest_track(view.tracks, view.focus)
    plane = along_probe(view, track)
    low, high = bounds(view, plane, plane.origin)
    wide, tall = round(SLICE[2] * SIZE_INCHES[0] * DPI), round(SLICE[3] * SIZE_INCHES[1] * DPI)
    low, high = _filled(low, high, wide / tall)
    below, above, place = _still(result, view, plane, low, high, title)
    left, top = place
    step_mm = float(high[0] - low[0]) / wide
    points = plane.raster(low, low + step_mm * np.array([wide, tall]), step_mm)[2][:tall, :wide][::-1]
    raster = raster_of(result, points)
    gas = raster.sampled(result.setup.phase_mask("gas")) > 0.5
    living = raster.sampled(result.setup.phase_mask("body")) > 0.5
    nearest = nearest_body(result)
    for time_s in frame_times(result):
        frame = below.copy()
        temperature = raster.sampled(result.temperature(time_s))
        killed = np.where(living, raster.sampled(killed_field(result, time_s)[nearest]), np.nan)
        area = frame[top : top + tall, left : left + wide]
        _wash(area, temperature, gas, view.isotherms is style.COLD)
        _lines(area, killed, ((0.0, style.ZONE),), 2.0)
        tissue = np.where(gas, np.nan, temperature)
        _lines(area, tissue, tuple((i.temperature_c, i.colour) for i in view.isotherms), 1.2)
        picture = Image.fromarray(np.clip(frame, 0, 255).astype(np.uint8))
        picture.paste(above, (0, 0), above)
        _needles(picture, result, plane, time_s, low, step_mm, (left, top, wide, tall))
        _state(picture, result, time_s)
        yield np.asarray(picture)


@dataclass(frozen=True, eq=False)
class Raster:
    """Where a raster lies in the grid: which of its points (rows, columns) do, and the index (3, n) zyx of those."""

    known: NDArray[np.bool_]
    index: NDArray[np.float32]

    def sampled(self, field: NDArray[Any]) -> NDArray[np.float32]:
        """A field (nz, ny, nx) at its points, trilinear; NaN beyond the grid."""
        values = np.full(self.known.shape, np.nan, np.float32)
        values[self.known] = map_coordinates(field.astype(np.float32, copy=False), self.index, order=1, mode="nearest")
        return values


def raster_of(result: Result, points: NDArray[np.float64]) -> Raster:
    """The raster of some points (rows, columns, 3) [m]."""
    grid = result.setup.grid
    known = np.asarray(((points >= grid.origin) & (points <= grid.upper)).all(axis=-1))
    index = (points[known] - np.asarray(grid.origin)) / grid.spacing - 0.5
    return Raster(known, np.ascontiguousarray(index.T[::-1], np.float32))


def nearest_body(result: Result) -> Any:
    """Index of the nearest body cell of each cell, for fields that go on beyond the body."""
    body = result.setup.phase_mask("body")
    if body.all() or not body.any():
        return slice(None)
    return tuple(distance_transform_edt(~body, return_distances=False, return_indices=True))


def _filled(low: Any, high: Any, aspect: float) -> tuple[Any, Any]:
    """The corners [mm] moved apart until their rectangle has this width over height."""
    middle, size = (low + high) / 2, high - low
    size = np.array([max(size[0], size[1] * aspect), max(size[1], size[0] / aspect)])
    return middle - size / 2, middle + size / 2


def _still(
    result: Result, view: View, plane: Plane, low: Any, high: Any, title: str
) -> tuple[NDArray[np.float32], Any, tuple[int, int]]:
    """What does not move: the picture below the temperatures, that above them, left and top of the slice [pixels]."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    layers = []
    for layer in ("below", "above"):
        with rc_context(font.settings()):
            figure = Figure(figsize=SIZE_INCHES, dpi=DPI, facecolor=style.PAPER if layer == "below" else "none")
            axes = figure.add_axes(SLICE)
            axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), xticks=[], yticks=[])
            strip = figure.add_axes(STRIP)
            strip.set_xlim(0.0, max(float(result.run["simulated_s"]), 1.0))
            if layer == "below":
                step_mm = float(high[0] - low[0]) / 400
                right, up, points = plane.raster(low, high, step_mm)
                labels = sampled(result.setup.labels, result.setup.grid, points, 0, np.nan)
                box = [low[0], low[0] + step_mm * len(right), low[1], low[1] + step_mm * len(up)]
                draw_tissue(axes, result.setup, labels, points, box)
                axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), aspect="auto")
                draw_strip(strip, result)
                marks.heading(figure, title, say("Slice along the needle, temperatures of the time shown."))
                _key(figure, view, result)
                marks.disclaimer(figure)
            else:
                axes.patch.set_alpha(0.0)
                strip.axis("off")
                _outlines(axes, result, view, plane)
                marks.scale_bar(axes, unit=1.0)
                marks.directions(axes, plane.right, plane.up, view.frame)
                if view.skin is not None:
                    marks.skin_side(axes)
            canvas = FigureCanvasAgg(figure)
            canvas.draw()
            layers.append(np.asarray(canvas.buffer_rgba()).copy())
            corner = axes.get_window_extent()
    place = round(corner.x0), round(SIZE_INCHES[1] * DPI - corner.y1)
    return layers[0][..., :3].astype(np.float32), Image.fromarray(layers[1]), place


def _outlines(axes: Any, result: Result, view: View, plane: Plane) -> None:
    for role in ("isolation", "skin", "involved_skin", "nerve", "risk", "vessel"):
        for _, surface in surfaces_of(result.setup, role):
            add_path(axes, loops(surface, plane), style.ROLE[role], 1.4, fill=0.25 if role == "isolation" else 0.0)
    for _, surface in vessel_surfaces(result.setup):
        add_path(axes, loops(surface, plane), style.VESSEL, 1.4, fill=0.6)
    for _, surface in surfaces_of(result.setup, "target"):
        add_path(axes, loops(surface, plane), style.TUMOUR, 2.6, fill=0.0)


def _key(figure: Any, view: View, result: Result) -> None:
    """Colours and lines, beside the slice."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    wash = style.COLD_WASH if view.isotherms is style.COLD else style.HEAT_WASH
    bar = figure.add_axes((0.80, 0.47, 0.022, 0.36))
    steps = np.linspace(wash.low_c, wash.high_c, 256)[:, None]
    bar.imshow(_colours(steps, wash)[..., :3], origin="lower", aspect="auto", extent=(0, 1, wash.low_c, wash.high_c))
    bar.set(xticks=[])
    bar.yaxis.tick_right()
    bar.set_title("°C", fontsize=10, pad=4)
    bar.tick_params(labelsize=9)
    handles: list[Any] = [Line2D([], [], color=style.ZONE, lw=2.4, label=say("killed so far"))]
    handles.insert(0, Patch(facecolor="none", edgecolor=style.TUMOUR, lw=2.4, label=say("tumour")))
    handles += [Line2D([], [], color=i.colour, lw=1.4, label=style.isotherm_label(i)) for i in view.isotherms]
    figure.legend(handles=handles, loc="upper left", bbox_to_anchor=(0.775, 0.44), frameon=False, fontsize=10,
                  handlelength=1.5)  # fmt: skip


def _wash(area: NDArray[np.float32], temperature: NDArray[np.float32], gas: NDArray[np.bool_], cold: bool) -> None:
    """Lay the colours of the temperatures over what is there."""
    wash = style.COLD_WASH if cold else style.HEAT_WASH
    colours = _colours(np.nan_to_num(temperature, nan=BODY_C), wash)
    alpha = np.where(gas | ~np.isfinite(temperature), 0.0, colours[..., 3])[..., None]
    area[...] = (1.0 - alpha) * area + alpha * 255.0 * colours[..., :3]


def _colours(temperature: NDArray[np.floating], wash: style.Wash) -> NDArray[np.float32]:
    """Red, green, blue and opacity (0 to 1) of temperatures [°C]; body temperature is transparent."""
    from matplotlib import colormaps

    share = np.clip((temperature - wash.low_c) / (wash.high_c - wash.low_c), 0.0, 1.0)
    colours = colormaps[wash.colours](share).astype(np.float32)
    near = np.abs(temperature - BODY_C) / wash.fades_c
    colours[..., 3] = wash.opacity * np.clip(near, 0.0, 1.0)
    return colours


def _lines(
    area: NDArray[np.float32], field: NDArray[np.floating], levels: tuple[tuple[float, str], ...], wide: float
) -> None:
    """Draw where a field passes levels, about so many pixels wide: distance there is |f - level| / |grad f|."""
    from matplotlib.colors import to_rgb

    rise = np.maximum(np.hypot(*np.gradient(field)), 1e-9)
    for level, colour in levels:
        alpha = np.nan_to_num(np.clip(0.5 + wide / 2 - np.abs(field - level) / rise, 0.0, 1.0))[..., None]
        area[...] = (1.0 - alpha) * area + alpha * 255.0 * np.array(to_rgb(colour), np.float32)


def _needles(picture: Any, result: Result, plane: Plane, time_s: float, low: Any, step_mm: float, box: Any) -> None:
    """The needles where they are, as far as they lie near the plane."""
    left, top, wide, tall = box
    layer = Image.new("RGBA", (wide, tall), (0, 0, 0, 0))
    draw = ImageDraw.Draw(layer)
    for track in needles_at(result, time_s):
        if abs(float(plane.before(track.tip)[0])) > NEAR_PLANE:
            continue
        ends = (plane.flat(np.array([track.tip, track.tip + 0.4 * track.direction])) - low) / step_mm
        line = [(float(x), tall - float(y)) for x, y in ends]
        draw.line(line, fill=(255, 255, 255, 200), width=7)
        draw.line(line, fill=(43, 43, 43, 255), width=4)
        ((x, y),) = (plane.flat(track.tip + track.probe.emission_offset * track.direction) - low) / step_mm
        draw.ellipse((x - 5, tall - y - 5, x + 5, tall - y + 5), fill=(255, 255, 255, 255), outline=(43, 43, 43, 255))
    picture.paste(layer, (left, top), layer)


def _state(picture: Any, result: Result, time_s: float) -> None:
    """The time, what was killed so far, and the cursor in the schedule."""
    draw = ImageDraw.Draw(picture)
    width, height = picture.size
    size = round(0.030 * height)
    words = f"{seconds(time_s)} s"
    killed = result.traces.get(f"zone.{result.setup.endpoint.name}_approx_cm3")
    if killed is not None:
        about = float(np.interp(time_s, result.traces["time_s"], killed))
        words += "    " + say("killed about {cm3:.1f} cm³", cm3=about)
    draw.text((0.022 * width, 0.128 * height), words, fill=style.INK, font=ImageFont.truetype(font.file(), size))
    end = max(float(result.run["simulated_s"]), 1.0)
    x = (STRIP[0] + STRIP[2] * time_s / end) * width
    draw.line([(x, (1 - STRIP[1] - STRIP[3]) * height), (x, (1 - STRIP[1]) * height)], fill=style.BROKEN, width=2)
