"""Laboratory experiments computed as scenes: ice of cryoprobes in gel, in lard and in living kidney."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from gpu_ablate.case.grid import Grid
from gpu_ablate.library.load import tissue
from gpu_ablate.outcome.levelset import refine
from gpu_ablate.outcome.zones import measure_parts, zone_parts
from gpu_ablate.spec.tissue import Tissue
from gpu_ablate.units import MM
from gpu_ablate.verification.bench import fitted
from gpu_ablate.verification.comparison import Comparison
from gpu_ablate.verification.runner import Run, Runner

REFINEMENTS = 3
"""A plane of temperatures is sampled 2³ times as finely."""

LITTRUP = {1: (12.0, 13.0), 2: (33.0, 46.0), 3: (41.0, 51.0), 4: (49.0, 56.0)}
"""Number of 2.4 mm probes -> mean diameter below -30 °C [mm], its share of the area of the ice [%], in agar of 39 °C
after 15 minutes (Littrup et al. 2009, abstract)."""

THINNER = (0.71, 0.84)
"""Area and diameter below -30 °C of 1.7 mm probes over those of 2.4 mm probes (Littrup et al. 2009, abstract)."""

DIAMETERS, SHARES = 0.25, 12.0
"""Accepted departures: relative for diameters, points for shares [%]."""

ABOUT = 0.25
"""Accepted relative departure from "about 1 cm"."""

LARD = {180: 0.91, 360: 0.84, 540: 0.78}
"""Time [s] -> R² of the ice's diameter on the share of lard (Cryobiology 2025, 120:105274, abstract)."""

SPACINGS = (10.0, 15.0, 20.0, 25.0)
"""Between the needles of Shah et al. 2016 [mm]."""

COLDEST_C = -160.0
"""Of any cryogen of argon probes [°C]."""

GO_SMART = 3.5e-3
"""Blood flow of kidney in Go-Smart [1/s]."""

KIDNEYS = {"0.001": 1e-3, "0.0035": GO_SMART, "0.067": 6.7e-2}
"""Blood flows [1/s] in words and numbers: of tissue elsewhere, of kidney in Go-Smart and in the IT'IS database (from
memory, not re-read)."""

KIDNEY = (
    'conductivity_w_mk = 0.5, density_kg_m3 = 1066, heat_capacity_j_kgk = 3750, boiling = "none", '
    'freezing = { law = "linear", from_c = -1, to_c = -8 }, frozen_conductivity_w_mk = 2.0, '
    "frozen_heat_capacity_j_kgk = 1860, latent_heat_j_m3 = 266.5e6"
)
"""Kidney of Go-Smart (250 kJ/kg); its unfrozen conductivity of 0.302 W/mK in freezing is replaced by that of kidney
tumours in its other model."""


@dataclass(frozen=True)
class Layout:
    """Parallel probes along z.

    points : of their axes (x, y) [mm]; one of each set of mirror images for one, two and four probes
    symmetric : whether x = 0 and y = 0 are planes of symmetry
    """

    points: tuple[tuple[float, float], ...]
    symmetric: bool = True


def layout(count: int, spacing: float) -> Layout:
    """One probe, a pair, a triangle with even sides or a square of them, so far apart [mm]."""
    half = 0.5 * spacing
    if count == 3:
        low, high = -half / math.sqrt(3.0), spacing / math.sqrt(3.0)
        return Layout(((-half, low), (half, low), (0.0, high)), symmetric=False)
    return Layout(((0.0 if count == 1 else half, half if count == 4 else 0.0),))


def frozen(
    runner: Runner,
    probes: Layout,
    *changes: str,
    tip: float = -19.5,
    minutes: float = 10.0,
    output: float = 100.0,
    warm: float = 37.0,
    side: float = 56.0,
) -> Run:
    """Freeze the block.

    tip : z of the tips [mm]; output : [%]; warm : temperature of the block before and of its faces [°C]
    side : of the block, from the middle [mm]
    """
    steps = f'steps = [{{ action = "freeze", output_percent = {output}, duration_s = {60.0 * minutes} }}]'
    needles = ", ".join(
        f'{{ name = "{number}", device = "needle", tip_mm = [{x}, {y}, {tip}], shaft_direction = [0, 0, 1], {steps} }}'
        for number, (x, y) in enumerate(probes.points, 1)
    )
    low = 0.0 if probes.symmetric else -side
    held = ("x_max", "y_max", "z_max") if probes.symmetric else ("x_min", "x_max", "y_min", "y_max", "z_max")
    return runner.run(
        "bench_gel",
        f"probe=[{needles}]",
        f"domain.min_mm=[{low}, {low}, 0]",
        f"domain.max_mm=[{side}, {side}, 46]",
        f"initial.temperature_c={warm}",
        *(f"boundary.{face}={{ temperature_c = {warm} }}" for face in held),
        *changes,
    )


def whole(run: Run, time_s: float) -> NDArray[np.float32]:
    """Temperature (nz, ny, nx) of the whole block at a recorded time, mirror images and all [°C]."""
    values = run.result.temperature(time_s).astype(np.float32)
    for axis, least in enumerate(run.grid.origin[::-1]):
        if least == 0.0:
            values = np.concatenate([np.flip(values, axis), values], axis)
    return values


def plane(run: Run, time_s: float) -> NDArray[np.float32]:
    """Temperature (ny, nx) beside the middle of the freezing parts at a recorded time [°C]."""
    values = whole(run, time_s)
    return values[len(values) // 2]


def area(run: Run, time_s: float, below_c: float) -> float:
    """Area of `plane` that is colder than a temperature [mm²]."""
    inside = refine((np.float32(below_c) - plane(run, time_s))[None], REFINEMENTS) >= 0
    return float(np.count_nonzero(inside)) * (run.grid.spacing / MM / 2**REFINEMENTS) ** 2


def diameter(area_mm2: float) -> float:
    """Of a circle with this area [mm]."""
    return 2.0 * math.sqrt(area_mm2 / math.pi)


def outward(run: Run, time_s: float, temperatures_c: Sequence[float]) -> list[float]:
    """Distance from the axis of the first probe, straight away from the middle of all, at which the temperature rises
    to given ones [mm]."""
    x, y, _ = (axis / MM for axis in run.grid.axes())
    first = run.scene.probe[0].tip_mm[:2]
    away = math.hypot(*first)
    direction = (first[0] / away, first[1] / away) if away else (1.0, 0.0)
    values = run.result.temperature(time_s)[0]
    distances = np.arange(run.grid.spacing / MM, 30.0, 0.05)
    columns = np.interp(first[0] + distances * direction[0], x, np.arange(x.size))
    rows = np.interp(first[1] + distances * direction[1], y, np.arange(y.size))
    profile = map_coordinates(values, [rows, columns], order=1)
    return [float(np.interp(temperature, profile, distances)) for temperature in temperatures_c]


def lethal_cm3(run: Run, time_s: float) -> float:
    """Volume below -40 °C in the whole block at a recorded time [cm³]."""
    phi = -40.0 - whole(run, time_s)
    grid = Grid(phi.shape, run.grid.spacing, (0.0, 0.0, 0.0))
    size = measure_parts(zone_parts(phi, np.ones(phi.shape, bool), grid), grid.cell_volume, None)["volume_cm3"]
    assert isinstance(size, float)
    return size


def within(value: float, share: float) -> tuple[float, float]:
    """Bounds that a share of a value lies away from it."""
    return value * (1.0 - share), value * (1.0 + share)


def littrup(runner: Runner) -> Iterator[Comparison]:
    """C1: one film for all, at which the single probe's lethal and ice diameter are off by the same factor, one up and
    one down; the rest is predicted."""

    def gel(count: int, width: float, h: float) -> Run:
        device = f"{{ like = 'cryo_3mm', shaft_diameter_mm = {width}, film_h_w_m2k = {h} }}"
        side = 42.0 if count == 1 else 56.0
        probes = layout(count, 20.0)
        return frozen(runner, probes, f"device.needle={device}", tip=-23.0, minutes=15.0, warm=39.0, side=side)

    def both(run: Run) -> tuple[float, float]:
        return area(run, 900.0, -30.0), area(run, 900.0, 0.0)

    lethal, share = LITTRUP[1]
    target = lethal / (0.01 * share) ** 0.25  # geometric mean of both diameters
    h = fitted(lambda h: math.prod(diameter(each) for each in both(gel(1, 2.4, h))) ** 0.5, target, 1200.0)
    yield Comparison("film of 2.4 mm probes, fitted; preset `conservative`", 1500.0, None, h, "W/m²K", fitted=True)
    wide = {count: both(gel(count, 2.4, h)) for count in LITTRUP}
    for count, (width, share) in LITTRUP.items():
        cold, ice = wide[count]
        name = f"{count} probe{'s' if count > 1 else ''}"
        yield Comparison(f"below -30 °C, {name}", width, None, diameter(cold), "mm", accepted=within(width, DIAMETERS))
        bounds = (share - SHARES, share + SHARES)
        yield Comparison(
            f"share of the ice below -30 °C, {name}", share, None, 100.0 * cold / ice, "%", accepted=bounds
        )
    thin = {count: both(gel(count, 1.7, h))[0] for count in LITTRUP}
    ratio = float(np.mean([thin[count] / wide[count][0] for count in LITTRUP]))
    smaller = float(np.mean([math.sqrt(thin[count] / wide[count][0]) for count in LITTRUP]))
    yield Comparison(
        "1.7 over 2.4 mm, area below -30 °C", THINNER[0], None, ratio, "", accepted=within(THINNER[0], DIAMETERS)
    )
    yield Comparison("1.7 over 2.4 mm, diameter", THINNER[1], None, smaller, "", accepted=within(THINNER[1], DIAMETERS))


def shah(runner: Runner) -> Iterator[Comparison]:
    """C2: where -40 °C lies around 17 G needles, and at which spacing it fills most."""
    end = 600.0
    single = frozen(runner, layout(1, 0.0))
    pairs = {spacing: frozen(runner, layout(2, spacing)) for spacing in SPACINGS}
    squares = {
        output: {spacing: frozen(runner, layout(4, spacing), output=output) for spacing in SPACINGS}
        for output in (100.0, 70.0)
    }
    for name, run in (
        ("1 needle", single),
        ("2 needles, 15 mm", pairs[15.0]),
        ("4 needles, 15 mm", squares[100.0][15.0]),
    ):
        lethal, middle, ice = outward(run, end, (-40.0, -20.0, 0.0))
        yield Comparison(f"-40 °C from the needle, {name}", 10.0, None, lethal, "mm", accepted=within(10.0, ABOUT))
        yield Comparison(f"from -40 to 0 °C, {name}", 10.0, None, ice - lethal, "mm", accepted=within(10.0, ABOUT))
        way = (middle - lethal) / (ice - lethal)
        yield Comparison(f"-20 °C on this way (even: a half), {name}", 0.5, None, way, "", accepted=within(0.5, ABOUT))
    for name, runs in (("2 needles", pairs), ("4 needles", squares[100.0]), ("4 needles, 70 %", squares[70.0])):
        volumes = {spacing: lethal_cm3(run, end) for spacing, run in runs.items()}
        best = max(volumes, key=lambda spacing: volumes[spacing])
        yield Comparison(f"spacing with most below -40 °C, {name}", None, None, best, "mm", accepted=(15.0, 20.0))
    for spacing, bounds in ((20.0, (COLDEST_C, -40.0)), (25.0, (-40.0, 37.0))):
        between = float(pairs[spacing].result.temperature(end)[0, 0, 0])
        yield Comparison(f"midway between 2 needles, {spacing:g} mm", None, None, between, "°C", accepted=bounds)
    weak = frozen(runner, layout(4, 15.0), output=20.0)
    (reach,) = outward(weak, end, (-40.0,))
    yield Comparison("-40 °C from the needle, 4 needles, 15 mm, 20 %", None, None, reach, "mm", accepted=(0.0, 7.5))


def fat_and_ice(runner: Runner) -> Iterator[Comparison]:
    """C7: the ice of one 17 G probe in mixtures of agar and lard, and in breast fat against gland."""
    shares = (0.0, 0.25, 0.5, 0.75, 1.0)

    def widths(block: str) -> list[float]:
        run = frozen(runner, layout(1, 0.0), f"tissue.block={block}", "run.record_every_s=180", minutes=9.0, side=42.0)
        return [diameter(area(run, time, 0.0)) for time in LARD]

    mixed = np.array([widths(mixture("agar", "breast_fat", share)) for share in shares])
    for (time, published), course in zip(LARD.items(), mixed.T, strict=True):
        straight = float(np.corrcoef(shares, course)[0, 1]) ** 2
        yield Comparison(f"diameter against share of lard, R², {time // 60} min", published, None, straight, "")
        ratio = float(course[-1] / course[0])
        yield Comparison(f"diameter, lard over agar, {time // 60} min", None, None, ratio, "", accepted=(0.0, 1.0))
    without = "perfusion_1_s = 0, metabolic_heat_w_m3 = 0 }"
    gland, fat = (widths(f'{{ like = "{name}", {without}') for name in ("breast_gland", "breast_fat"))
    for time, less, more in zip(LARD, fat, gland, strict=True):
        yield Comparison(
            f"diameter, breast fat over gland, {time // 60} min", None, None, less / more, "", accepted=(0.0, 1.0)
        )


def mixture(watery: str, fatty: str, share: float) -> str:
    """A tissue without blood flow, of which a share is fat: heats by volume, conductivities as geometric means.

    Source of the latter: Woodside & Messmer 1961, J Appl Phys 32:1688 (from memory, not re-read)
    """
    one, other = tissue(watery), tissue(fatty)

    def value(key: str, of: Tissue) -> float:
        return float(getattr(of, key).value)

    def even(key: str) -> float:
        return (1.0 - share) * value(key, one) + share * value(key, other)

    def by_mass(key: str) -> float:
        density = "density_kg_m3"
        both = (1.0 - share) * value(density, one) * value(key, one) + share * value(density, other) * value(key, other)
        return both / even(density)

    def geometric(key: str) -> float:
        return value(key, one) ** (1.0 - share) * value(key, other) ** share

    keys = {key: even(key) for key in ("density_kg_m3", "latent_heat_j_m3")}
    keys |= {key: by_mass(key) for key in ("heat_capacity_j_kgk", "frozen_heat_capacity_j_kgk")}
    keys |= {key: geometric(key) for key in ("conductivity_w_mk", "frozen_conductivity_w_mk")}
    written = ", ".join(f"{key} = {number:.6g}" for key, number in keys.items())
    return f'{{ {written}, freezing = {{ law = "saline" }}, boiling = "none" }}'


def kidney(runner: Runner) -> Iterator[Comparison]:
    """C10: how far from a 17 G probe -20 °C comes within 10 minutes in tissue with much blood."""
    for words, flow in KIDNEYS.items():
        for film in ("nominal", "device_figure") if flow == GO_SMART else ("nominal",):
            block = f"{{ {KIDNEY}, perfusion_1_s = {flow} }}"
            device = f'{{ like = "cryo_17g", film_preset = "{film}" }}'
            run = frozen(runner, layout(1, 0.0), f"tissue.block={block}", f"device.needle={device}", side=42.0)
            radius = 0.5 * diameter(area(run, 600.0, -20.0))
            name = f"radius of -20 °C, {words} 1/s, {film}"
            yield Comparison(name, None, None, radius, "mm", accepted=(0.0, 10.0))
