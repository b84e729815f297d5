"""Stage `speak`: the sentences of sentences.csv, with voices that the default model was not trained on.

espeak-ng and Festival run from the unpacked packages.
"""

import os
import shutil
import subprocess
from pathlib import Path

from .layout import Layout
from .tables import Utterance, sentences

LIBRARIES = Path("usr/lib/x86_64-linux-gnu")
FESTIVAL = Path("usr/share/festival")


def speak(layout: Layout) -> None:
    """One WAV file for each sentence."""
    layout.spoken.mkdir(parents=True, exist_ok=True)
    for sentence in sentences():
        file = layout.spoken / f"{sentence.id}.wav"
        if not file.exists():
            engine, _, voice = sentence.voice.partition(":")
            {"espeak-ng": _espeak, "festival": _festival}[engine](layout, voice, sentence, file)
            print(f"{file.name}: {sentence.voice}")


def _environment(layout: Layout, *package_names: str) -> dict[str, str]:
    folders = [str(layout.packages / name / LIBRARIES) for name in package_names]
    return {**os.environ, "LD_LIBRARY_PATH": os.pathsep.join(folders)}


def _espeak(layout: Layout, voice: str, sentence: Utterance, file: Path) -> None:
    environment = _environment(layout, "libespeak-ng1", "libpcaudio0", "libsonic0")
    environment["ESPEAK_DATA_PATH"] = str(layout.packages / "espeak-ng-data" / LIBRARIES / "espeak-ng-data")
    program = layout.packages / "espeak-ng/usr/bin/espeak-ng"
    command = [str(program), "-v", voice, "-s", "155", "-w", str(file), sentence.text]
    subprocess.run(command, env=environment, check=True)


def _festival(layout: Layout, voice: str, sentence: Utterance, file: Path) -> None:
    # Festival wants its voices and lexica in one folder with its own files.
    library = layout.work / "festival"
    if not library.exists():
        for package in ("festival", "festvox-kdlpc16k", "festlex-cmu", "festlex-poslex"):
            source = layout.packages / package / FESTIVAL
            shutil.copytree(source, library, dirs_exist_ok=True, ignore_dangling_symlinks=True)
    text = sentence.text.replace('"', "")
    script = f'(begin ({voice}) (utt.save.wave (utt.synth (Utterance Text "{text}")) "{file}"))'
    program = layout.packages / "festival/usr/bin/festival"
    command = [str(program), "--datadir", str(library), "--libdir", str(library), "--batch", script]
    subprocess.run(command, env=_environment(layout, "libestools2.5"), check=True)
