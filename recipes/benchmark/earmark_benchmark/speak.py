"""Stage `speak`: the sentences of sentences.csv, with voices that the default model was not trained on.

espeak-ng and Festival run from the unpacked packages.
"""

import os
import shutil
import subprocess
from pathlib import Path

from .layout import Layout
from .tables import sentences

LIBRARIES = Path("usr/lib/x86_64-linux-gnu")
FESTIVAL = Path("usr/share/festival")


def speak(layout: Layout) -> None:
    """One WAV file for each sentence."""
    layout.spoken.mkdir(parents=True, exist_ok=True)
    for sentence in sentences():
        file = layout.spoken / f"{sentence.id}.wav"
        if not file.exists():
            engine, _, voice = sentence.voice.partition(":")
            {"espeak-ng": espeak, "festival": festival}[engine](layout, voice, sentence.text, file)
            print(f"{file.name}: {sentence.voice}")


def libraries(layout: Layout, *package_names: str) -> dict[str, str]:
    """The environment in which a program finds the libraries of these packages."""
    folders = [str(layout.packages / name / LIBRARIES) for name in package_names]
    return {**os.environ, "LD_LIBRARY_PATH": os.pathsep.join(folders)}


def espeak(layout: Layout, voice: str, text: str, file: Path, words_a_minute: int = 155) -> None:
    """Say a text with espeak-ng."""
    environment = libraries(layout, "libespeak-ng1", "libpcaudio0", "libsonic0")
    environment["ESPEAK_DATA_PATH"] = str(layout.packages / "espeak-ng-data" / LIBRARIES / "espeak-ng-data")
    program = layout.packages / "espeak-ng/usr/bin/espeak-ng"
    command = [str(program), "-v", voice, "-s", str(words_a_minute), "-w", str(file), text]
    subprocess.run(command, env=environment, check=True)


def festival(layout: Layout, voice: str, text: str, file: Path) -> None:
    """Say a text with Festival."""
    # Festival wants its voices and lexica in one folder with its own files.
    library = layout.work / "festival"
    if not library.exists():
        for source in sorted(layout.packages.glob(f"fest*/{FESTIVAL}")):
            shutil.copytree(source, library, dirs_exist_ok=True, ignore_dangling_symlinks=True)
    text = text.replace('"', "")
    script = f'(begin ({voice}) (utt.save.wave (utt.synth (Utterance Text "{text}")) "{file}"))'
    program = layout.packages / "festival/usr/bin/festival"
    command = [str(program), "--datadir", str(library), "--libdir", str(library), "--batch", script]
    subprocess.run(command, env=libraries(layout, "libestools2.5"), check=True)
