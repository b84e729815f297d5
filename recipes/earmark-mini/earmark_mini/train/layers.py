"""Stage `layers`: which layers of the encoder tell apart events that were not learnt.

Scenes are encoded once with every layer's output; then for each choice of layers an adapter learns to name
events as in stage 1, without speech, and names those of held-out scenes.
"""

import json
from random import Random

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..modules import ENCODER_LAYERS, ENCODER_WIDTH, POSITIONS_PER_TOKEN, Encoder
from .clips import Library
from .features import AT_ONCE, SCENE_KINDS, SceneFeatures, scene_features
from .loop import Run, train
from .models import Ear, load_encoder, load_language_model, load_tokenizer
from .stage1 import RATE, SCENES, Names, Speller, named, naming_loss
from .work import Work, write_whole

CHOICES = ((0, 4), (4,), (0,), (0, 2), (0, 3), (0, 1), (0, 4, 2), (0, 1, 2), (0, 1, 2, 3, 4))
"""Layers counted from 1; 0 is the last one with its LayerNorm."""

STEPS = 500
COUNTS = {"train": 1600, "held": 400}
SMALL_COUNT = 8
SECONDS = 5.0


class AllLayers(nn.Module):
    """The encoder, of which a token is made as in `Encoder` of the output of each layer."""

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        self.encoder = encoder
        self._outputs: list[Tensor] = []
        encoder.layer_norm.register_forward_hook(self._note)
        for layer in encoder.layers:
            layer.register_forward_hook(self._note)

    def forward(self, mel: Tensor) -> Tensor:
        """mel [B, 80, 4k] -> tokens [B, k, 7 * 512], the last layer's with its LayerNorm first."""
        self._outputs = []
        self.encoder(mel)
        *layers, last = self._outputs
        outputs = [last, *(F.layer_norm(x, (ENCODER_WIDTH,)) for x in layers)]
        return F.avg_pool1d(torch.cat(outputs, -1).transpose(1, 2), POSITIONS_PER_TOKEN).transpose(1, 2)

    def _note(self, _: nn.Module, __: object, output: Tensor) -> None:
        self._outputs.append(output)


def encoded(work: Work, side: str, bf16: bool) -> list[SceneFeatures]:
    """Scenes with every layer's tokens [k, 7 * 512]."""
    ear = Ear(load_encoder(work, bf16))
    ear.encoder = AllLayers(ear.encoder)
    library, count = Library(work, held=side == "held"), SMALL_COUNT if work.small else COUNTS[side]
    found = []
    for seed in range(0, count, AT_ONCE):
        kinds = Random(seed).choices(list(SCENE_KINDS), list(SCENE_KINDS.values()), k=AT_ONCE)
        source = library.scenes(seed)
        found += scene_features(ear, [source.scene(2.0 if work.small else SECONDS, kind) for kind in kinds])
    return found


def only(scenes: list[SceneFeatures], layers: tuple[int, ...]) -> list[SceneFeatures]:
    """The same scenes with the tokens of these layers."""
    columns = np.concatenate([np.arange(ENCODER_WIDTH) + ENCODER_WIDTH * layer for layer in layers])
    return [SceneFeatures(scene.tokens[:, columns], scene.named) for scene in scenes]


def layers(work: Work, steps: int | None = None, seed: int = 1, bf16: bool = True) -> None:
    """Write layers.json: for each choice the shares of `stage1.named`."""
    steps = steps or (2 if work.small else STEPS)
    embeddings = load_language_model(work).get_input_embeddings().weight.detach()
    learnt, held = (encoded(work, side, bf16) for side in COUNTS)
    names = Names(learnt, embeddings, load_tokenizer(work))
    rows = []
    for choice in CHOICES[:1] if work.small else CHOICES:
        torch.manual_seed(seed)
        speller = Speller(embeddings, ENCODER_WIDTH * len(choice))
        chosen = only(learnt, choice)

        def loss_of(chance_seed: int, speller: Speller = speller, chosen: list = chosen) -> Tensor:
            batch = Random(chance_seed).sample(chosen, min(SCENES, len(chosen)))
            return naming_loss(speller, batch, names, bf16)

        title = "+".join(str(layer or ENCODER_LAYERS) for layer in choice)
        run = Run(work.checkpoint(f"layers-{title}"), steps, seed, False, None, {"layers": title})
        train(run, [(list(speller.parameters()), RATE)], loss_of, speller.state_dict, speller.load_state_dict)
        speller.eval()
        rows.append({"layers": title, **named(speller, only(held, choice), names)})
        print(rows[-1])
    text = json.dumps({"steps": steps, "seed": seed, "results": rows}, indent=2) + "\n"
    write_whole(work.results / "layers.json", lambda part: part.write_text(text, "utf-8"))
