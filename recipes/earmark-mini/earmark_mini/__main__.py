"""`python -m earmark_mini [STAGE …]`: build the pack, all stages in order when none is named."""

import argparse
import os
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from .layout import RECIPE, Layout

STAGES = ("fetch", "convert", "merge", "export", "quantise", "pack", "prove", "golden")


def stage(name: str) -> Callable[[Layout], None]:
    """A stage is the function of its module's name. Imported late: `fetch` needs no PyTorch."""
    return getattr(import_module(f".{name}", __package__), name)


def main() -> None:
    """Parse the command line and run the stages."""
    parser = argparse.ArgumentParser(prog="earmark_mini", description=__doc__)
    parser.add_argument("stages", nargs="*", metavar="STAGE", help=", ".join(STAGES))
    parser.add_argument("--work", type=Path, default=RECIPE / "build", help="folder for intermediates")
    parser.add_argument("--pack", type=Path, help="folder of the pack")
    parser.add_argument("--samples", type=Path, help="folder of the sample clips")
    parser.add_argument("--weights", type=Path, help="folder of the trained adapter and LoRA")
    arguments = parser.parse_args()
    unknown = set(arguments.stages) - set(STAGES)
    if unknown:
        parser.error(f"no such stage: {', '.join(sorted(unknown))}")
    os.environ["HF_HUB_OFFLINE"] = "1"
    folders = {name: getattr(arguments, name) for name in ("pack", "samples", "weights")}
    layout = Layout(arguments.work.resolve(), **{k: v.resolve() for k, v in folders.items() if v})
    for name in STAGES:
        if not arguments.stages or name in arguments.stages:
            print(f"== {name}", flush=True)
            stage(name)(layout)


if __name__ == "__main__":
    main()
