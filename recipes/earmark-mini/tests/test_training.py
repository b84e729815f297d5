"""A small run of every stage that needs PyTorch: `python -m unittest tests.test_training`.

Base weights are random and recordings are tones: it shows that every stage runs, stops and goes on, and that
the numbers that can be known are right. What it trains is of no use.
"""

import json
import tempfile
import unittest
import wave
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from earmark_mini.export import trained_bits
from earmark_mini.greedy import STOP_TOKENS
from earmark_mini.layout import Layout
from earmark_mini.merge import LORA_SCALE, merge
from earmark_mini.pack import GRAPHS, TOKENIZER, bytes_as_it_runs, files, load_graph
from earmark_mini.quantise import move_out
from earmark_mini.rounding import (
    DECODER_BITS,
    EMBEDDING_BITS,
    ENCODER_BITS,
    ENCODER_BLOCK,
    packed,
    rounded_blocks,
    rounded_encoder,
    unpacked,
)
from earmark_mini.train.card import card
from earmark_mini.train.clips import converse
from earmark_mini.train.coupled import coupled, coupled_name, table
from earmark_mini.train.evaluate import GRID, Checkpoint, answers, evaluate, grid_of
from earmark_mini.train.export import export
from earmark_mini.train.features import Named, SceneFeatures, features, read_features, read_scenes
from earmark_mini.train.fingerprint import fingerprint
from earmark_mini.train.label import COLUMNS as LABEL_COLUMNS
from earmark_mini.train.label import check_split, played
from earmark_mini.train.layers import layers
from earmark_mini.train.losses import losses, losses_path
from earmark_mini.train.models import (
    MATRICES,
    SMALL_LAYERS,
    Ear,
    LowRank,
    Trained,
    load_encoder,
    load_tokenizer,
    read_checkpoint,
)
from earmark_mini.train.play import COLUMNS as PLAYED_COLUMNS
from earmark_mini.train.quantisation import fake_quantised, rounded_activations
from earmark_mini.train.scene import KINDS, LEARNT, Scene, Scenes, Sound
from earmark_mini.train.speak import COLUMNS as SPOKEN_COLUMNS
from earmark_mini.train.stage1 import Names, Spelling, name_vectors, named, naming_loss, stage1
from earmark_mini.train.stage2 import KEPT, answer_loss, keep_ratio, kept_tokens, seconds_of, stage2
from earmark_mini.train.stage3 import stage3
from earmark_mini.train.words import Asked, Event, Heard, Speech
from earmark_mini.train.work import DROPS, Work, write_table
from safetensors.torch import load_file, save_file
from tests.test_data import sweep
from whisper_base.storage import as_blocks, read_blocks

CLASSES = ("dog", "bell", "cat", "owl", "horse", "frog")
SENTENCES = (
    "the sea is calm",
    "rain fell all day",
    "a red door",
    "many birds flew",
    "she sang well",
    "cold tea",
)


def write_wave(path: Path, samples: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as stream:
        stream.setnchannels(1)
        stream.setsampwidth(2)
        stream.setframerate(16_000)
        stream.writeframes((samples / np.abs(samples).max() * 20_000).astype("<i2").tobytes())


def small_data(work: Work) -> None:
    """Labels, recordings and speech as the first stages leave them."""
    labels = []
    for i, name in enumerate(CLASSES):
        for split in ("train", "held"):
            row = {"kind": "event", "package": "small", "file": f"{name}-{split}.wav", "class": name}
            row |= {"sha256": f"{name}{split}", "text": f"a {name} is heard", "split": split, "source": name}
            labels.append(row)
            write_wave(work.debian.packages / "small" / row["file"], sweep(i, 0.8))
    write_table(work.labels, labels, LABEL_COLUMNS)
    spoken = []
    for i, text in enumerate(SENTENCES):
        row = {"file": f"{i:05d}.wav", "text": text, "split": "train" if i % 2 else "held", "speaker": "man"}
        spoken.append(row)
        write_wave(work.spoken / f"{i:05d}.wav", sweep(50 + i, 0.7))
    write_table(work.spoken / "spoken.csv", spoken, SPOKEN_COLUMNS)


class SmallRun(unittest.TestCase):
    def setUp(self) -> None:
        torch.set_num_threads(1)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.work = Work(Path(folder.name), small=True)
        small_data(self.work)

    def state(self, name: str) -> dict:
        return torch.load(self.work.checkpoint(name), weights_only=True)

    def test_every_stage(self) -> None:
        features(self.work)
        shards = sorted(self.work.features.iterdir())
        times = [path.stat().st_mtime_ns for path in shards]
        features(self.work)
        self.assertEqual(times, [path.stat().st_mtime_ns for path in shards])
        held, learnt = (read_features(self.work, held=side) for side in (True, False))
        self.assertEqual([len(held), len(learnt)], [3, 3])
        for side in ("train", "held"):
            scenes = read_scenes(self.work, side)
            self.assertEqual({scene.tokens.shape for scene in scenes}, {(50, 1024)})
            names = [name for scene in scenes for name in scene.named]
            self.assertGreater(len({name.kind for name in names} & set(CLASSES)), 3)
            self.assertTrue(all(0 <= name.start < name.end <= 50 for name in names))

        layers(self.work)
        found = json.loads((self.work.results / "layers.json").read_text("utf-8"))["results"]
        self.assertEqual([row["layers"] for row in found], ["6+4"])

        stage1(self.work)
        whole = self.state("stage1")
        stage1(self.work, seconds=0)
        self.assertEqual(self.state("stage1")["step"], 0)
        stage1(self.work, resume=True)
        for key, tensor in self.state("stage1")["state"]["speller"].items():
            torch.testing.assert_close(tensor, whole["state"]["speller"][key])

        export(self.work, "stage1")
        published = self.work.root / "weights/stage1"
        self.assertEqual([path.name for path in published.iterdir()], ["adapter.safetensors"])
        for name, tensor in read_checkpoint(published)["state"]["adapter"].items():
            torch.testing.assert_close(tensor, whole["state"]["adapter"][name], atol=1e-3, rtol=1e-3)
        stage2(self.work, name="from-file", steps=1, start=published)

        for drop in DROPS:
            stage2(self.work, drop, steps=1, name=coupled_name(drop))
            evaluate(self.work, coupled_name(drop), limit=1)
            losses(self.work, coupled_name(drop), limit=1)
        lost = losses_path(self.work, coupled_name("none"))
        first = lost.read_text("utf-8")
        losses(self.work, coupled_name("none"), limit=1)
        self.assertEqual(lost.read_text("utf-8"), first, "what is done is not done again")
        losses(self.work, coupled_name("none"), limit=1, start=self.work.checkpoint(coupled_name("random")))
        self.assertEqual(len(lost.read_text("utf-8").splitlines()), 2 * len(first.splitlines()))
        lost.write_text(first.replace('"wanted": "', '"wanted": "Of other recordings: '), "utf-8")
        losses(self.work, coupled_name("none"), limit=1)
        self.assertEqual(lost.read_text("utf-8").count("\n"), 2 * first.count("\n"), "other scenes")
        coupled(self.work)
        text = (self.work.results / "coupled.md").read_text("utf-8")
        for title in ("Loss of the right answer, nats a token", "Letter right", "Yes or no right"):
            self.assertIn(f"**{title}**, by what training dropped, and differences:", text)
        evaluate(self.work, coupled_name("none"), limit=2)
        with self.assertRaisesRegex(ValueError, "longer"):
            coupled(self.work)
        stage2(self.work, steps=1)
        with self.assertRaises(ValueError):
            stage2(self.work, steps=3, resume=True)
        stage3(self.work, steps=1)

        export(self.work, "stage3-random")
        published = self.work.root / "weights/stage3-random"
        self.assertEqual(trained_bits(published / "lora.safetensors"), DECODER_BITS)
        lora = load_file(published / "lora.safetensors")
        self.assertEqual(len(lora), 2 * len(MATRICES) * SMALL_LAYERS)
        self.assertIn("model.layers.0.self_attn.q_proj.lora_A", lora)

        evaluate(self.work, "stage3-random", limit=1)
        rows = self.work.results / "stage3-random.rows.jsonl"
        first = rows.read_text("utf-8")
        evaluate(self.work, "stage3-random", limit=1)
        self.assertEqual(rows.read_text("utf-8"), first)
        evaluate(self.work, "stage3-random", limit=2)
        self.assertEqual(rows.read_text("utf-8").count("\n"), first.count("\n") + 10)
        self.assertTrue(rows.read_text("utf-8").startswith(first))
        result = json.loads((self.work.results / "stage3-random.json").read_text("utf-8"))
        self.assertEqual(len(result["results"]), 10)
        card(self.work, "stage3-random")

    def test_a_pack_is_evaluated_as_its_weights_are(self) -> None:
        evaluate(self.work, "pack", limit=1, pack=self.work.base.pack)
        result = json.loads((self.work.results / "pack.json").read_text("utf-8"))
        self.assertEqual((len(result["results"]), result["scenes"]), (10, 1))
        card(self.work, "pack")
        self.assertTrue((self.work.results / "pack.md").read_text("utf-8").startswith("pack (as published);"))

    def test_training_lowers_the_loss(self) -> None:
        features(self.work)
        stage1(self.work, steps=60)
        log = self.work.checkpoint("stage1").with_suffix(".jsonl").read_text("utf-8")
        losses = [json.loads(line)["loss"] for line in log.splitlines()]
        self.assertLess(losses[-1], losses[0] / 2)
        result = json.loads((self.work.results / "stage1.json").read_text("utf-8"))
        self.assertEqual((result["step"], result["learnt"], result["sentences"]["utterances"]), (60, 3, 3))
        self.assertTrue(0 < result["sentences"]["wordsWrong"] <= 1)


class SpellingTest(unittest.TestCase):
    def test_words_are_spelt_with_few_tokens_of_the_language_model(self) -> None:
        tokenizer = load_tokenizer(Work(Path("unused"), small=True))
        spelling = Spelling([*SENTENCES] * 3, tokenizer)
        for text in SENTENCES:
            self.assertEqual(spelling.read([0, *spelling.spell(text), 0]), text.split())
        # A word that was never said, of letters that were; case and punctuation are not spelt.
        self.assertEqual(spelling.read(spelling.spell("Tall trees.")), ["tall", "trees"])
        self.assertTrue(all(tokenizer.id_to_token(i) for i in spelling.ids))
        self.assertLess(len(spelling.spell("the sea")), 5)


class Naming(unittest.TestCase):
    def setUp(self) -> None:
        scene = self.clip(Named("dog", "a dog barks", 0, 1), Named("bell", "a bell rings", 0, 1))
        self.tokenizer = load_tokenizer(Work(Path("unused"), small=True))
        self.names = Names([scene], torch.zeros(49_152, 576), self.tokenizer)

    @staticmethod
    def clip(*named: Named) -> SceneFeatures:
        return SceneFeatures(np.zeros((4, 1024), np.float16), named)

    def test_loss_of_each_token(self) -> None:
        dog, bell = Named("dog", "a dog barks", 0, 2), Named("bell", "a bell rings", 1, 3)
        likely = torch.tensor([0.2, 0.3, 0.5]).log()
        blank, ring, bark = -likely

        def loss(*clips: SceneFeatures) -> float:
            def speller(tokens: torch.Tensor, *_: object) -> torch.Tensor:
                return likely.expand(*tokens.shape[:2], 3)

            return naming_loss(speller, list(clips), self.names).item()

        # Tokens: the dog, both, the bell, nothing.
        expected = (bark + (bark + ring) / 2 + ring + blank) / 4
        self.assertAlmostEqual(loss(self.clip(dog, bell)), expected.item(), 5)
        # Where somebody speaks nothing is wanted.
        self.assertAlmostEqual(loss(self.clip(dog, Named("", "", 1, 4))), bark.item(), 5)
        # A shorter clip has no more tokens than it has.
        short = SceneFeatures(np.zeros((1, 1024), np.float16), (Named("dog", "a dog barks", 0, 1),))
        self.assertAlmostEqual(loss(self.clip(), short), ((4 * blank + bark) / 5).item(), 5)

    def test_named_by_all_tokens_together(self) -> None:
        likely = torch.tensor([[0.1, 0.1, 0.8], [0.1, 0.5, 0.4], [0.9, 0.06, 0.04], [0.9, 0.06, 0.04]]).log()
        scenes = [self.clip(Named("dog", "a dog barks", 0, 2), Named("", "", 2, 3))]
        scenes += [self.clip(Named("bell", "a bell tolls", 2, 4), Named("cat", "a cat meows", 0, 4))]
        found = named(lambda *_: likely[None], scenes, self.names)
        self.assertEqual(found, {"events": 3, "clauseRight": 1 / 3, "classRight": 2 / 3})

    def test_names_are_means_of_their_words(self) -> None:
        embeddings = torch.arange(49_152.0)[:, None]
        ids = self.tokenizer.encode(" dog barks").ids
        vector = name_vectors(["a dog barks at the"], embeddings, self.tokenizer)
        self.assertAlmostEqual(vector.item(), sum(ids) / len(ids), 3)


class Played(unittest.TestCase):
    def test_an_instrument_that_was_held_out_is_not_trained_on(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            work = Work(Path(folder))
            takes = {
                "000-dog-0.wav": 1,
                "000-dog-1.wav": 2,
                "001-cat-0.wav": 3,
                "held-static-hisses-0.wav": 4,
                # By other soundfonts: of what the first holds out, like what is held out, and neither.
                "tim-000-dog-0.wav": 5,
                "tim-001-cat-0.wav": 9,
                "bank-001-cat-0.wav": 6,
            }
            rows = []
            for name, seed in takes.items():
                write_wave(work.played / name, sweep(seed))
                kind = "noise" if "static" in name else "dog" if "dog" in name else "cat"
                split = "held" if kind == "noise" else "train"
                rows.append(
                    {"file": name, "class": kind, "clause": f"a {kind}", "licence": "MIT", "split": split}
                )
            write_table(work.played / "played.csv", rows, PLAYED_COLUMNS)
            synonyms = {"dog": "hound", "cat": "", "noise": "hiss"}
            labelled = played(work, synonyms, [fingerprint(sweep(2)), fingerprint(sweep(9))])
            check_split(labelled)
            self.assertEqual([row["split"] for row in labelled], ["held", "held", "train", "held", "train"])
            self.assertEqual(labelled[-1]["file"], "bank-001-cat-0.wav")
            self.assertEqual(labelled[0]["synonyms"], "hound")
            for row in labelled:
                self.assertTrue(work.recording(row).exists())


class Parts(unittest.TestCase):
    def test_bf16_is_close(self) -> None:
        samples = torch.from_numpy(sweep(1))[None]
        heard = []
        for bf16 in (False, True):
            torch.manual_seed(0)
            heard.append(Ear(load_encoder(Work(Path("unused"), small=True), bf16))(samples, scores=True))
        for one, other in zip(*heard, strict=True):
            self.assertLess(((one - other).norm() / one.norm()).item(), 0.02)
            self.assertFalse(torch.equal(one, other))

    def test_answered_together_as_alone(self) -> None:
        work = Work(Path("unused"), small=True)
        torch.manual_seed(0)
        model, tokenizer = Trained(work), load_tokenizer(work)
        clips = [torch.randn(length, 1024) for length in (7, 2, 5)]
        together = answers(model, tokenizer, clips, "What is heard first?", 5)
        alone = [answers(model, tokenizer, [clip], "What is heard first?", 5)[0] for clip in clips]
        self.assertEqual(together, alone)

    def test_received_attention_sums_to_the_positions(self) -> None:
        torch.manual_seed(0)
        ear = Ear(load_encoder(Work(Path("unused"), small=True)))
        tokens, scores = ear(torch.randn(2, 16_000) * 0.1, scores=True)
        self.assertEqual(tokens.shape, (2, 25, 1024))
        # Every row of the attention is a distribution: 50 queries give 50 in all, 2 positions a token.
        torch.testing.assert_close(scores.sum(1), torch.full((2,), 25.0))
        self.assertIsNone(ear(torch.randn(1, 16_000))[1])

    def test_fresh_lora_changes_nothing(self) -> None:
        torch.manual_seed(0)
        model = Trained(Work(Path("unused"), small=True))
        layer = model.language_model.model.layers[0].self_attn.q_proj
        x = torch.randn(3, 576)
        torch.testing.assert_close(layer(x), layer.base(x))

    def test_merged_change_has_the_gradients_of_a_change_beside(self) -> None:
        torch.manual_seed(0)
        matrix = LowRank(torch.nn.Linear(128, 64, bias=False).requires_grad_(False), None)
        torch.nn.init.normal_(matrix.lora_B)
        matrix.merge()
        x, weights = torch.randn(2, 5, 128, requires_grad=True), torch.randn(2, 5, 64)
        beside = matrix.base(x) + LORA_SCALE * (x @ matrix.lora_A.T @ matrix.lora_B.T)
        torch.testing.assert_close(matrix(x), beside, atol=1e-4, rtol=1e-4)
        variables = (x, matrix.lora_A, matrix.lora_B)
        found, expected = (torch.autograd.grad((y * weights).sum(), variables) for y in (matrix(x), beside))
        for one, other in zip(found, expected, strict=True):
            torch.testing.assert_close(one, other, atol=1e-3, rtol=1e-4)

    def test_questions_about_one_clip_do_not_see_each_other(self) -> None:
        torch.manual_seed(0)
        work = Work(Path("unused"), small=True)
        model, tokenizer = Trained(work), load_tokenizer(work)
        asked = [
            Asked("words", "What does the person say?", "Please hold."),
            Asked("anyone", "Is it?", "No."),
        ]
        silence, tokens = np.zeros(1, np.float32), torch.randn(9, 1024)
        both = Scene("one", silence, Heard(()), *asked)
        alone = [Scene("one", silence, Heard(()), one) for one in asked]
        together = answer_loss(model, converse(model, tokenizer, [tokens, tokens[:6]], [both, alone[0]]))
        losses, counts = [], []
        for kept, scene in ((tokens, alone[0]), (tokens, alone[1]), (tokens[:6], alone[0])):
            single = converse(model, tokenizer, [kept], [scene])
            losses.append(answer_loss(model, single))
            counts.append((single.wanted != -100).sum())
        mean = sum(loss * count for loss, count in zip(losses, counts, strict=True)) / sum(counts)
        torch.testing.assert_close(together, mean, atol=1e-4, rtol=1e-4)

    def test_a_slip_changes_what_is_given_never_what_is_wanted(self) -> None:
        torch.manual_seed(0)
        work = Work(Path("unused"), small=True)
        model, tokenizer = Trained(work), load_tokenizer(work)
        words = "one two three four five six seven eight nine ten"
        asked = Asked("words", "What does the person say?", " ".join([words] * 8))
        scene = Scene("speech", np.zeros(1, np.float32), Heard((Speech("man", words),)), asked)
        right, slipped = (
            converse(model, tokenizer, [torch.ones(3, 1024)], [scene], slips) for slips in (0.0, 0.25)
        )
        torch.testing.assert_close(right.wanted, slipped.wanted)
        changed = (right.inputs != slipped.inputs).any(-1)
        of_answer = right.wanted != -100
        self.assertFalse(changed[~of_answer].any())
        self.assertFalse(changed[0, -1], "where an answer ends is never another word")
        # An id that is drawn in its own place, one in about ten, is no change.
        self.assertAlmostEqual(changed[of_answer].float().mean().item(), 0.22, delta=0.08)

    def test_rounding(self) -> None:
        torch.manual_seed(0)
        weight, x = torch.randn(4, 128), torch.randn(2, 128, requires_grad=True)
        for bits in (DECODER_BITS, EMBEDDING_BITS):
            rounded = fake_quantised(weight, bits)
            for block in rounded.reshape(-1, 64):
                self.assertLessEqual(len(block.unique()), 2**bits)
            again = fake_quantised(rounded, bits)
            torch.testing.assert_close(again, rounded, atol=1e-3, rtol=1e-3)
            error = (rounded - weight).abs().max() / weight.abs().max()
            self.assertLess(error.item(), 1.1 * 2.0 ** (1 - bits))
        rounded_activations(x).sum().backward()
        torch.testing.assert_close(x.grad, torch.ones_like(x))
        self.assertEqual(rounded_activations(torch.zeros(1, 64)).abs().sum(), 0)

    def test_what_ships_is_what_was_trained(self) -> None:
        torch.manual_seed(0)
        weight, x = torch.randn(6, 128), torch.randn(3, 128)
        for bits in (DECODER_BITS, EMBEDDING_BITS):
            integers, scales = rounded_blocks(weight, bits)
            stored = packed(integers, bits)
            self.assertEqual((stored.dtype, stored.shape), (torch.uint8, (6, 2, 8 * bits)))
            torch.testing.assert_close(unpacked(stored, bits), integers)
            attributes = {"K": 128, "N": 6, "bits": bits, "block_size": 64, "accuracy_level": 1}
            node = onnx.helper.make_node(
                "MatMulNBits", ["x", "weight", "scales"], ["y"], domain="com.microsoft", **attributes
            )
            graph = onnx.helper.make_graph(
                [node],
                "product",
                [onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [3, 128])],
                [onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [3, 6])],
                [
                    onnx.numpy_helper.from_array(stored.numpy(), "weight"),
                    onnx.numpy_helper.from_array(scales.flatten().numpy(), "scales"),
                ],
            )
            opsets = [onnx.helper.make_opsetid("", 18), onnx.helper.make_opsetid("com.microsoft", 1)]
            model = onnx.helper.make_model(graph, opset_imports=opsets, ir_version=9)
            session = onnxruntime.InferenceSession(model.SerializeToString())
            (y,) = session.run(None, {"x": x.numpy()})
            expected = x @ fake_quantised(weight, bits).T
            torch.testing.assert_close(torch.from_numpy(y), expected, atol=1e-4, rtol=1e-4)

    def test_some_of_the_grid_is_evaluated_alone(self) -> None:
        self.assertEqual(
            grid_of(["random@0.25", "all@1.0", "segmentwise@0.25"]),
            (("all", 1.0), ("segmentwise", 0.25), ("random", 0.25)),
        )
        self.assertEqual(grid_of(None), GRID)
        with self.assertRaisesRegex(ValueError, "not evaluated: all@0.3; there are all@1.0, segmentwise@0.5"):
            grid_of(["all@0.3"])

    def test_trainings_side_by_side(self) -> None:
        def counted(whole: tuple[int, int], pruned: tuple[int, int]) -> np.ndarray:
            """How many of 4 words are wrong in each of two scenes, with all tokens and with any fewer."""
            return np.array([[[wrong, 4.0] for wrong in (whole, *[pruned] * 9)[i]] for i in range(10)])

        by_drop = {"none": counted((1, 1), (2, 2)), "random": counted((0, 0), (2, 0))}
        lines = table("words wrong", by_drop).splitlines()
        self.assertEqual(lines[0], "**Words wrong**, by what training dropped, and differences:")
        self.assertEqual(len(lines), 4 + 10 + 4)
        # The same in each scene: the interval is that one value, and 0 is outside.
        alike = "0.250 (0.250 to 0.250) | 0.000 (0.000 to 0.000) | **-0.250 (-0.250 to -0.250)** |"
        self.assertEqual(lines[4], f"| 100% |  | {alike}")
        # Half of the drawn scenes have one scene twice, which differs by 0 or by .5.
        pruned = "0.500 (0.500 to 0.500) | 0.250 (0.000 to 0.500) | -0.250 (-0.500 to +0.000) |"
        self.assertEqual(lines[5], f"| 50% | segmentwise | {pruned}")
        self.assertEqual(lines[-1], f"| less | any | {pruned}")

    def test_loss_of_the_right_answer(self) -> None:
        """As the training's own, and the same however many clips are asked at once."""
        work = Work(Path("unused"), small=True)
        torch.manual_seed(0)
        tokens = torch.randn(6, 1024)
        asked = Asked("caption", "What is heard?", "A dog barks.")
        scene = Scene("nothing", np.zeros(0, np.float32), Heard(()), asked)
        kept = [np.arange(3), np.arange(2, 5)]
        with tempfile.TemporaryDirectory() as folder:
            state = Trained(work).published()
            torch.save({"state": state, "settings": {"middleLayer": 2}, "step": 1, "cpuSeconds": 0}, f"{folder}/c.pt")
            torch.manual_seed(0)
            checkpoint = Checkpoint(work, Path(folder) / "c.pt")
        nats, ids = checkpoint.nats(tokens, kept, scene)
        for chosen, lost in zip(kept, nats, strict=True):
            said = converse(checkpoint._model, load_tokenizer(work), [tokens[torch.from_numpy(chosen)]], [scene])
            self.assertAlmostEqual(lost / ids, answer_loss(checkpoint._model, said).item(), 4)
        self.assertEqual(ids, len(load_tokenizer(work).encode("A dog barks.").ids) + 1)

    def test_the_encoder_ships_as_it_was_trained_with(self) -> None:
        torch.manual_seed(0)
        published = load_encoder(Work(Path("unused"), small=True), bits=None).state_dict()
        rounded = rounded_encoder(published)
        for name, bits in ENCODER_BITS.items():
            tensors, nodes = as_blocks(name, published[name].numpy().T, ENCODER_BLOCK, bits)
            graph = onnx.helper.make_graph(
                nodes,
                "blocks",
                [],
                [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None)],
                tensors,
            )
            opsets = [onnx.helper.make_opsetid("", 18)]
            model = onnx.helper.make_model(graph, opset_imports=opsets, ir_version=9)
            (restored,) = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {})
            torch.testing.assert_close(torch.from_numpy(restored.T), rounded[name], atol=0, rtol=0)
            arrays = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in tensors}
            np.testing.assert_array_equal(read_blocks(arrays, name), restored)
            largest = published[name].abs().max()
            self.assertLess((rounded[name] - published[name]).abs().max(), largest / (2**bits - 3))
        for name in published.keys() - ENCODER_BITS.keys():
            self.assertIs(rounded[name], published[name])

    def test_only_what_was_trained_rounded_is_merged(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            layout = Layout(Path(folder), weights=Path(folder))
            for metadata, found in (({"middle_layer": "2"}, "not rounded"), ({"bits": "8"}, "rounded to 8 bits")):
                save_file({"x": torch.zeros(1)}, layout.trained_lora, metadata)
                with self.assertRaisesRegex(ValueError, f"{found}; a pack needs stage 3"):
                    merge(layout)

    def test_a_pack_lists_what_it_needs_whatever_lies_there(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            layout = Layout(Path(folder), pack=Path(folder))
            half = onnx.numpy_helper.from_array(np.ones((10, 300), np.float16), "half")
            table = onnx.numpy_helper.from_array(np.ones((10, 300), np.uint8), "table")
            move_out([half, table], layout.pack / "decoder.onnx.blocks")
            self.assertEqual((layout.pack / "decoder.onnx.blocks").stat().st_size, 2 * 4096 + 3000)
            widened = onnx.helper.make_tensor_value_info("widened", onnx.TensorProto.FLOAT, [10, 300])
            cast = onnx.helper.make_node("Cast", ["half"], ["widened"], to=onnx.TensorProto.FLOAT)
            graph = onnx.helper.make_graph([cast], "part", [], [widened], [half, table])
            for name in GRAPHS:
                onnx.save(onnx.helper.make_model(graph), layout.pack / name)
            (layout.pack / "decoder.onnx.data").touch()
            self.assertEqual(files(layout), sorted([*GRAPHS, *TOKENIZER, "decoder.onnx.blocks"]))
            self.assertEqual(bytes_as_it_runs(load_graph(layout, "decoder.onnx")), 4 * 3000 + 3000)

    def test_what_a_clip_holds_does_not_follow_from_its_length(self) -> None:
        click = np.ones(100, np.float32)
        names = (*CLASSES, "saw", "whale", "loom")
        events = [Sound(Event(name, f"a {name} is heard"), click) for name in names]
        speech = [lambda: Sound(Speech("man", "yes."), click)]
        for vary, weights in ((False, KINDS), (True, LEARNT)):
            kinds: dict[float, list[str]] = {3.0: [], 20.0: []}
            for seed in range(600):
                scene = Scenes(events, speech, seed, vary).scene(0.1)
                kinds[seconds_of(seed, {3.0: (1, 1), 20.0: (1, 1)})].append(scene.kind)
            wanted = np.array([*weights.values()]) / sum(weights.values())
            for of_length in kinds.values():
                self.assertGreater(len(of_length), 200)
                shares = [of_length.count(kind) / len(of_length) for kind in weights]
                np.testing.assert_allclose(shares, wanted, atol=0.1)

    def test_of_speech_fewer_tokens_are_dropped(self) -> None:
        spoken = Speech("man", "yes")
        heard = {"speech": (spoken,), "events": (Event("dog", "a dog barks"),)}
        heard["both"] = heard["speech"] + heard["events"]
        whole = {}
        for name, sounds in heard.items():
            scene = Scene("one", np.zeros(1, np.float32), Heard(sounds), Asked("anyone", "Is it?", "No."))
            ratios = [keep_ratio(seed, scene) for seed in range(400)]
            whole[name] = ratios.count(1.0) / len(ratios)
            lowest, highest = KEPT["events" if name == "events" else "speech"]
            self.assertTrue(all(lowest <= ratio <= highest for ratio in ratios if ratio < 1))
        for name, share in {"speech": 0.5, "both": 0.5, "events": 0.2}.items():
            self.assertAlmostEqual(whole[name], share, delta=0.08)

    def test_kept_tokens(self) -> None:
        scores = np.arange(40.0)
        self.assertEqual(len(kept_tokens("none", scores, 0.25, 1)), 40)
        self.assertEqual(len(kept_tokens("random", scores, 0.25, 1)), 10)
        self.assertEqual(kept_tokens("segmentwise", scores, 0.25, 1).tolist(), list(range(3, 40, 4)))

    def test_stop_token_is_the_tokenizers(self) -> None:
        tokenizer = load_tokenizer(Work(Path("unused")))
        self.assertEqual(tokenizer.encode("<|im_end|>").ids, STOP_TOKENS)


if __name__ == "__main__":
    unittest.main()
