"""Where every stage reads and writes."""

from dataclasses import dataclass
from pathlib import Path

RECIPE = Path(__file__).resolve().parent.parent
REPOSITORY = RECIPE.parent.parent


@dataclass(frozen=True)
class Layout:
    """The folders of one build. Everything under `work` can be deleted and fetched again."""

    work: Path
    benchmark: Path = REPOSITORY / "media" / "benchmark"

    @property
    def archives(self) -> Path:
        """Debian packages as downloaded."""
        return self.work / "archives"

    @property
    def packages(self) -> Path:
        """Debian packages unpacked, each in a folder of its name. Nothing is installed."""
        return self.work / "packages"

    @property
    def spoken(self) -> Path:
        """Synthetic speech."""
        return self.work / "spoken"

    @property
    def clips(self) -> Path:
        """The clips that ship."""
        return self.benchmark / "clips"

    @property
    def document(self) -> Path:
        """What is asked of the clips."""
        return self.benchmark / "benchmark.json"

    @property
    def attribution(self) -> Path:
        """Where the sounds of each clip come from."""
        return self.benchmark / "ATTRIBUTION.md"
