"""`python -m earmark_benchmark [STAGE …]`: all stages in order when none is named."""

import argparse
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from .layout import RECIPE, Layout

STAGES = ("fetch", "speak", "write", "check")


def stage(name: str) -> Callable[[Layout], None]:
    """A stage is the function of its module's name. Imported late: `fetch` needs no NumPy."""
    return getattr(import_module(f".{name}", __package__), name)


def main() -> None:
    """Parse the command line and run the stages."""
    parser = argparse.ArgumentParser(prog="earmark_benchmark", description=__doc__)
    parser.add_argument("stages", nargs="*", metavar="STAGE", help=", ".join(STAGES))
    parser.add_argument("--work", type=Path, default=RECIPE / "build", help="folder for intermediates")
    parser.add_argument("--benchmark", type=Path, help="folder of the benchmark")
    arguments = parser.parse_args()
    unknown = set(arguments.stages) - set(STAGES)
    if unknown:
        parser.error(f"no such stage: {', '.join(sorted(unknown))}")
    folders = {"benchmark": arguments.benchmark.resolve()} if arguments.benchmark else {}
    layout = Layout(arguments.work.resolve(), **folders)
    for name in STAGES:
        if not arguments.stages or name in arguments.stages:
            print(f"== {name}", flush=True)
            stage(name)(layout)


if __name__ == "__main__":
    main()
