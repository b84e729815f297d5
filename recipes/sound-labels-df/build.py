"""Builds media/metrics/sound-labels-df.json: in how many sound labels each n-gram occurs.

CIDEr-D weighs n-grams by how rare they are in a set of references. One clip is no set, so that its score would always
be 0; this table takes the set's place. labels.txt holds the 199 different clauses that label the 408 recordings which
earmark-mini was first trained with, one a line, lower case and without punctuation. There are more by now, but a score
must not change with each training. Each clause is one document.

    python recipes/sound-labels-df/build.py
"""

import json
from collections import Counter
from pathlib import Path

here = Path(__file__).resolve().parent
root = here.parent.parent


def ngrams(words):
    return {" ".join(words[i : i + n]) for n in range(1, 5) for i in range(len(words) - n + 1)}


labels = (here / "labels.txt").read_text(encoding="utf-8").splitlines()
counts = Counter(ngram for label in labels for ngram in ngrams(label.split()))
table = {
    "name": f"document frequencies of the {len(labels)} sound labels that earmark-mini was first trained with",
    "documents": len(labels),
    "counts": dict(sorted(counts.items())),
}
target = root / "media" / "metrics" / "sound-labels-df.json"
target.parent.mkdir(parents=True, exist_ok=True)
target.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8", newline="\n")
print(f"{len(labels)} labels, {len(counts)} n-grams, {target.stat().st_size} bytes")
