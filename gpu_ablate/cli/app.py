"""The command line `gpu-ablate`: one file per command; what is heavy is imported when a command runs."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence
from typing import Annotated

import typer

from gpu_ablate.cli.case import case
from gpu_ablate.cli.check import check
from gpu_ablate.cli.compare import compare
from gpu_ablate.cli.export import export
from gpu_ablate.cli.info import info
from gpu_ablate.cli.library import library
from gpu_ablate.cli.new import new
from gpu_ablate.cli.render import render
from gpu_ablate.cli.report import report
from gpu_ablate.cli.resume import resume
from gpu_ablate.cli.run import run
from gpu_ablate.cli.show import show
from gpu_ablate.cli.verify import verify
from gpu_ablate.errors import AblateError, RunError

RUN_FAILED, BAD_INPUT = 1, 2

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from gpu_ablate.result.provenance import package_version

        typer.echo(f"gpu-ablate {package_version('gpu-ablate')}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Simulate thermal ablation zones. Research software: not a medical device."""


for command in (run, resume, case, new, check, show, render, report, compare, export, verify, info):
    app.command()(command)
app.add_typer(library, name="library")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code.

    0 done, 1 the run failed, 2 bad input, 3 done but a safety limit was broken, 130 interrupted.

    Parameters
    ----------
    arguments : what follows the program's name; those of this process if None
    """
    typed = list(sys.argv[1:] if arguments is None else arguments)
    try:
        app(args=typed, obj=typed, prog_name="gpu-ablate")
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 0
    except AblateError as error:
        print(error, file=sys.stderr)
        return RUN_FAILED if isinstance(error, RunError) else BAD_INPUT
    except OSError as error:
        print(f"{error.filename or 'file'}: cannot be read or written ({error.strerror})", file=sys.stderr)
        return BAD_INPUT
    except Exception as error:
        print(f"unexpected {type(error).__name__}: {error}\n", file=sys.stderr)
        traceback.print_exc()
        return RUN_FAILED
    return 0
