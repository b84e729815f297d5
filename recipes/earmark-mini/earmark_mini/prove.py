"""Stage `prove`: the pack against PyTorch, on the sample clips.

* `quantisation`: the pack against the unquantised float32 weights: what quantising cost.
* `runtime`: the pack against its own weights read back into PyTorch: that the graphs compute what they
  should. The decoder is also run with float32 activations (accuracy level 0), because at level 4, which
  is what ships, ONNX Runtime rounds activations to 8 bits; the difference between the two is that alone.
"""

import platform
import time
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
import transformers
from numpy.typing import NDArray
from tokenizers import Tokenizer

from .clips import read_clip, scores_of
from .greedy import Caption, Model, agreement, decode, prompt_embeddings
from .layout import Layout
from .pack import PROOF, write_json, write_manifest
from .reference import (
    Heard,
    Reference,
    prompt_ids,
    stored,
    tokenizer_of,
    unquantised,
)
from .runtime import Runtime
from .selection import segmentwise_exact

RATIOS = (1.0, 0.25)
TOKENIZER_TEXTS = (
    "<|im_start|>user\nDescribe the audio.<|im_end|>\n<|im_start|>assistant\n",
    'A woman says, "Press 6 to play the next message, 1234567890."',
    "  leading spaces,\ttabs\r\n\n\nand   gaps; it's they'll WE'RE don't",
    "Größe naïve café – “quotes” … €5.00 日本語 Привет 🎺🐺 <|endoftext|> x",
)


def relative(found: NDArray, expected: NDArray) -> float:
    """The norm of the difference over the norm of what was expected."""
    difference = np.linalg.norm(found.astype(np.float64) - expected)
    return float(f"{difference / np.linalg.norm(expected.astype(np.float64)):.3g}")


def largest(found: NDArray, expected: NDArray) -> float:
    """The largest absolute difference."""
    return float(f"{np.abs(found.astype(np.float64) - expected).max():.3g}")


def overlap(a: NDArray, b: NDArray) -> float:
    """Jaccard index of two sets of tokens."""
    return round(len(np.intersect1d(a, b)) / len(np.union1d(a, b)), 3)


def compare_front(found: Heard, expected: Heard) -> dict[str, float]:
    """Every intermediate result of the front half."""
    scores, true_scores = scores_of(found.received), scores_of(expected.received)
    return {
        "melLargest": largest(found.mel, expected.mel),
        "tokensRelative": relative(found.tokens, expected.tokens),
        "receivedPerHeadRelative": relative(found.received, expected.received),
        "scoresRelative": relative(scores, true_scores),
        "kept25Overlap": overlap(segmentwise_exact(scores, 0.25), segmentwise_exact(true_scores, 0.25)),
        "embeddingsRelative": relative(found.embeddings, expected.embeddings),
    }


def kept_tokens(heard: Heard, ratio: float) -> NDArray[np.int64]:
    """All tokens, or segmentwise exact's."""
    scores = scores_of(heard.received)
    return np.arange(len(scores)) if ratio == 1 else segmentwise_exact(scores, ratio)


def common_start(a: list[int], b: list[int]) -> int:
    """Tokens before two captions part."""
    for count, (x, y) in enumerate(zip(a, b)):
        if x != y:
            return count
    return min(len(a), len(b))


class Proof:
    """The models under comparison and the comparison of one clip."""

    def __init__(self, layout: Layout) -> None:
        original = Reference(layout, unquantised(layout))
        read_back = Reference(layout, stored(layout))
        self.models: dict[str, Model] = {
            "unquantised": original,
            "stored": read_back,
            "pack": Runtime(layout.pack),
            "packExactActivations": Runtime(layout.pack, accuracy_level=0),
        }
        self._tokenizer = tokenizer_of(layout)
        self.before, self.after = prompt_ids(self._tokenizer)

    def text(self, ids: list[int]) -> str:
        """Decoded, without special tokens."""
        return self._tokenizer.decode(ids, skip_special_tokens=True)

    def caption(self, name: str, heard: Heard, kept: NDArray[np.int64]) -> Caption:
        """One model's caption of the kept tokens."""
        return decode(self.models[name], self.prompt(name, heard, kept))

    def prompt(self, name: str, heard: Heard, kept: NDArray[np.int64]) -> NDArray[np.float32]:
        """One model's prompt."""
        return prompt_embeddings(self.models[name], heard.embeddings[kept], self.before, self.after)

    def clip(self, samples: NDArray[np.float32]) -> dict[str, Any]:
        """Everything about one clip."""
        original = self.models["unquantised"].hear(samples)
        read_back = self.models["stored"].hear(samples)
        pack = self.models["pack"].hear(samples)
        heard = {
            "unquantised": original,
            "stored": read_back,
            "pack": pack,
            "packExactActivations": pack,
        }
        captions = {f"{ratio:.0%}": self.compare_captions(heard, ratio) for ratio in RATIOS}
        return {
            "tokens": len(pack.tokens),
            "quantisation": compare_front(pack, original),
            "runtime": compare_front(pack, read_back),
            "captions": captions,
        }

    def compare_captions(self, heard: dict[str, Heard], ratio: float) -> dict[str, Any]:
        """The captions of every model at one ratio, each pruned by its own scores."""
        kept = {name: kept_tokens(value, ratio) for name, value in heard.items()}
        captions = {name: self.caption(name, heard[name], kept[name]) for name in heard}
        truth = captions["unquantised"]
        return {
            "kept": len(kept["pack"]),
            "texts": {name: self.text(caption.ids) for name, caption in captions.items()},
            "ids": {name: caption.ids for name, caption in captions.items()},
            "closestChoice": {name: round(c.closest, 3) for name, c in captions.items()},
            "firstLogitsRelative": {
                "quantisation": relative(captions["pack"].first_logits, truth.first_logits),
                "runtime": relative(
                    captions["packExactActivations"].first_logits, captions["stored"].first_logits
                ),
                "activationsIn8Bits": relative(
                    captions["pack"].first_logits, captions["packExactActivations"].first_logits
                ),
            },
            "sameStartAsUnquantised": common_start(captions["pack"].ids, truth.ids),
            "agreedWithUnquantised": agreement(
                self.models["pack"], self.prompt("pack", heard["pack"], kept["pack"]), truth.ids
            ),
            "unquantisedTokens": len(truth.ids) + 1,
        }


def check_tokenizer(layout: Layout) -> int:
    """That the pack's tokenizer gives the ids of the one used in training. Returns the texts tried."""
    expected = tokenizer_of(layout)
    found = Tokenizer.from_file(str(layout.pack / "tokenizer.json"))
    words = sorted(expected.get_vocab(), key=expected.get_vocab().get)
    vocabulary = [expected.decode([i]) for i in range(0, len(words), 7)]
    texts = [*TOKENIZER_TEXTS, *vocabulary, " ".join(vocabulary)]
    for text in texts:
        if found.encode(text).ids != expected(text).input_ids:
            raise ValueError(f"tokenized differently: {text!r}")
    return len(texts)


def summarise(clips: dict[str, Any], tokenizer_texts: int) -> dict[str, Any]:
    """The figures that pack.json repeats."""
    captions = [caption for clip in clips.values() for caption in clip["captions"].values()]

    def worst(kind: str, figure: str) -> float:
        return max(clip[kind][figure] for clip in clips.values())

    def worst_logits(kind: str) -> float:
        return max(caption["firstLogitsRelative"][kind] for caption in captions)

    def equal(a: str, b: str) -> int:
        return sum(caption["ids"][a] == caption["ids"][b] for caption in captions)

    return {
        "method": "The pack in ONNX Runtime against the unquantised float32 weights in PyTorch, on "
        f"{len(clips)} clips, each at 100 % and at 25 % kept (segmentwise, exact budget, 10 segments). "
        "Largest relative error over the clips.",
        "tokensRelativeError": worst("quantisation", "tokensRelative"),
        "scoresRelativeError": worst("quantisation", "scoresRelative"),
        "kept25SmallestOverlap": min(c["quantisation"]["kept25Overlap"] for c in clips.values()),
        "embeddingsRelativeError": worst("quantisation", "embeddingsRelative"),
        "firstLogitsRelativeError": worst_logits("quantisation"),
        "nextTokenAgreement": round(
            sum(caption["agreedWithUnquantised"] for caption in captions)
            / sum(caption["unquantisedTokens"] for caption in captions),
            3,
        ),
        "captions": len(captions),
        "captionsIdentical": equal("pack", "unquantised"),
        "runtime": {
            "method": "The same against the pack's own weights read back into PyTorch; logits and "
            "captions with float32 activations. What is left is rounding.",
            "melLargestError": worst("runtime", "melLargest"),
            "tokensRelativeError": worst("runtime", "tokensRelative"),
            "scoresRelativeError": worst("runtime", "scoresRelative"),
            "embeddingsRelativeError": worst("runtime", "embeddingsRelative"),
            "firstLogitsRelativeError": worst_logits("runtime"),
            "captionsIdentical": equal("packExactActivations", "stored"),
            "tokenizerTextsIdentical": tokenizer_texts,
        },
    }


def print_table(clips: dict[str, Any]) -> None:
    """The proof for people."""
    for kind in ("quantisation", "runtime"):
        figures = list(next(iter(clips.values()))[kind])
        print(f"\n{kind:26}" + "".join(f"{name:>26}" for name in figures))
        for name, clip in clips.items():
            print(f"{name:26}" + "".join(f"{clip[kind][figure]:>26}" for figure in figures))
    for name, clip in clips.items():
        for ratio, caption in clip["captions"].items():
            print(f"\n{name} {ratio} ({caption['kept']} tokens) {caption['firstLogitsRelative']}")
            for model, text in caption["texts"].items():
                print(f"  {model:22}{caption['closestChoice'][model]:6.2f}  {text}")


def prove(layout: Layout) -> None:
    """Run the proof, write parity.json beside the pack and put its summary into pack.json."""
    started = time.monotonic()
    proof = Proof(layout)
    clips = {path.name: proof.clip(read_clip(path)) for path in sorted(layout.samples.glob("*.wav"))}
    print_table(clips)
    summary = summarise(clips, check_tokenizer(layout))
    write_json(
        layout.pack / PROOF,
        {
            "summary": summary,
            "madeWith": {
                "python": platform.python_version(),
                "torch": torch.__version__.split("+")[0],
                "transformers": transformers.__version__,
                "onnx": onnx.__version__,
                "onnxruntime": onnxruntime.__version__,
            },
            "clips": clips,
        },
    )
    write_manifest(layout)
    runtime = summary["runtime"]
    if runtime["captionsIdentical"] != summary["captions"] or runtime["melLargestError"] > 1e-4:
        raise ValueError("the pack does not compute what its weights say; see parity.json")
    print(f"\nproven in {time.monotonic() - started:.0f} s")
