"""What all tests share: random examples that are the same in every run, and where the backend "cuda" computes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings

from gpu_ablate import simulation
from gpu_ablate.engine import cuda_device
from tests.kernels.host_device import HostDevice

settings.register_profile("repeatable", derandomize=True, deadline=None, database=None)
settings.load_profile("repeatable")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--gpu", action="store_true", help='the backend "cuda" computes on the GPU, not on the CPU instead'
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--gpu"):
        for item in items:
            if item.get_closest_marker("gpu"):
                item.add_marker(pytest.mark.skip(reason="needs a GPU: pytest --gpu"))


@pytest.fixture(autouse=True, scope="session")
def cuda_on_the_cpu(request: pytest.FixtureRequest) -> Iterator[None]:
    """Without --gpu the backend "cuda" runs its kernels on the CPU (tests/kernels); "auto" doesn't take it."""
    if request.config.getoption("--gpu"):
        yield
        return
    choose = simulation.choose_backend

    def chosen(name: str, device: int | None = None) -> tuple[str, str]:
        return (name, "on the CPU") if name == "cuda" else choose(name, device)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(simulation, "choose_backend", chosen)
        patch.setattr(cuda_device, "CudaDevice", lambda number, real: HostDevice(real))
        yield
