"""Write scenes/README.md and docs/gallery.md from real runs: python -m bench.gallery RUNS.

RUNS holds, or gets, a run folder of each shipped scene, named for it. What is there is not computed again; its metrics
and pictures are made anew. About half an hour on two cores from nothing, ten minutes for the pictures alone.
"""

from __future__ import annotations

import argparse
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

from PIL import Image

from gpu_ablate.cli.app import main
from gpu_ablate.outcome.metrics import measure
from gpu_ablate.render import style
from gpu_ablate.render.figures import write_figures
from gpu_ablate.report.headline import headline
from gpu_ablate.report.write import write_reports
from gpu_ablate.result.store import load_metrics, load_result, rewrite_metrics

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
WORDS = {"scene3d": "Killed tissue and isotherms", "film_strip": "The end of each step"}
"""Pictures that are shown, and what they are."""

WIDE, QUALITY = 1200, 82
MADE = "<!-- Made by python -m bench.gallery; change bench/gallery.toml instead. -->\n"
LISTED = "Each runs by name: `gpu-ablate run NAME`. Pictures: [gallery](../docs/gallery.md).\n"
SHOWS = "Every shipped scene, as computed and drawn. What the colours mean stands in each picture.\n"
HEAD = ("| scene | what it teaches | outcome |", "|---|---|---|")
BURNED = ("second_degree_cm2", "third_degree_cm2")
MINUS = re.compile(r"(?<!\w)-(?=\d)")
THAWED = ("cryo_vertebra_bilateral", "--set", "run.duration_s=3600")
"""What the cement comes after."""

STAGES = """
## Second stages

`--after` begins where a run ended. Cement after the last thaw, once the ice is gone:

```
gpu-ablate run cryo_vertebra_bilateral --set run.duration_s=3600 --out runs/thawed
gpu-ablate run vertebra_cement --after runs/thawed --set run.endpoint=lethal40
```

Gas that shrank between two cycles, and gas that was topped up (the same scene again):

```
gpu-ablate run cryo_vertebra_gas --set probe.left.repeat=1 --set run.endpoint=lethal40 --out runs/first
gpu-ablate run cryo_vertebra_gas --set probe.left.repeat=1 --set run.endpoint=lethal40 --after runs/first
gpu-ablate run cryo_vertebra_gas --set probe.left.repeat=1 --set run.endpoint=lethal40 --after runs/first \\
  --set region.gas.shape.min_mm=[11,170,-75] --set region.gas.shape.max_mm=[30,186,-55]
```

Topped up, the cauda equina stays at 25 °C in the second cycle and 100 % of the metastasis are dead, as in one run of
both cycles; with the pocket shrunk to 19 × 20 mm the cold goes around it and the cauda equina falls to 5 °C.
"""


def finished(scene: str, runs: Path) -> Path:
    """The run folder of a scene, computed if it is not there; its metrics measured anew."""
    folder = runs / scene
    if not (folder / "result.vtkhdf").exists():
        command = ["run", scene, "--out", str(folder), "--no-figures"]
        if scene == "vertebra_cement":
            thawed = runs / "thawed"
            if not (thawed / "result.vtkhdf").exists():
                main(["run", *THAWED, "--out", str(thawed), "--no-figures"])
            command += ["--after", str(thawed), "--set", "run.endpoint=lethal40"]
        if main(command) not in (0, 3):
            raise SystemExit(f"{scene} failed")
    result, known = load_result(folder), load_metrics(folder)
    rewrite_metrics(measure(result) | {key: known[key] for key in ("bracket", "numerical_error")}, folder)
    return folder


def numbers(metrics: dict[str, Any]) -> dict[str, float]:
    """What the texts may name: see gallery.toml."""
    found: dict[str, float] = {}
    targets = [target for target in metrics["targets"] if target["ablated_percent"] is not None]
    if targets:
        found["killed"] = min(target["ablated_percent"] for target in targets)
        for name, key in (("margin", "min_margin_mm"), ("ice", "boundary_margin_mm")):
            known = [target[key] for target in targets if target[key] is not None]
            found |= {name: min(known)} if known else {}
    found["burned"] = sum(skin[key] for skin in metrics["skin"] if skin["role"] == "skin" for key in BURNED)
    for limit in metrics["limits"]:
        if limit["value"] is not None:
            found[f"{limit['where']}_{limit['quantity']}".replace(" ", "_")] = limit["value"]
    return found


def outcome(metrics: dict[str, Any], warnings: bool) -> str:
    """How it came out, in a line: the report's headline, with its warnings or without."""
    marks = {**style.STATUS_MARK, "": "•"}
    lines = [line for line in headline(metrics) if warnings or " warning: " not in line.words]
    return "; ".join(f"{marks[line.status]} {line.words}" for line in lines)


def picture(file: Path, name: str) -> str:
    """A figure as a smaller WebP among the documents' images; its name there."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    drawn = Image.open(file).convert("RGB")
    drawn = drawn.resize((WIDE, round(drawn.height * WIDE / drawn.width)), Image.Resampling.LANCZOS)
    drawn.save(IMAGES / f"{name}.webp", quality=QUALITY, method=6)
    return f"{name}.webp"


def write(runs: Path) -> None:
    """Both pages."""
    sections = tomllib.loads((Path(__file__).parent / "gallery.toml").read_text(encoding="utf-8"))["section"]
    listed = [MADE, "# Scenes\n", LISTED]
    shown = [MADE, "# Gallery\n", SHOWS]
    for section in sections:
        listed += [f"## {section['title']}\n", section["text"].strip() + "\n", *HEAD]
        shown.append(f"## {section['title']}\n")
        for scene, text in section["scenes"].items():
            print(scene, file=sys.stderr, flush=True)
            folder = finished(scene, runs)
            result, metrics = load_result(folder), load_metrics(folder)
            figures = write_figures(result, metrics, folder / "figures", print)
            write_reports(result, metrics, figures, folder)
            told = MINUS.sub("−", text.format(**numbers(metrics)))
            listed.append(f"| `{scene}` | {told} | {outcome(metrics, False)} |")
            shown.append(f"### {result.setup.title}\n\n`{scene}`: {told}\n\n{outcome(metrics, True)}\n")
            for name in WORDS:
                if name in figures:
                    shown.append(
                        f"![{WORDS[name]}: {result.setup.title}](images/{picture(figures[name], f'{scene}_{name}')})\n"
                    )
        listed.append("")
    (ROOT / "scenes" / "README.md").write_text("\n".join(listed) + STAGES, encoding="utf-8")
    (ROOT / "docs" / "gallery.md").write_text("\n".join(shown), encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, help="folder of the run folders")
    write(parser.parse_args().runs)
