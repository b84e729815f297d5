"""What the exports say of a checkpoint or a disk that does not do, and what they leave behind:
`python -m unittest discover -s tests`."""

import contextlib
import importlib
import io
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import unittest
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

RECIPES = Path(__file__).resolve().parents[2]
CHECKPOINTS = RECIPES.parent / "test" / "reference"
MODELS = {"export_qwen2_audio": "qwen2-audio", "export_audio_flamingo_3": "audio-flamingo-3"}
OTHER = {"export_qwen2_audio": "audio-flamingo-3", "export_audio_flamingo_3": "qwen2-audio"}
CLASSES = {
    "export_qwen2_audio": "Qwen2AudioForConditionalGeneration",
    "export_audio_flamingo_3": "AudioFlamingo3ForConditionalGeneration",
}
# What the published processors make of one question about one sound.
SYSTEM = "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\n"
PROMPTS = {
    "export_qwen2_audio": SYSTEM
    + "Audio 1: <|audio_bos|>{audio}<|audio_eos|>\n{question}<|im_end|>\n<|im_start|>assistant\n",
    "export_audio_flamingo_3": SYSTEM + "{audio}{question}<|im_end|>\n<|im_start|>assistant\n",
}
for module in MODELS:
    sys.path.append(str(RECIPES / module.replace("_", "-")))


class Export(unittest.TestCase):
    """Every case is run with both models: on a copy of a tiny checkpoint, over an older pack that must survive."""

    def setUp(self) -> None:
        work = tempfile.TemporaryDirectory()
        self.addCleanup(work.cleanup)
        self.work = Path(work.name)
        self.out = self.work / "packs" / "pack"

    def checkpoint(self, name: str) -> Path:
        """A copy of a tiny checkpoint, alone in the folder."""
        folder = self.work / "checkpoint"
        shutil.rmtree(folder, ignore_errors=True)
        return shutil.copytree(CHECKPOINTS / name / "checkpoint", folder)

    def older(self) -> None:
        """A pack of before, at the place of the new one."""
        self.out.mkdir(parents=True, exist_ok=True)
        (self.out / "pack.json").write_text('{"schemaVersion": 1}')

    def left(self) -> list[str]:
        """Every file below the folder of packs."""
        root = self.out.parent
        return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())

    def run_export(self, module: str, *words: str, out: Path | None = None) -> tuple[int, str]:
        """The export in this process: exit code, and what it says on standard error."""
        command = importlib.import_module("audio_llm.command")
        kind = importlib.import_module(f"{module}.kind").KIND
        arguments = [module, str(self.work / "checkpoint"), "--out", str(out or self.out), *words]
        said = io.StringIO()
        with (
            mock.patch.object(sys, "argv", arguments),
            contextlib.redirect_stderr(said),
            contextlib.redirect_stdout(io.StringIO()),
        ):
            try:
                command.run(module, kind)
            except SystemExit as end:
                # As the interpreter does: a text goes to standard error, and the code is 1.
                return (1, end.code) if isinstance(end.code, str) else (end.code or 0, said.getvalue())
        return 0, said.getvalue()

    def refuse(self, pattern: str, *words: str, spoil: Callable[[Path], None] = lambda folder: None) -> None:
        """A checkpoint that is spoilt is refused by both exports in one line, and the older pack is all there is."""
        for module, name in MODELS.items():
            with self.subTest(module):
                self.older()
                spoil(self.checkpoint(name))
                code, said = self.run_export(module, *words)
                self.assertEqual(code, 1)
                self.assertRegex(said, pattern)
                self.assertTrue(said.startswith(f"{module}: "), said)
                self.assertNotIn("\n", said)
                self.assertEqual(self.left(), ["pack/pack.json"])


class BadCheckpoint(Export):
    def test_no_folder(self) -> None:
        self.refuse(r"checkpoint has no config\.json; a whole checkpoint is needed", spoil=shutil.rmtree)

    def test_no_configuration(self) -> None:
        self.refuse(r"has no config\.json; a whole", spoil=lambda folder: (folder / "config.json").unlink())

    def test_damaged_configuration(self) -> None:
        self.refuse(r"config\.json is not JSON", spoil=lambda folder: cut(folder / "config.json", 40))

    def test_configuration_of_nothing(self) -> None:
        self.refuse(
            r"config\.json is no JSON object", spoil=lambda folder: write(folder / "config.json", "[]")
        )

    def test_no_encoder(self) -> None:
        self.refuse(
            r"config\.json has no audio_config", spoil=lambda folder: configure(folder, audio_config=None)
        )

    def test_unknown_architecture(self) -> None:
        self.refuse(
            r"the checkpoint is LlamaForCausalLM; this recipe exports \w+ForConditionalGeneration",
            spoil=lambda folder: configure(folder, architectures=["LlamaForCausalLM"]),
        )

    def test_the_other_model(self) -> None:
        for module, other in OTHER.items():
            with self.subTest(module):
                self.checkpoint(other)
                code, said = self.run_export(module)
                self.assertEqual(code, 1)
                self.assertIn(f"this recipe exports {CLASSES[module]}", said)
                self.assertFalse(self.out.parent.exists())

    def test_another_language_model(self) -> None:
        def spoil(folder: Path) -> None:
            configure(folder, text_config={**configuration(folder)["text_config"], "model_type": "gemma"})

        self.refuse("the language model is gemma; qwen2 is supported", spoil=spoil)

    def test_missing_shard(self) -> None:
        self.refuse(
            r"lacks model\S*\.safetensors, 1 of [13] files",
            spoil=lambda folder: last_shard(folder).unlink(),
        )

    def test_truncated_shard(self) -> None:
        def spoil(folder: Path) -> None:
            cut(last_shard(folder), last_shard(folder).stat().st_size - 1000)

        self.refuse(r"safetensors ends after \d+ bytes, in the middle of \S+: get it again", spoil=spoil)

    def test_shard_cut_in_its_header(self) -> None:
        self.refuse("is no safetensors file, or it is damaged", spoil=lambda folder: cut(last_shard(folder), 99))

    def test_empty_shard(self) -> None:
        self.refuse("is no safetensors file, or it is damaged", spoil=lambda folder: cut(last_shard(folder), 0))

    def test_pointer_in_place_of_a_shard(self) -> None:
        text = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
        self.refuse("is no safetensors file", spoil=lambda folder: write(last_shard(folder), text))

    def test_missing_tensor(self) -> None:
        def spoil(folder: Path) -> None:
            edit_header(folder, lambda header: header.pop(ending(header, "mlp.down_proj.weight")))

        self.refuse(r"has no tensor \S+mlp\.down_proj\.weight; a whole checkpoint is needed", spoil=spoil)

    def test_tensor_of_another_shape(self) -> None:
        def turn(header: dict[str, Any]) -> None:
            header[ending(header, "mlp.down_proj.weight")]["shape"].reverse()

        self.refuse(
            r"mlp\.down_proj\.weight is \[128, 64\]; the configuration makes it \[64, 128\]",
            spoil=lambda folder: edit_header(folder, turn),
        )

    def test_quantised_tensor(self) -> None:
        def spoil(folder: Path) -> None:
            edit_header(
                folder, lambda header: header[ending(header, "down_proj.weight")].update(dtype="F8_E4M3")
            )

        self.refuse(r"down_proj\.weight is F8_E4M3; F32, F16, BF16 are supported", spoil=spoil)

    def test_no_tokenizer(self) -> None:
        self.refuse(
            r"has no tokenizer\.json; a whole", spoil=lambda folder: (folder / "tokenizer.json").unlink()
        )

    def test_chat_template_without_a_sound(self) -> None:
        self.refuse(
            r"the chat template does not have <\S+> and the question once: 'Hear this'",
            spoil=lambda folder: write(folder / "chat_template.jinja", "Hear this"),
        )

    def test_damaged_chat_template(self) -> None:
        self.refuse(
            "the chat template does not work: .*end of template",
            spoil=lambda folder: write(folder / "chat_template.jinja", "{% for m in messages %}"),
        )


class BadPlace(Export):
    def test_unknown_precision(self) -> None:
        for module, name in MODELS.items():
            with self.subTest(module):
                self.checkpoint(name)
                code, said = self.run_export(module, "--precision", "fp8")
                self.assertEqual(code, 2)
                self.assertRegex(said, r"--precision: invalid choice: 'fp8' \(choose from .*fp32.*fp16.*int4")
                self.assertFalse(self.out.parent.exists())

    def test_folder_below_a_file(self) -> None:
        """Which root can not write to either."""
        self.checkpoint("qwen2-audio")
        write(self.work / "packs", "a file")
        code, said = self.run_export("export_qwen2_audio")
        self.assertEqual(code, 1)
        self.assertRegex(said, "packs/pack is not written: .*(Not a directory|File exists)")
        self.assertEqual((self.work / "packs").read_text(), "a file")

    def test_folder_of_something_else(self) -> None:
        self.checkpoint("qwen2-audio")
        self.out.mkdir(parents=True)
        write(self.out / "letters.txt", "dear")
        for out in (self.out, self.out / "letters.txt"):
            code, said = self.run_export("export_qwen2_audio", out=out)
            self.assertEqual(code, 1)
            self.assertIn(f"{out} holds something else; name another folder", said)
        self.assertEqual(self.left(), ["pack/letters.txt"])

    def test_disk_without_room(self) -> None:
        usage = mock.Mock(free=20_000_000)
        with mock.patch("audio_llm.pack.shutil.disk_usage", return_value=usage):
            self.refuse(r"the pack takes 0\.1 GB, and 0\.0 GB are free at \S+packs")

    def test_disk_that_ends_in_the_middle(self) -> None:
        """A limit on the size of files stands for a full disk: the operating system refuses the write."""
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        self.addCleanup(resource.setrlimit, resource.RLIMIT_FSIZE, (soft, hard))
        for module, name in MODELS.items():
            with self.subTest(module):
                self.older()
                self.checkpoint(name)
                resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, hard))
                code, said = self.run_export(module, "--precision", "fp32")
                resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
                self.assertEqual(code, 1)
                self.assertRegex(said, "packs/pack is not written: .*File too large")
                self.assertEqual(self.left(), ["pack/pack.json"])

    def test_tensor_larger_than_a_file_may_be(self) -> None:
        with mock.patch("audio_llm.graph.MOST_FILE_BYTES", 100_000):
            self.refuse("takes .* more than a file may hold; choose --precision", "--precision", "fp32")


class Program(Export):
    def test_exit_code_and_message(self) -> None:
        """In a process of its own, as a person runs it."""
        for module, name in MODELS.items():
            with self.subTest(module):
                folder = self.checkpoint(name)
                last_shard(folder).unlink()
                command = [sys.executable, "-m", module, str(folder), "--out", str(self.out)]
                ended = subprocess.run(
                    command, cwd=RECIPES / module.replace("_", "-"), capture_output=True, text=True, check=False
                )
                self.assertEqual(ended.returncode, 1)
                self.assertRegex(ended.stderr, rf"^{module}: \S+ lacks \S+, 1 of [13] files\n$")
                self.assertEqual(ended.stdout, "")
                self.assertFalse(self.out.parent.exists())

    def test_a_good_one_takes_the_place_of_the_older(self) -> None:
        for module, name in MODELS.items():
            with self.subTest(module):
                self.older()
                write(self.out / "encoder.onnx", "of before")
                self.checkpoint(name)
                code, said = self.run_export(module)
                self.assertEqual((code, said), (0, ""))
                pack = json.loads((self.out / "pack.json").read_text())
                self.assertEqual(pack["prompt"]["template"], PROMPTS[module])
                self.assertEqual(self.left(), sorted(f"pack/{one}" for one in ["pack.json", *files_of(pack)]))


def files_of(pack: dict[str, Any]) -> list[str]:
    """The files that a manifest lists."""
    return [file["path"] for file in pack["files"]]


def write(path: Path, text: str) -> None:
    path.write_text(text, "utf-8")


def cut(path: Path, size: int) -> None:
    """Only the first bytes stay."""
    path.write_bytes(path.read_bytes()[:size])


def configuration(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "config.json").read_text("utf-8"))


def configure(folder: Path, **changes: object) -> None:
    write(folder / "config.json", json.dumps({**configuration(folder), **changes}))


def last_shard(folder: Path) -> Path:
    return sorted(folder.glob("*.safetensors"))[-1]


def ending(header: dict[str, Any], end: str) -> str:
    return next(name for name in header if name.endswith(end))


def edit_header(folder: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    """Change what a file says of its tensors; their data stay where they are behind it."""
    for shard in folder.glob("*.safetensors"):
        data = shard.read_bytes()
        length = int.from_bytes(data[:8], "little")
        header = json.loads(data[8 : 8 + length])
        if any(name.endswith("mlp.down_proj.weight") for name in header):
            edit(header)
            text = json.dumps(header).encode()
            shard.write_bytes(len(text).to_bytes(8, "little") + text + data[8 + length :])
            return
    raise AssertionError("no shard has the tensor")


if __name__ == "__main__":
    unittest.main()
