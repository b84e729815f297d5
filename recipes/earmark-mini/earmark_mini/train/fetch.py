"""Stage `fetch`: Debian's recordings, synthesisers and WordNet, with their hashes.

The base weights are the pack's recipe's: `python -m earmark_mini fetch convert --work FOLDER`.
"""

from earmark_benchmark.fetch import SYNTHESISERS, unpack
from whisper_base.weights import sha256_of

from .play import SOUNDFONTS
from .sentences import write_sentences
from .work import TABLES, Work, read_table, write_table

SPEECH = ("asterisk-core-sounds-en", "asterisk-core-sounds-en-wav")
VOICES = ("flite", "libflite1", "festvox-kallpc16k")
WORDS = ("wordnet-base",)


def packages() -> set[str]:
    """Every Debian package that training needs."""
    sounds = {row["package"] for name in ("events", "readings") for row in read_table(TABLES / f"{name}.csv")}
    # The benchmark's recordings are needed too: what resembles them is held out.
    held = {row["package"] for row in read_table(TABLES.parents[1] / "benchmark" / "recordings.csv")}
    fonts = {soundfont.package for soundfont in SOUNDFONTS}
    return {*sounds, *held, *SPEECH, *SYNTHESISERS, *VOICES, *WORDS, *fonts}


def fetch(work: Work) -> None:
    """Download and unpack what is missing; compare with the hashes of an earlier time, or note them."""
    unpack(work.debian, packages())
    rows = [
        {"package": path.name.partition("_")[0], "file": path.name, "sha256": sha256_of(path)}
        for path in sorted(work.debian.archives.glob("*.deb"))
    ]
    known = {row["file"]: row["sha256"] for row in read_table(TABLES / "archives.csv")}
    changed = [row["file"] for row in rows if known.get(row["file"], row["sha256"]) != row["sha256"]]
    if changed:
        raise ValueError(f"not the bytes that are expected: {', '.join(changed)}")
    unknown = [row["file"] for row in rows if row["file"] not in known]
    if unknown:
        print(f"other versions than the recipe was written with: {', '.join(unknown)}")
    write_table(work.archives, rows, ("package", "file", "sha256"))
    print(f"{len(rows)} packages, {write_sentences(work)} sentences")
