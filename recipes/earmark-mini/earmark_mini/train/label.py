"""Stage `label`: one row a recording, split by recording and source.

`tables/events.csv` says what is heard, `tables/classes.csv` by which words a class is recognised; what stage
`play` made comes with its names. `tables/readings.csv` says what is read aloud, and by whom. A *source*
is what takes of one sound share: package, folder and name without the last number. Sources whose recordings
are twins are one source. A source is held out whole, or not at all: the benchmark's own always, and of every
class with at least three others one.
"""

import gzip
import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path, PurePosixPath

from earmark_benchmark.sounds import decode, read_bytes
from earmark_benchmark.tables import recordings, utterances
from whisper_base.weights import sha256_of

from .fetch import SPEECH
from .fingerprint import Fingerprint, are_twins, fingerprint, twins
from .play import COMPUTED, unmarked
from .sentences import held_out, letters
from .work import PLAYED, TABLES, Work, read_table, write_table

COLUMNS = ("kind", "package", "file", "sha256", "class", "text", "synonyms", "speaker", "licence", "source")
COLUMNS += ("split", "why")
SEED = 3
PROMPT_SHARE = 9
"""One prompt or reading in so many is held out, by its words."""

Row = dict[str, str]


def source_of(package: str, file: str) -> str:
    """Takes of one sound share this: folder and name, without the number at the name's end."""
    path = PurePosixPath(file)
    return f"{package}:{path.parent.name}/{re.sub(r'[-_ ]?[0-9]+$', '', path.stem) or path.stem}"


def split_sources(
    classes: Sequence[str], sources: Sequence[str], groups: Sequence[int], benchmark: Sequence[bool]
) -> list[tuple[str, str]]:
    """`train` or `held` for each recording, and why it is held out.

    Recordings that share a source or a group of twins go together.
    """
    component = _components(sources, groups)
    touched = {c for c, known in zip(component, benchmark, strict=True) if known}
    by_class: dict[str, set[int]] = defaultdict(set)
    for name, c in zip(classes, component, strict=True):
        by_class[name].add(c)
    chosen: set[int] = set()
    picker = random.Random(SEED)
    for name in sorted(by_class):
        free = sorted(by_class[name] - touched - chosen)
        # A class keeps at least two sources for training, or it is not learnt at all.
        if len(free) >= 3:
            sizes = {c: component.count(c) for c in free}
            smallest = [c for c in free if sizes[c] == min(sizes.values())]
            chosen.add(picker.choice(smallest))
    return [
        ("held", "benchmark")
        if known
        else ("held", "twin or take of the benchmark's")
        if c in touched
        else ("held", "source")
        if c in chosen
        else ("train", "")
        for c, known in zip(component, benchmark, strict=True)
    ]


def _components(sources: Sequence[str], groups: Sequence[int]) -> list[int]:
    component = list(range(len(sources)))
    while True:
        lowest: dict[object, int] = {}
        for i, c in enumerate(component):
            for key in (("source", sources[i]), ("twins", groups[i])):
                lowest[key] = min(lowest.get(key, c), c)
        joined = [
            min(lowest["source", sources[i]], lowest["twins", groups[i]]) for i in range(len(component))
        ]
        if joined == component:
            return component
        component = joined


def transcripts(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Asterisk's list: file without ending, and words. Descriptions of sounds and unfinished phrases are
    left out."""
    for line in lines:
        name, colon, text = line.partition(": ")
        if colon and not name.startswith(";") and not re.search(r"[\[(]|\.\.\.", text):
            yield name.strip(), " ".join(text.split())


def _event_row(package: str, row: Mapping[str, str], path: Path, synonyms: Mapping[str, str]) -> Row:
    """What labels.csv says of a recording. `row`: of a table that names file, class and clause."""
    return {
        "kind": "event",
        "package": package,
        "file": row["file"],
        "sha256": sha256_of(path),
        "class": row["class"],
        "text": row["clause"],
        "synonyms": synonyms[row["class"]],
        "licence": row["licence"],
    }


def _events(work: Work) -> list[Row]:
    synonyms = {row["class"]: row["synonyms"] for row in read_table(TABLES / "classes.csv")}
    benchmark = {recording.sha256: recording for recording in recordings()}
    rows = []
    for row in read_table(TABLES / "events.csv"):
        path = work.debian.packages / row["package"] / row["file"]
        rows.append(_event_row(row["package"], row, path, synonyms))
    digests = {row["sha256"] for row in rows}
    rows += [
        {
            "kind": "event",
            "package": recording.package,
            "file": recording.file,
            "sha256": digest,
            "class": recording.kind,
            "text": recording.clause,
            "synonyms": synonyms.get(recording.kind, ""),
            "licence": recording.licence,
        }
        for digest, recording in benchmark.items()
        if digest not in digests
    ]
    prints = []
    for row in rows:
        known = benchmark.get(row["sha256"])
        data = read_bytes(work.debian, known) if known else work.recording(row)
        prints.append(fingerprint(decode(data)))
        row["source"] = source_of(row["package"], row["file"])
    splits = split_sources(
        [row["class"] for row in rows],
        [row["source"] for row in rows],
        twins(prints),
        [row["sha256"] in benchmark for row in rows],
    )
    for row, (split, why) in zip(rows, splits, strict=True):
        row |= {"split": split, "why": why}
    held = [mark for row, mark in zip(rows, prints, strict=True) if row["split"] == "held"]
    return rows + played(work, synonyms, held)


def played(work: Work, synonyms: Mapping[str, str], held: Sequence[Fingerprint]) -> list[Row]:
    """What was made. A take that resembles a held-out recording is held out with all takes of its instrument: that
    recording may come from the same soundfont. Of the other soundfonts it is left out, and so is what is held out of the
    first: they give more to learn, and what is held out stays as it is."""
    rows = []
    for row in read_table(work.played / "played.csv"):
        rows.append(
            _event_row(PLAYED, row, work.played / row["file"], synonyms)
            | {
                "source": source_of(PLAYED, row["file"]),
                "split": row["split"],
                "why": "computed" if row["split"] == "held" else "",
            }
        )
    computed = set(COMPUTED.values())
    marks = ((row, fingerprint(decode(work.recording(row)))) for row in rows if row["class"] not in computed)
    alike = {row["source"] for row, mark in marks if any(are_twins(mark, other) for other in held)}
    kept = []
    for row in rows:
        first = source_of(PLAYED, unmarked(row["file"]))
        if row["source"] == first and first in alike:
            row |= {"split": "held", "why": "like a held-out recording"}
        if row["source"] == first or not {row["source"], first} & alike:
            kept.append(row)
    return kept


def _prompts(work: Work) -> list[Row]:
    words_of, sounds = (work.debian.packages / name for name in SPEECH)
    words_file = words_of / f"usr/share/doc/{words_of.name}/core-sounds-en.txt.gz"
    listed = transcripts(gzip.decompress(words_file.read_bytes()).decode("utf-8").splitlines())
    folder = next((sounds / "usr/share/asterisk/sounds").iterdir())
    facts = {"package": sounds.name, "speaker": "woman", "licence": "CC-BY-SA-3.0"}
    return [
        _speech_row(
            work, facts | {"file": str(path.relative_to(sounds)), "text": words}, f"{sounds.name}:{name}"
        )
        for name, words in listed
        if (path := folder / f"{name}.wav").exists()
    ]


def _readings(work: Work) -> list[Row]:
    return [
        _speech_row(work, row, f"{row['package']}:{row['file']}")
        for row in read_table(TABLES / "readings.csv")
    ]


def _speech_row(work: Work, row: Row, source: str) -> Row:
    """What labels.csv says of real speech. `row`: package, file, text, speaker and licence."""
    digest = sha256_of(work.recording(row))
    why = _why_held(digest, row["text"])
    split = "held" if why else "train"
    return {"kind": "speech", **row, "sha256": digest, "source": source, "split": split, "why": why}


def _why_held(digest: str, words: str) -> str:
    """Why real speech is held out; nothing where it is learnt from."""
    known, said = _benchmark_speech()
    if digest in known:
        return "benchmark"
    if letters(words) in said:
        return "says what the benchmark says"
    return "words" if held_out(words, PROMPT_SHARE) else ""


@cache
def _benchmark_speech() -> tuple[set[str], set[str]]:
    """Hashes and words."""
    spoken = utterances()
    return {one.sha256 for one in spoken}, {letters(one.text) for one in spoken}


def check_split(rows: Sequence[Mapping[str, str]]) -> None:
    """Raises ValueError where a recording or source, or the words of a prompt, are on both sides."""
    for column in ("sha256", "source"):
        sides: dict[str, set[str]] = defaultdict(set)
        for row in rows:
            sides[row[column]].add(row["split"])
        mixed = sorted(key for key, found in sides.items() if len(found) > 1)
        if mixed:
            raise ValueError(f"trained and held out: {', '.join(mixed)}")


def label(work: Work) -> None:
    """Write labels.csv."""
    rows = [*_events(work), *_prompts(work), *_readings(work)]
    check_split(rows)
    write_table(work.labels, rows, COLUMNS)
    for kind in ("event", "speech"):
        counts = Counter(row["split"] for row in rows if row["kind"] == kind)
        print(f"{kind}: {dict(counts)}")
