"""Which backend is taken, and what is said when a GPU can't be used; none is needed here."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from gpu_ablate.engine import cuda_device
from gpu_ablate.engine.choose import choose_backend
from gpu_ablate.errors import BackendError
from tests.kernels.host_device import HostDevice

NO_DRIVER = "cudaErrorInsufficientDriver: CUDA driver version is insufficient for CUDA runtime version"


class Runtime(SimpleNamespace):
    """What CuPy's runtime says on a machine with so many GPUs; -1 for none at all."""

    count: int = -1

    def getDeviceCount(self) -> int:
        if self.count < 0:
            raise RuntimeError(NO_DRIVER)
        return self.count

    def getDeviceProperties(self, number: int) -> dict[str, bytes]:
        return {"name": b"NVIDIA Test"}


@pytest.fixture(autouse=True)
def forget() -> Any:
    """The probe is made once per process."""
    cuda_device.unusable.cache_clear()
    cuda_device.gpu_name.cache_clear()
    yield
    cuda_device.unusable.cache_clear()
    cuda_device.gpu_name.cache_clear()


@pytest.fixture
def no_cupy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cupy", None)


def with_gpus(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    """CuPy is installed and finds so many GPUs."""
    monkeypatch.setitem(sys.modules, "cupy", SimpleNamespace(cuda=SimpleNamespace(runtime=Runtime(count=count))))


def test_without_cupy_auto_computes_on_the_cpu(no_cupy: None) -> None:
    name, why = choose_backend("auto")
    assert name == "numba"
    assert "no GPU: CuPy is not installed (it comes with the extra cuda13" in why
    assert "CPU threads" in why


def test_without_a_driver_auto_computes_on_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    with_gpus(monkeypatch, -1)
    name, why = choose_backend("auto")
    assert name == "numba"
    assert why.endswith(f"no GPU: {NO_DRIVER}")


@pytest.mark.parametrize(
    ("backend", "device", "says"),
    [
        ("cuda", None, "GPU 0 can't be used: CuPy is not installed"),
        ("auto", 2, "GPU 2 can't be used: CuPy is not installed"),
        ("cuda:3", None, "GPU 3 can't be used: CuPy is not installed"),
        ("numba", 0, '--device chooses a GPU, but the backend is "numba"'),
        ("metal", None, 'unknown backend "metal"; backends: auto, cuda, numba, numpy'),
    ],
)
def test_what_is_asked_for_is_given_or_refused(no_cupy: None, backend: str, device: int | None, says: str) -> None:
    """A GPU that was asked for is not silently replaced by the CPU."""
    with pytest.raises(BackendError) as caught:
        choose_backend(backend, device)
    assert says in str(caught.value)


def test_a_gpu_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with_gpus(monkeypatch, 2)
    with pytest.raises(BackendError, match=r"GPU 5 can't be used: there is no GPU 5 \(found 2\)"):
        choose_backend("auto", 5)


@pytest.mark.parametrize(("device", "expected"), [(None, "cuda"), (0, "cuda"), (1, "cuda:1")])
def test_a_gpu_that_works_is_taken(monkeypatch: pytest.MonkeyPatch, device: int | None, expected: str) -> None:
    """Found by a kernel that gives the right answer, here on the CPU in its place."""
    with_gpus(monkeypatch, 2)
    assert choose_backend("auto", device) == (expected, f"NVIDIA Test, GPU {device or 0}")


def test_a_gpu_that_computes_wrongly_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    with_gpus(monkeypatch, 1)

    class Idle(HostDevice):
        """Launches nothing."""

        def launch(self, *_: Any) -> None:
            pass

    monkeypatch.setattr(cuda_device, "CudaDevice", lambda _, real: Idle(real))
    name, why = choose_backend("auto")
    assert name == "numba"
    assert "a trivial kernel gave a wrong result" in why
