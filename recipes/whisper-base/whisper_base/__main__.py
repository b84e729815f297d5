"""`python -m whisper_base --out FOLDER`: make the pack, unless the folder holds what this recipe makes."""

import argparse
import sys
from pathlib import Path

from .pack import RECIPE, build, holds_something_else, is_current


def main() -> None:
    """Parse the command line and build."""
    parser = argparse.ArgumentParser(prog="whisper_base", description=__doc__)
    parser.add_argument(
        "--out",
        type=Path,
        default=RECIPE / "build" / "whisper-base",
        help="folder of the pack; its parent is what earmark.modelFolders or --models names",
    )
    parser.add_argument(
        "--check", action="store_true", help="build nothing; fail unless the folder is up to date"
    )
    parser.add_argument("--work", type=Path, default=RECIPE / "build", help="folder for downloads")
    arguments = parser.parse_args()
    folder = arguments.out.resolve()
    if arguments.check:
        sys.exit(0 if is_current(folder) else f"{folder}: not what this recipe makes")
    if holds_something_else(folder):
        parser.error(f"{folder} holds something else; name another folder")
    if is_current(folder):
        print(f"{folder}: up to date")
        return
    build(folder, arguments.work.resolve() / "wheels")
    size = sum(path.stat().st_size for path in folder.iterdir())
    print(f"{folder}: {size / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
