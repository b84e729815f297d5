"""The metrics as others' packages compute them: what the TypeScript is compared with.

pycocoevalcap for CIDEr-D, BLEU and ROUGE-L of texts already cut into tokens (its own tokeniser needs Java; see
ptb_tokens.py), jiwer for error rates, whisper-normalizer for texts. Only MMAU's string match is no package; it is
written here from its rule.

    python metrics.py < cases.json > scores.json
"""

import json
import re
import sys

import jiwer
from pycocoevalcap.bleu.bleu import Bleu
from pycocoevalcap.cider.cider import Cider
from pycocoevalcap.rouge.rouge import Rouge
from whisper_normalizer.basic import BasicTextNormalizer
from whisper_normalizer.english import EnglishTextNormalizer


def captions(items):
    references = {i: item["references"] for i, item in enumerate(items)}
    candidates = {i: [item["candidate"]] for i, item in enumerate(items)}
    cider, ciders = Cider().compute_score(references, candidates)
    bleu, bleus = Bleu(4).compute_score(references, candidates, verbose=0)
    rouge, rouges = Rouge().compute_score(references, candidates)
    return {
        "ciderD": [float(cider), [float(score) for score in ciders]],
        "bleu": [bleu, [list(scores) for scores in zip(*bleus)]],
        "rougeL": [float(rouge), [float(score) for score in rouges]],
    }


def transcripts(items):
    references = [item["reference"] for item in items]
    hypotheses = [item["hypothesis"] for item in items]
    pairs = list(zip(references, hypotheses))
    return {
        "wer": [jiwer.wer(references, hypotheses), [jiwer.wer(*pair) for pair in pairs]],
        "cer": [jiwer.cer(references, hypotheses), [jiwer.cer(*pair) for pair in pairs]],
    }


basic = BasicTextNormalizer()
plain = BasicTextNormalizer(remove_diacritics=True)
letters = BasicTextNormalizer(split_letters=True)
english = EnglishTextNormalizer()
# What the package adds to OpenAI's replacements, with which error rates are published.
for added in ("kinda", "sorta", "dunno", "cause"):
    del english.replacers[rf"\b{added}\b"]


def text(given):
    return {
        "basic": basic(given),
        "plain": plain(given),
        "letters": letters(given),
        "english": english(given),
    }


def words(given):
    return set(re.findall(r"\w+", given.lower()))


def official(item):
    answer, prediction = words(item["answer"]), words(item["prediction"])
    others = [words(choice) for choice in item["choices"]]
    wrong = set().union(*(other for other in others if other != answer)) - answer
    return bool(prediction) and answer <= prediction and not prediction & wrong


given = json.load(sys.stdin)
json.dump(
    {
        "captions": [captions(items) for items in given["captions"]],
        "transcripts": [transcripts(items) for items in given["transcripts"]],
        "texts": [text(each) for each in given["texts"]],
        "answers": [official(item) for item in given["answers"]],
    },
    sys.stdout,
)
