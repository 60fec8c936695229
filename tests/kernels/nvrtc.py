"""NVIDIA's run-time compiler as the package nvidia-cuda-nvrtc has it; it needs neither a GPU nor a driver."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import files
from pathlib import Path

from gpu_ablate.engine.cuda_device import OPTIONS

CUPY_OPTIONS = ("-ftz=true", "--device-as-default-execution-space")
"""What CuPy adds of its own (cupy/cuda/compiler.py)."""


@dataclass(frozen=True)
class Resources:
    """What a kernel takes: registers of a thread, local memory of a thread and shared memory of a block [bytes]."""

    registers: int
    local: int
    shared: int


class CompileError(Exception):
    """The compiler's messages."""


def resources(file: Path, real: str, architecture: int) -> dict[str, Resources]:
    """Compile a .cu file as CudaDevice does; what each of its kernels takes.

    Raises
    ------
    CompileError
        The text is wrong, or the compiler warns.
    """
    options = (
        *OPTIONS, *CUPY_OPTIONS, f"-I{file.parent}", f"-DREAL={real}", f"-arch=sm_{architecture}", "-Xptxas=-v",
    )  # fmt: skip
    log = _compile(f'#include "{file.name}"\n', options)
    reports = re.findall(
        r"entry function '(\w+)'.*?(\d+) bytes stack frame, (\d+) bytes spill stores.*?Used (\d+) registers(.*?)\n",
        log,
        re.S,
    )
    return {
        name: Resources(int(registers), int(stack) + int(spilt), int((re.findall(r"(\d+) bytes smem", more) or [0])[0]))
        for name, stack, spilt, registers, more in reports
    }


@cache
def _library() -> ctypes.CDLL:
    paths = {path.name.split(".")[0]: str(path.locate()) for path in files("nvidia-cuda-nvrtc") or []}
    ctypes.CDLL(paths["libnvrtc-builtins"])  # it looks for it by name alone
    return ctypes.CDLL(paths["libnvrtc"])


def _compile(text: str, options: Sequence[str]) -> str:
    nvrtc, program, size = _library(), ctypes.c_void_p(), ctypes.c_size_t()
    nvrtc.nvrtcCreateProgram(ctypes.byref(program), text.encode(), b"kernels.cu", 0, None, None)
    given = (ctypes.c_char_p * len(options))(*(option.encode() for option in options))
    failed = nvrtc.nvrtcCompileProgram(program, len(options), given)
    nvrtc.nvrtcGetProgramLogSize(program, ctypes.byref(size))
    log = ctypes.create_string_buffer(size.value)
    nvrtc.nvrtcGetProgramLog(program, log)
    nvrtc.nvrtcDestroyProgram(ctypes.byref(program))
    messages = log.value.decode()
    if failed or "warning" in messages:
        raise CompileError(messages)
    return messages
