"""An NVIDIA GPU through CuPy: memory, kernels from cuda_kernels/, CUDA graphs; whether there is one at all."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Hashable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from gpu_ablate.engine.cuda_layout import Structures
from gpu_ablate.engine.device import Triple
from gpu_ablate.errors import BackendError
from gpu_ablate.paths import data_dir

OPTIONS = ("--std=c++17",)
"""Of the compiler; CuPy adds the architecture, `-ftz=true` and paths."""


@cache
def kernel_files() -> dict[str, str]:
    """In which file of cuda_kernels/ each kernel is."""
    texts = {path.name: path.read_text("utf-8") for path in sorted(data_dir("cuda_kernels").glob("*.cu"))}
    return {kernel: name for name, text in texts.items() for kernel in re.findall(r"^KERNEL\((\w+),", text, re.M)}


@cache
def gpu_name(number: int) -> str:
    """What GPU `number` is called."""
    import cupy

    return f"{cupy.cuda.runtime.getDeviceProperties(number)['name'].decode()}, GPU {number}"


@cache
def unusable(number: int) -> str | None:
    """Why GPU `number` cannot be used, in words; None if it can: a kernel was compiled for it and run."""
    try:
        import cupy
    except ImportError:
        return "CuPy is not installed (it comes with the extra cuda13, or cuda12 for older drivers: docs/gpu.md)"
    try:
        count = cupy.cuda.runtime.getDeviceCount()
        if number >= count:
            return f"there is no GPU {number} (found {count})"
        device = CudaDevice(number, np.float32)
        pending, total = device.array(np.ones(1)), device.array(np.ones(1))
        arguments = np.zeros((), Structures(np.float32).settle)
        arguments["pending"], arguments["total"] = device.address(pending), device.address(total)
        arguments["n"] = arguments["keep"] = 1
        device.launch("settle", (1, 1, 1), (1, 1, 1), arguments)
        if total.get()[0] != 2.0:
            return "a trivial kernel gave a wrong result"
    except Exception as error:  # whatever CuPy, NVRTC or the driver raise: the CPU can be used instead
        return " ".join(str(error).split()) or type(error).__name__
    return None


class CudaDevice:
    """GPU `number` (see engine.device.Device); kernels compiled for one precision.

    It serves one batch: graphs hold the addresses of its arrays. Work goes to a stream of its own, which is the current
    one of the thread until another device is opened there. A key of `replay` is done as it is the first time, recorded
    as a graph the second time, and launched as that from then on.
    """

    def __init__(self, number: int, real: type[np.floating]) -> None:
        import cupy

        self._cupy = cupy
        self._device = cupy.cuda.Device(number)
        self._device.use()
        cupy.get_default_memory_pool().free_all_blocks()  # of earlier streams, whose memory no other would use
        self.name: str = cupy.cuda.runtime.getDeviceProperties(number)["name"].decode()
        self._stream = cupy.cuda.Stream(non_blocking=True)
        self._stream.use()
        folder = data_dir("cuda_kernels")
        digest = hashlib.sha256()  # CuPy's cache does not see what a file includes
        for path in sorted(folder.glob("*.cu*")):
            digest.update(path.read_bytes())
        options = (
            *OPTIONS, f"-I{folder}", f"-DREAL={'double' if real is np.float64 else 'float'}",
            f"-DSOURCES=h{digest.hexdigest()[:16]}",
        )  # fmt: skip
        modules = {
            name: cupy.RawModule(code=f'#include "{name}"\n', options=options) for name in set(kernel_files().values())
        }
        self._module_of = {kernel: modules[name] for kernel, name in kernel_files().items()}
        self._kernels: dict[str, Any] = {}
        self._graphs: dict[Hashable, Any] = {}

    def empty(self, shape: tuple[int, ...], dtype: DTypeLike) -> Any:
        try:
            return self._cupy.empty(shape, dtype)
        except MemoryError:
            need = float(np.prod(shape, dtype=np.float64)) * np.dtype(dtype).itemsize
            raise BackendError(
                f"{self.name}: another {need / 1e9:.1f} GB are needed, {self.free_bytes() / 1e9:.1f} GB are free\n"
                "  a coarser --spacing-mm, a smaller [domain] or --backend numba helps"
            ) from None

    def array(self, values: NDArray[Any]) -> Any:
        copy = self.empty(values.shape, values.dtype)
        if values.nbytes:
            copy.set(np.ascontiguousarray(values))
        return copy

    def clear(self, array: Any) -> None:
        array.data.memset_async(0, array.nbytes, self._stream)

    def address(self, array: Any) -> int:
        return int(array.data.ptr)

    def launch(self, kernel: str, grid: Triple, block: Triple, arguments: NDArray[np.void]) -> None:
        if kernel not in self._kernels:
            self._kernels[kernel] = self._module_of[kernel].get_function(kernel)
        contents = arguments.view((np.void, arguments.dtype.itemsize))  # which CuPy packs without looking into it
        self._kernels[kernel](grid, block, (contents,), stream=self._stream)

    def replay(self, key: Hashable, work: Callable[[], None]) -> None:
        if key not in self._graphs:
            self._graphs[key] = None
            work()
            return
        if self._graphs[key] is None:
            self._stream.begin_capture()
            try:
                work()
            finally:
                graph = self._stream.end_capture()
            self._graphs[key] = graph
        self._graphs[key].launch(self._stream)

    def free_bytes(self) -> int:
        free, _ = self._device.mem_info
        return int(free) + int(self._cupy.get_default_memory_pool().free_bytes())
