"""Everything of the training that needs no PyTorch: `python -m unittest tests.test_data`."""

import re
import tempfile
import unittest
from itertools import pairwise
from pathlib import Path
from random import Random

import numpy as np
from earmark_mini.selection import STRATEGIES
from earmark_mini.train.fetch import SPEECH, packages
from earmark_mini.train.fingerprint import are_twins, fingerprint, twins
from earmark_mini.train.label import COLUMNS as LABEL_COLUMNS
from earmark_mini.train.label import check_split, source_of, split_sources, transcripts
from earmark_mini.train.play import COMPUTED, computed, score
from earmark_mini.train.scene import KINDS, LARGEST_PART, NOISE_DB, SILENT, Scenes, Sound, coloured, prepared, room
from earmark_mini.train.sentences import examples, held_out
from earmark_mini.train.speak import plan
from earmark_mini.train.speech import prompts, readings
from earmark_mini.train.words import (
    FORMS,
    Asked,
    Event,
    Heard,
    Speech,
    ask,
    caption,
    counts,
    forms_of,
    is_right,
    names_class,
    quoted,
    word_errors,
)
from earmark_mini.train.work import TABLES, Work, read_table, write_table

RATE = 16_000
DOG = Event("dog", "a dog barks", ("bark", "barking"), ("a dog is barking",), ("dog", "cat", "owl", "hoot"))
BELL = Event("bell", "a bell rings", ("chime",))
CAT = Event("cat", "a cat meows", ("kitten", "meow"))
OWL = Event("owl", "an owl hoots", ("hoot",))
OTHERS = tuple(
    Event(name, f"a {name} is heard") for name in ("horse", "frog", "saw", "ship", "whale", "loom", "kettle")
)
SAID = Speech("woman", "please enter your number.")


def sweep(seed: int, seconds: float = 1.5) -> np.ndarray:
    """A sound with a course of its own: a few gliding tones."""
    random = np.random.default_rng(seed)
    time = np.arange(int(seconds * RATE)) / RATE
    tones = [
        np.sin(2 * np.pi * np.cumsum(random.uniform(200, 3000) + random.uniform(-1, 1) * 900 * time) / RATE)
        for _ in range(3)
    ]
    return (sum(tones) * (0.2 + 0.1 * np.sin(2 * np.pi * random.uniform(1, 6) * time))).astype(np.float32)


class Sentences(unittest.TestCase):
    def test_only_short_plain_examples(self) -> None:
        line = '0 29 v 04 | draw air; "I can breathe better now"; "(odd)"; "too short"; "Rain  fell, all day"'
        self.assertEqual(
            examples([line, 'no bar "a b c d"']), {"I can breathe better now", "Rain fell, all day"}
        )

    def test_held_out_by_words_alone(self) -> None:
        texts = [f"word {chr(97 + i % 26)}{chr(97 + i // 26)} here" for i in range(600)]
        held = [text for text in texts if held_out(text, 10)]
        self.assertTrue(30 < len(held) < 90)
        self.assertTrue(all(held_out(text.upper() + ".", 10) for text in held))


class Voices(unittest.TestCase):
    def test_same_plan_each_time_and_all_voices_used(self) -> None:
        voices = read_table(TABLES / "voices.csv")
        plans = [plan(number, voices) for number in range(2000)]
        self.assertEqual(plans, [plan(number, voices) for number in range(2000)])
        self.assertEqual({p.voice for p in plans}, {row["voice"] for row in voices})

    def test_no_voice_of_the_benchmark(self) -> None:
        held = {row["voice"] for row in read_table(TABLES.parents[1] / "benchmark" / "sentences.csv")}
        self.assertFalse(
            held & {f"{row['engine']}:{row['voice']}" for row in read_table(TABLES / "voices.csv")}
        )


class Tables(unittest.TestCase):
    def test_every_event_has_a_class_once(self) -> None:
        events, classes = read_table(TABLES / "events.csv"), read_table(TABLES / "classes.csv")
        instruments = read_table(TABLES / "instruments.csv")
        names = [row["class"] for row in classes]
        self.assertEqual(len(names), len(set(names)))
        named = {row["class"] for row in (*events, *instruments)} | set(COMPUTED.values())
        self.assertEqual(named, set(names))
        files = [(row["package"], row["file"]) for row in events]
        self.assertEqual(len(files), len(set(files)))

    def test_every_clause_has_paraphrases_once(self) -> None:
        rows = read_table(TABLES / "paraphrases.csv")
        clauses = {
            row["clause"]
            for row in (*read_table(TABLES / "events.csv"), *read_table(TABLES / "instruments.csv"))
        }
        self.assertEqual(sorted(row["clause"] for row in rows), sorted(clauses | set(COMPUTED)))
        for row in rows:
            others = row["paraphrases"].split("|")
            self.assertGreaterEqual(len({row["clause"], *others}), 3, row)
            self.assertTrue(all(re.fullmatch(r"[A-Za-z' -]+", other) for other in others), row)

    def test_instruments_are_in_range(self) -> None:
        for row in read_table(TABLES / "instruments.csv"):
            lowest, highest = int(row["lowest"]), int(row["highest"])
            self.assertTrue(0 <= lowest <= highest <= 127)
            self.assertEqual(row["bank"] == "128", lowest == highest)

    def test_archives_have_hashes(self) -> None:
        rows = read_table(TABLES / "archives.csv")
        self.assertTrue(rows)
        self.assertTrue(all(re.fullmatch(r"[0-9a-f]{64}", row["sha256"]) for row in rows))

    def test_readings_say_who_reads_what(self) -> None:
        rows = read_table(TABLES / "readings.csv")
        files = [(row["package"], row["file"]) for row in rows]
        self.assertEqual(len(files), len(set(files)))
        self.assertLessEqual({row["speaker"] for row in rows}, {"man", "woman", "child"})
        self.assertTrue(all(re.fullmatch(r"[A-Z][A-Za-z ]*\.", row["text"]) for row in rows))
        archives = {row["package"] for row in read_table(TABLES / "archives.csv")}
        self.assertLessEqual({row["package"] for row in rows}, packages() & archives)

    def test_table_is_whole_or_absent(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "a", "t.csv")
            with self.assertRaises(ValueError):
                write_table(path, [{"x": 1, "unknown": 2}], ("x",))
            self.assertFalse(path.exists())
            write_table(path, [{"x": 1}], ("x",))
            self.assertEqual(read_table(path), [{"x": "1"}])


class Twins(unittest.TestCase):
    def test_gain_silence_noise_and_cuts_do_not_hide_a_twin(self) -> None:
        sound = sweep(1)
        shifted = np.concatenate([np.zeros(5000, np.float32), 0.3 * sound])
        noisy = sound + np.random.default_rng(0).normal(0, 1e-4, len(sound)).astype(np.float32)
        for other in (shifted, noisy, sound[4000:20000]):
            self.assertTrue(are_twins(fingerprint(sound), fingerprint(other)))

    def test_other_sounds_are_no_twins(self) -> None:
        prints = [fingerprint(sweep(seed)) for seed in range(8)]
        self.assertEqual(len(set(twins(prints))), 8)

    def test_silence_and_blips_resemble_nothing(self) -> None:
        blip = fingerprint(sweep(3, 0.03))
        self.assertFalse(are_twins(blip, blip))


class Split(unittest.TestCase):
    def test_takes_share_a_source(self) -> None:
        self.assertEqual(source_of("p", "s/wolf-growl-1.ogg"), source_of("p", "s/wolf-growl-2.ogg"))
        self.assertEqual(source_of("p", "s/bird1_00.ogg"), source_of("p", "s/bird1_01.ogg"))
        self.assertNotEqual(source_of("p", "s/bird1_00.ogg"), source_of("p", "s/bird2_00.ogg"))
        self.assertNotEqual(source_of("p", "a/1.ogg"), source_of("p", "b/1.ogg"))

    def test_benchmark_its_takes_and_twins_are_held_out(self) -> None:
        splits = split_sources(
            ["dog"] * 6, ["a", "a", "b", "c", "d", "e"], [0, 1, 2, 1, 4, 5], [True] + [False] * 5
        )
        self.assertEqual([split for split, _ in splits[:2]], ["held", "held"])
        self.assertEqual(splits[3][0], "held")  # twin of a take
        self.assertEqual([why for _, why in splits].count("source"), 1)
        self.assertEqual([split for split, _ in splits].count("train"), 2)

    def test_small_classes_stay(self) -> None:
        splits = split_sources(["owl", "owl"], ["a", "b"], [0, 1], [False, False])
        self.assertEqual([split for split, _ in splits], ["train", "train"])

    def test_mixed_sources_are_refused(self) -> None:
        rows = [
            {"sha256": "1", "source": "a", "split": "train"},
            {"sha256": "2", "source": "a", "split": "held"},
        ]
        with self.assertRaises(ValueError):
            check_split(rows)

    def test_prompts_and_readings_are_told_apart(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            work = Work(Path(folder))
            row = {"kind": "speech", "file": "a.wav", "text": "A frog.", "speaker": "woman", "split": "held"}
            rows = [row | {"package": package} for package in (SPEECH[1], "tuxpaint-stamps-default")]
            write_table(work.labels, [*rows, {"kind": "event", "package": "small"}], LABEL_COLUMNS)
            for source, package in ((prompts, SPEECH[1]), (readings, "tuxpaint-stamps-default")):
                self.assertEqual([u.file.parent.name for u in source(work)], [package])

    def test_transcripts(self) -> None:
        lines = ["; title", "a/b: Please  hold.", "c: [beep]", "d: one moment ...", "no colon"]
        self.assertEqual(list(transcripts(lines)), [("a/b", "Please hold.")])


class Played(unittest.TestCase):
    def test_notes_stay_in_range_and_follow_one_another(self) -> None:
        for manner in ("melody", "chords", "hits", "held"):
            for seed in range(50):
                notes = score(manner, 50, 70, Random(seed))
                self.assertEqual(notes, score(manner, 50, 70, Random(seed)))
                self.assertTrue(all(50 <= key <= 70 for note in notes for key in note.keys))
                for one, other in pairwise(notes):
                    self.assertAlmostEqual(one.start + one.seconds, other.start)
                self.assertTrue(2 <= notes[-1].start + notes[-1].seconds <= 6)

    def test_what_is_computed_is_what_it_is_called(self) -> None:
        for seed in range(5):
            spectra = {}
            for clause in COMPUTED:
                samples = computed(clause, np.random.default_rng(seed))
                self.assertEqual((samples.dtype, float(np.abs(samples).max())), (np.float32, 1.0))
                halves = np.array_split(samples[: len(samples) // 2 * 2], 2)
                spectra[clause] = [np.argmax(np.abs(np.fft.rfft(half))) * RATE / len(half) for half in halves]
            self.assertLess(*spectra["a tone rises"])
            self.assertGreater(*spectra["a tone falls"])
            self.assertAlmostEqual(*spectra["a steady tone sounds"], delta=2)
            self.assertLess(max(spectra["a low hum sounds"]), 800)


class Words(unittest.TestCase):
    def test_captions(self) -> None:
        self.assertEqual(caption(Heard(())), "Nothing is heard.")
        self.assertEqual(caption(Heard((DOG, BELL))), "A dog barks, then a bell rings.")
        self.assertEqual(caption(Heard((DOG, BELL), at_once=True)), "A dog barks while a bell rings.")
        said = caption(Heard((DOG, SAID)))
        self.assertEqual(said, 'A dog barks, then a woman says, "Please enter your number."')
        self.assertEqual(quoted(said), "Please enter your number.")

    def test_every_form_has_a_right_answer_that_scores(self) -> None:
        heard = Heard((DOG, BELL))
        for seed in range(20):
            for form in forms_of(heard):
                asked = ask(heard, form, [DOG, CAT, OWL, Event("horse", "a horse neighs")], Random(seed))
                self.assertEqual(counts(heard, asked, asked.answer), {f"right.{form}": (1, 1)})

    def test_what_is_first_is_right_by_a_synonym_and_alone(self) -> None:
        heard = Heard((CAT, BELL))
        asked = ask(heard, "first", [], Random(0))
        for said, right in {
            "A kitten is heard.": True,
            "A bell rings.": False,
            "A cat meows, then a bell rings.": False,
            "A dog barks.": False,
        }.items():
            self.assertEqual(is_right(heard, asked, said), right, said)

    def test_no_answer_no_question(self) -> None:
        for form in ("words", "first", "nonsense"):
            with self.assertRaises(ValueError):
                ask(Heard((DOG,)), form, [CAT], Random(0))

    def test_alike_sounds_are_no_wrong_choices(self) -> None:
        others = [BELL, Event("gong", "a gong is struck"), CAT, DOG, OWL]
        for seed in range(20):
            question = ask(Heard((BELL,)), "which", others, Random(seed)).question
            self.assertNotIn("gong", question.lower())

    def test_word_errors(self) -> None:
        self.assertEqual(word_errors("a b c".split(), "a x c d".split()), 2)
        self.assertEqual(word_errors([], ["a"]), 1)

    def test_synonyms_count_but_not_in_quotations(self) -> None:
        self.assertTrue(names_class(CAT, "Two kittens are heard."))
        self.assertFalse(names_class(CAT, 'A man says, "The cat sat."'))
        for kind, said in {"car": "A cartoon plays.", "horn": "A hornet buzzes.", "bee": "A computer beeps."}.items():
            self.assertFalse(names_class(Event(kind, "something is heard"), said), said)
        for kind, said in {"drum": "Someone is drumming.", "sneeze": "A man sneezed.", "brush": "Brushes sweep."}.items():
            self.assertTrue(names_class(Event(kind, "something is heard"), said), said)

    def test_counts_of_a_caption(self) -> None:
        heard = Heard((DOG, SAID))
        said = 'A dog is barking, then a woman says, "Please enter a number."'
        self.assertEqual(
            counts(heard, Asked("caption", "", caption(heard)), said),
            {
                "wordsWrong": (1, 4),
                "eventsNamed": (1, 1),
                "eventsBySynonym": (1, 1),
                "eventsByFamily": (1, 1),
                "captionsExact": (0, 1),
            },
        )

    def test_three_ways_to_name_an_event(self) -> None:
        for said, expected in {
            "A dog barks.": (1, 1, 1),
            "A dog is barking.": (1, 1, 1),
            "Some dogs are there.": (0, 1, 1),
            "An owl hoots.": (0, 0, 1),
            "A bell rings.": (0, 0, 0),
        }.items():
            found = counts(Heard((DOG,)), Asked("caption", "", "A dog barks."), said)
            named = tuple(found[share][0] for share in ("eventsNamed", "eventsBySynonym", "eventsByFamily"))
            self.assertEqual(named, expected, said)

    def test_silence_is_counted(self) -> None:
        asked = Asked("caption", "", caption(Heard(())))
        for said, silent in {"Nothing is heard.": 1, "A dog barks.": 0}.items():
            self.assertEqual(counts(Heard(()), asked, said)["silencesNamed"], (silent, 1))

    def test_other_words_for_an_event(self) -> None:
        said = {DOG.put(0.5, Random(seed)).clause for seed in range(20)}
        self.assertEqual(said, {"a dog barks", "a dog is barking"})
        self.assertEqual(DOG.put(0.0, Random(0)), DOG)


class SceneTest(unittest.TestCase):
    def setUp(self) -> None:
        self.events = [Sound(e, prepared(sweep(i))) for i, e in enumerate((DOG, BELL, CAT, OWL, *OTHERS))]
        self.speech = [lambda: Sound(SAID, prepared(sweep(9, 1.0)))]

    def test_every_kind_fits_and_is_heard(self) -> None:
        scenes = Scenes(self.events, self.speech, 1, vary=True)
        for kind in KINDS:
            scene = scenes.scene(4.0, kind)
            self.assertEqual(scene.samples.shape, (4 * RATE,))
            self.assertEqual(scene.samples.dtype, np.float32)
            self.assertTrue(np.isfinite(scene.samples).all() and np.abs(scene.samples).max() <= 1)
            self.assertEqual("nothing" == kind, not scene.heard.sounds)

    def test_a_loud_noise_is_not_nothing(self) -> None:
        for vary in (False, True):
            scenes = Scenes(self.events, self.speech, 7, vary)
            silent = 0
            for _ in range(100):
                samples = scenes.scene(3.0, "nothing").samples
                if not samples.any():
                    silent += 1
                    continue
                level = 20 * np.log10(np.sqrt((samples**2).mean()))
                self.assertTrue(NOISE_DB[0] - 1 < level < NOISE_DB[1] + 1, level)
            self.assertAlmostEqual(silent / 100, SILENT if vary else 0, delta=0.15)

    def test_seeded(self) -> None:
        one, other = (Scenes(self.events, self.speech, 5, vary=True).scene(3.0) for _ in range(2))
        self.assertEqual(one.asked, other.asked)
        np.testing.assert_array_equal(one.samples, other.samples)

    def test_every_form_can_be_asked_for(self) -> None:
        scenes = Scenes(self.events, self.speech, 2, vary=False)
        for form in FORMS:
            asked = [scenes.scene(4.0, form=form).asked for _ in range(20)]
            self.assertEqual({a.form for a in asked}, {form})
            if form in ("anyone", "heard"):
                self.assertEqual({a.answer for a in asked}, {"Yes.", "No."})

    def test_training_asks_about_what_it_describes(self) -> None:
        scenes = Scenes(self.events, self.speech, 4, vary=True)
        made = [scenes.scene(4.0) for _ in range(200)]
        self.assertEqual({scene.asked.form for scene in made}, {"caption"})
        self.assertEqual({scene.also.form for scene in made if scene.also}, set(FORMS))
        self.assertTrue(any(scene.also is None for scene in made))

    def test_held_out_scenes_have_their_own_words(self) -> None:
        scenes = Scenes(self.events, self.speech, 3, vary=False)
        captions = [scenes.scene(3.0, "one", "caption").asked.answer for _ in range(60)]
        self.assertIn("A dog barks.", captions)
        self.assertNotIn("A dog is barking.", captions)

    def test_spans_say_where_each_sound_is(self) -> None:
        scenes = Scenes(self.events, self.speech, 6, vary=False)
        for kind in KINDS:
            scene = scenes.scene(5.0, kind)
            self.assertEqual([span.what for span in scene.spans], list(scene.heard.sounds))
            if kind == "nothing":
                continue
            silent = np.ones(len(scene.samples), bool)
            for span in scene.spans:
                self.assertTrue(0 <= span.start < span.end <= len(scene.samples))
                silent[span.start : span.end] = False
                self.assertGreater(np.abs(scene.samples[span.start : span.end]).max(), 0.01)
            self.assertEqual(np.abs(scene.samples[silent]).sum(), 0)
            if kind != "at once":
                self.assertTrue(all(one.end <= other.start for one, other in pairwise(scene.spans)))

    def test_speech_is_never_cut(self) -> None:
        with self.assertRaises(ValueError):
            Scenes(self.events, self.speech, 1, vary=False).scene(0.9, "speech")
        # Slower, or with its echo, it is up to a third longer: then it may not fit.
        scenes = Scenes(self.events, self.speech, 8, vary=True)
        lengths = set()
        for kind, seconds in {"speech": 1.5, "speech and event": 3.0}.items():
            for _ in range(40):
                scene = scenes.scene(seconds, kind)
                (said,) = (span for span in scene.spans if span.what is SAID)
                share = len(scene.samples) // (1 if kind == "speech" else 2)
                # One that was cut ends where its share does.
                self.assertLess(said.end - said.start, int(LARGEST_PART * share))
                self.assertLess(said.end, len(scene.samples))
                lengths.add(said.end - said.start)
        self.assertGreater(max(lengths), RATE)

    def test_room_keeps_the_sound_and_adds_a_tail(self) -> None:
        sound = sweep(2)
        wet = room(sound, np.random.default_rng(0))
        self.assertGreater(len(wet), len(sound))
        self.assertGreater(np.corrcoef(wet[: len(sound)], sound)[0, 1], 0.8)

    def test_colour_moves_no_frequency_by_more_than_it_says(self) -> None:
        sound = sweep(3)
        before, after = (np.abs(np.fft.rfft(s)) for s in (sound, coloured(sound, np.random.default_rng(0))))
        strong = before > before.max() * 0.01
        moved = 20 * np.log10(after[strong] / before[strong])
        self.assertGreater(np.abs(moved).max(), 1)
        self.assertLess(np.abs(moved).max(), 8.01)

    def test_a_single_frame_is_a_recording(self) -> None:
        self.assertTrue(np.isfinite(prepared(sweep(1, 0.02))).all())


class Selections(unittest.TestCase):
    def test_budgets_and_order(self) -> None:
        scores = np.random.default_rng(0).random(103)
        for name, select in STRATEGIES.items():
            for ratio in (0.5, 0.25, 0.1):
                kept = select(scores, ratio)
                self.assertEqual(len(kept), int(ratio * 103), name)
                self.assertTrue((np.diff(kept) > 0).all())


if __name__ == "__main__":
    unittest.main()
