"""Writes ptb-tokens.json: captions and their tokens as pycocoevalcap's own tokeniser yields them.

That tokeniser is Stanford's, in Java, which the tests do without: they read the file. Only to make it anew:

    python test/reference/ptb_tokens.py
"""

import json
import random
from pathlib import Path

from pycocoevalcap.tokenizer.ptbtokenizer import PTBTokenizer

here = Path(__file__).resolve().parent
labels = (here.parent.parent / "recipes/sound-labels-df/labels.txt").read_text(encoding="utf-8").splitlines()
random.seed(20251124)

joints = [", ", " and ", "; ", " - ", ". ", "... ", " while ", ", then ", " & ", " (", ") ", "! ", ": ", " -- ", " / "]
ends = [".", "", ".", "", "!", "...", " .", "?", '."', "\u2026", " "]
details = """doesn't can't cannot won't isn't it's they're I'm he'd she'll you've dog's dogs' women's o'clock high-pitched
low-frequency back-and-forth mid-air t-shirt x-ray rain/wind and/or he/she 10-20 2 3.5 1,000 5:30 50% $5 1st 20kHz 44.1kHz
4x4 1980's 90s p.m. a.m. Mr. Dr. St. vs. etc. e.g. i.e. U.S. TV R&B AM/FM AT&T caf\u00e9 na\u00efve it\u2019s \u201cloud\u201d
\u2018soft\u2019 "quoted" 'single' (nearby) [unclear] whoosh beep-beep re-enters gonna wanna 1/2 100,000 -5 \u2013 \u2014
\u00bd #tag @user someone's-name non-human ma'am 'em y'all <noise> A B C s 'n' rock'n'roll A&E \u5317\u4eac""".split()


def caption():
    text = random.choice(labels)
    for _ in range(random.randint(0, 2)):
        text += random.choice(joints) + random.choice(labels)
    words = text.split(" ")
    for _ in range(random.randint(0, 3)):
        words.insert(random.randint(0, len(words)), random.choice(details))
    text = " ".join(words)
    return random.choice([text, text.capitalize(), text]) + random.choice(ends)


captions = [caption() for _ in range(800)]
tokens = PTBTokenizer().tokenize({i: [{"caption": text}] for i, text in enumerate(captions)})
rows = [json.dumps([text, tokens[i][0].split()], ensure_ascii=False) for i, text in enumerate(captions)]
(here / "ptb-tokens.json").write_text("[\n" + ",\n".join(rows) + "\n]\n", encoding="utf-8", newline="\n")
