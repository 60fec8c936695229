"""gpu-ablate: open simulator of thermal ablation zones. A research tool, not a medical device.

import gpu_ablate as ga

scene = ga.load_scene("breast_pullback")
case = ga.build_case(scene)
result = ga.simulate(case)
print(ga.measure(result)["verdict"])
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gpu_ablate.case.build import build_case
    from gpu_ablate.errors import AblateError, BackendError, ResultError, RunError, SceneError
    from gpu_ablate.outcome.metrics import measure
    from gpu_ablate.result.store import load_result
    from gpu_ablate.scene.load import load_scene
    from gpu_ablate.simulation import simulate, simulate_many

__version__ = "0.1.0"

__all__ = [
    "AblateError",
    "BackendError",
    "ResultError",
    "RunError",
    "SceneError",
    "build_case",
    "load_result",
    "load_scene",
    "measure",
    "simulate",
    "simulate_many",
]

_HOMES = {
    "AblateError": "errors",
    "BackendError": "errors",
    "ResultError": "errors",
    "RunError": "errors",
    "SceneError": "errors",
    "build_case": "case.build",
    "load_result": "result.store",
    "load_scene": "scene.load",
    "measure": "outcome.metrics",
    "simulate": "simulation",
    "simulate_many": "simulation",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that `import gpu_ablate` stays light."""
    if name not in _HOMES:
        raise AttributeError(f"module gpu_ablate has no attribute {name!r}")
    return getattr(import_module(f"gpu_ablate.{_HOMES[name]}"), name)
