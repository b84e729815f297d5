"""Stage `fetch`: download and unpack the Debian packages that the tables name. Installs nothing."""

import subprocess
from collections.abc import Iterable

from .layout import Layout
from .tables import packages

SYNTHESISERS = (
    "espeak-ng",
    "espeak-ng-data",
    "libespeak-ng1",
    "libpcaudio0",
    "libsonic0",
    "festival",
    "libestools2.5",
    "festvox-kdlpc16k",
    "festlex-cmu",
    "festlex-poslex",
)


def unpack(layout: Layout, names: Iterable[str]) -> None:
    """Download and unpack packages. What is there already is not downloaded again."""
    layout.archives.mkdir(parents=True, exist_ok=True)
    for package in sorted(names):
        folder = layout.packages / package
        if folder.exists():
            continue
        archives = sorted(layout.archives.glob(f"{package}_*.deb"))
        if not archives:
            subprocess.run(["apt-get", "download", package], cwd=layout.archives, check=True)
            archives = sorted(layout.archives.glob(f"{package}_*.deb"))
        folder.mkdir(parents=True)
        subprocess.run(["dpkg-deb", "-x", str(archives[-1]), str(folder)], check=True)
        print(f"{package}: {archives[-1].name}")


def fetch(layout: Layout) -> None:
    """All that the tables name, and the synthesisers."""
    unpack(layout, {*packages(), *SYNTHESISERS})
