"""`python -m earmark_mini.train STAGE [--work FOLDER]`: one stage of the training."""

import argparse
import os
from importlib import import_module
from pathlib import Path

from ..layout import RECIPE
from .work import DROPS, Work

STAGES = (
    "fetch",
    "play",
    "label",
    "speak",
    "features",
    "layers",
    "stage1",
    "stage2",
    "stage3",
    "export",
    "evaluate",
    "losses",
    "reference",
    "card",
    "coupled",
)
MODULES = {"reference": "evaluate"}
"""Where the stage's name is not its module's."""


def main() -> None:
    """Parse the command line and run the stage, imported only then: the first four need no PyTorch."""
    parser = argparse.ArgumentParser(prog="earmark_mini.train", description=__doc__)
    parser.add_argument("stage", choices=STAGES)
    parser.add_argument("--work", type=Path, default=RECIPE / "build", help="folder of data and weights")
    parser.add_argument("--small", action="store_true", help="tiny models, few steps")
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint")
    parser.add_argument("--limit", type=int, help="speak, features, evaluate, losses: at most so many")
    parser.add_argument("--seconds", type=float, help="stop after so long; resumed by --resume")
    parser.add_argument("--steps", type=int, help="stage1 to stage3: length of the training")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--drop", choices=DROPS, default="random", help="how stage2 and stage3 drop tokens")
    parser.add_argument("--name", help="stage2, stage3, export, evaluate, losses: of the checkpoint")
    parser.add_argument(
        "--from",
        dest="start",
        type=Path,
        help="stage2, stage3, evaluate, losses: a checkpoint or folder of weights instead of the last stage's",
    )
    parser.add_argument("--pack", type=Path, help="evaluate: a pack instead of a checkpoint")
    parser.add_argument(
        "--only",
        type=lambda names: names.split(","),
        help="evaluate: these ways to prune alone, as all@1.0,segmentwise@0.25",
    )
    parser.add_argument(
        "--threads", type=int, default=1, help="of PyTorch; speak: voices, features: shards at once"
    )
    parser.add_argument(
        "--bf16",
        action=argparse.BooleanOptionalAction,
        help="features, stage1 to stage3, evaluate and losses (there not by default): multiply in bfloat16",
    )
    arguments = vars(parser.parse_args())
    os.environ["HF_HUB_OFFLINE"] = "1"
    # PyTorch asks for huge pages: steps are a tenth faster, and stay so for hours.
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
    name = arguments.pop("stage")
    work = Work(arguments.pop("work").resolve(), arguments.pop("small"))
    run = getattr(import_module(f".{MODULES.get(name, name)}", __package__), name)
    wanted = run.__code__.co_varnames[1 : run.__code__.co_argcount]
    if name not in ("fetch", "play", "label", "speak"):
        import torch

        torch.set_num_threads(arguments["threads"])
    run(work, **{key: arguments[key] for key in wanted if arguments[key] is not None})


if __name__ == "__main__":
    main()
