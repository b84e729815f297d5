"""Stage `write`: the clips, what is asked of them, and where their sounds come from."""

import json
import shutil
import subprocess
from collections import defaultdict
from pathlib import Path
from typing import Any

from .captions import spoken
from .compose import Clip, Composer, wording
from .layout import Layout
from .questions import questions
from .sounds import RATE
from .tables import Utterance

NAME = "Earmark benchmark"
DESCRIPTION = (
    "Short clips of which every sound, word and time is known: single events, events in sequence, speech, and "
    "speech with events. No recording was in the training set of earmark-mini. Licences: ATTRIBUTION.md."
)
BIT_RATE = "48k"
SPEECH_QUESTION = "What does the person say?"


def write(layout: Layout) -> None:
    """Replace the benchmark by what the tables and the seed give."""
    clips = Composer(layout).compose()
    asked = questions(clips)
    shutil.rmtree(layout.clips, ignore_errors=True)
    layout.clips.mkdir(parents=True)
    for clip in clips:
        encode(clip, layout.clips / file_of(clip))
    document = {"name": NAME, "description": DESCRIPTION, "audio": "clips", "items": items(clips, asked)}
    layout.document.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    layout.attribution.write_text(attribution(clips), encoding="utf-8")
    size = sum(path.stat().st_size for path in layout.benchmark.rglob("*") if path.is_file())
    print(f"{len(clips)} clips, {len(document['items'])} items, {size / 1e6:.1f} MB")


def file_of(clip: Clip) -> str:
    """The clip's file in the folder of clips."""
    return f"{clip.id}.opus"


def encode(clip: Clip, path: Path) -> None:
    """Ogg Opus, mono, 16 kHz; nothing in it that changes from run to run.

    `lowdelay` never leaves Opus's transform coder. FFmpeg 5.1's own decoder makes a roar of some changes
    between that and the speech coder, which `audio` uses.
    """
    source = ["-f", "f32le", "-ar", str(RATE), "-ac", "1", "-i", "pipe:0"]
    exact = ["-map_metadata", "-1", "-fflags", "+bitexact", "-flags:a", "+bitexact"]
    codec = ["-c:a", "libopus", "-b:a", BIT_RATE, "-application", "lowdelay"]
    command = ["ffmpeg", "-v", "error", "-y", *source, *exact, *codec, str(path)]
    subprocess.run(command, input=clip.samples.tobytes(), check=True)


def items(clips: list[Clip], asked: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The items of all clips: captions, words, questions."""
    by_clip = defaultdict(list)
    for question in asked:
        by_clip[question["clip"].id].append(question)
    found = []
    for clip in clips:
        groups = {"part": clip.part, "shape": clip.shape, "background": "noise" if clip.noisy else "quiet"}
        common = {"audio": file_of(clip)}
        times = {"events": events_of(clip)}
        if clip.captions:
            found.append(
                {
                    "id": clip.id,
                    **common,
                    "captions": list(clip.captions),
                    "groups": {**groups, "task": "caption"},
                    **times,
                }
            )
        if clip.speech:
            words = {
                "question": SPEECH_QUESTION,
                "transcript": spoken(clip.speech) + ("" if clip.speech.text.endswith("?") else "."),
            }
            identity = f"{clip.id}-words" if clip.captions else clip.id
            found.append(
                {"id": identity, **common, **words, "groups": {**groups, "task": "transcript"}, **times}
            )
        for question in by_clip[clip.id]:
            rest = {name: value for name, value in question.items() if name not in ("id", "clip", "groups")}
            found.append(
                {
                    "id": question["id"],
                    **common,
                    **rest,
                    "groups": {**groups, "task": "question", **question["groups"]},
                    **times,
                }
            )
    return found


def events_of(clip: Clip) -> list[dict[str, Any]]:
    """When each sound of a clip is heard."""
    return [
        {"start": h.start, "end": h.end, "what": wording(clip.sounds[h.sound]).clause} for h in clip.heard
    ]


def attribution(clips: list[Clip]) -> str:
    """Every recording with its licence, and the recordings of every clip."""
    used = {sound.id: sound for clip in clips for sound in clip.sounds}
    recorded = sorted((s for s in used.values() if s.file), key=lambda s: s.id)
    licences = sorted({sound.licence for sound in recorded})
    lines = [
        "# The benchmark's sounds",
        "",
        "The clips were put together for Earmark from freely licensed recordings of Debian 12 packages, and",
        "from synthetic speech (`recipes/benchmark`). Changes: cut, faded, levelled, joined or mixed, noise added,",
        "encoded as Opus. Every recording names its licence below, and every clip the one that fits all that is in",
        "it. They are data beside Earmark's code, which is under the Apache License 2.0.",
        "",
        f"Licences: {', '.join(licences)}. Their texts: <https://spdx.org/licenses/>, where the",
        "Free Art License is `LAL-1.3`. What is in the public domain is so by LibriVox's dedication.",
        "",
        "## Recordings",
        "",
        "| recording | Debian package | file | author | licence |",
        "| --- | --- | --- | --- | --- |",
    ]
    for sound in recorded:
        file = sound.file.rpartition("!")[2].rpartition("/")[2]
        lines.append(f"| {sound.id} | {sound.package} | `{file}` | {sound.author} | {sound.licence} |")
    lines += [
        "",
        "## Synthetic speech",
        "",
        "Sentences written for Earmark (Apache-2.0).",
        "",
        "| speech | voice |",
        "| --- | --- |",
    ]
    spoken_by = sorted((s for s in used.values() if isinstance(s, Utterance) and s.voice), key=lambda s: s.id)
    lines += [f"| {sound.id} | {sound.voice} |" for sound in spoken_by]
    lines += ["", "## Clips", "", "| clip | made of | licence |", "| --- | --- | --- |"]
    lines += [
        f"| {file_of(clip)} | {', '.join(sound.id for sound in clip.sounds)} | {clip.licence} |"
        for clip in clips
    ]
    return "\n".join(lines) + "\n"
