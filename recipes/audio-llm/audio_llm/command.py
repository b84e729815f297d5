"""The command line that the recipes share."""

import argparse
import sys
from pathlib import Path

from .checkpoint import ExportError
from .pack import PRECISIONS, Kind, export


def run(program: str, kind: Kind) -> None:
    """Parse the command line and export."""
    parser = argparse.ArgumentParser(prog=program, description=f"Export {kind.title} to a model pack.")
    parser.add_argument("checkpoint", type=Path, help=f"folder with a saved {kind.architecture}")
    parser.add_argument("--out", type=Path, required=True, help="folder of the pack")
    parser.add_argument("--precision", choices=PRECISIONS, default="int4")
    arguments = parser.parse_args()
    out = arguments.out.resolve()
    try:
        export(kind, arguments.checkpoint, out, arguments.precision)
    except ExportError as error:
        sys.exit(f"{program}: {error}")
    size = sum(path.stat().st_size for path in out.iterdir())
    print(f"{out}: {size / 1e6:.0f} MB")
