#!/usr/bin/env python3
"""What the Hugging Face `tokenizers` library makes of small corpora and odd strings.

    tokenizer_reference.py write DIRECTORY    the reference files of Tests/EngineFormatsTests/Reference
    tokenizer_reference.py check FOLDER       compares a model folder written by Decant with the library, on 1,000 strings:
                                              FOLDER/tokenizer.json and FOLDER/encodings.jsonl, {"text", "ids"} a line

Needs the packages `tokenizers` and, for `check`, `transformers`.
"""

import json
import pathlib
import random
import sys

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

PATTERN = r"[\p{L}\p{M}]+|\p{N}| +|[^\p{L}\p{M}\p{N} ]+"
SPECIAL = ["<|endoftext|>", "<|user|>", "<|assistant|>", "<|tools|>", "<|end|>"]


def train(corpus, vocabulary):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PATTERN), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=SPECIAL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(corpus, trainer)
    return tokenizer


def command_corpus(random):
    rooms = ["kitchen", "living room", "bedroom", "garage", "Küche", "salle à manger"]
    verbs = ["turn on", "switch off", "dim", "brighten", "please set", "mach bitte"]
    rows = []
    for _ in range(120):
        room, verb, level = random.choice(rooms), random.choice(verbs), random.randrange(0, 101, 5)
        rows.append(f"{verb} the {room} light to {level}%")
        call = {"name": "set_light", "arguments": {"level": level, "room": room}}
        rows.append(json.dumps([call], separators=(",", ":"), ensure_ascii=False))
    return rows


def tie_corpus(random):
    """Few letters and many repeats: equal counts, and tokens that two different merges spell."""
    words = ["".join(random.choice("aab") for _ in range(random.randrange(1, 12))) for _ in range(60)]
    return words + ["aaaa aaaaa", "abab abababab"]


SAMPLES = [
    "Turn the kitchen light on, please.",
    "Stell das Licht in der Küche auf 40 %.",
    "Включи свет на кухне",
    "打开厨房的灯。",
    "キッチンの電気をつけて",
    "주방 불 켜 줘",
    "أشعل ضوء المطبخ",
    "हिन्दी में लिखा हुआ",
    "เปิดไฟในห้องครัว",
    "Ƀɐſɘ ŸÿŒ ßẞ",
    "é e\u0301 ﬁ Å Å",
    "def f(x):\n\treturn x ** 2  # comment",
    '[{"name":"set_light","arguments":{"room":"kitchen"}}]',
    "a_b-c.d/e\\f|g",
    "👍🏽👩‍👩‍👧‍👦🇩🇪❤️",
    "1234567890",
    "٣٤٥ Ⅷ ½ ², x₁",
    "0x1F+3.14e-10",
    "  two  spaces   three",
    "\t\ttabs\r\n\r\nlines\n",
    "\u00a0no-break\u2003em\u200bzero",
    "\ufeffBOM\u0000nul\u007fdel",
    "<|user|>hi<|assistant|>[]<|end|>",
    "a<|end|><|end|>b <|end",
    "<|endoftext|><|endof|><|tools|>f(x:int)\n",
    "<<|user|>>",
    "\U00010348\U0001d54f\U000e0041\U0010ffff",
    "",
    " ",
    "aaaaaaaaaaaaaaaabab",
]


def strings(random, count):
    alphabet = sorted({character for sample in SAMPLES for character in sample})
    texts = list(SAMPLES)
    while len(texts) < count:
        kind = random.randrange(4)
        if kind == 0:
            text = " ".join(random.choice(SAMPLES).split(" ")[0] for _ in range(random.randrange(1, 4)))
        elif kind == 1:
            text = "".join(random.choice(alphabet) for _ in range(random.randrange(1, 12)))
        elif kind == 2:
            left, right = random.choice(SAMPLES), random.choice(SAMPLES)
            text = left[: random.randrange(len(left) + 1)][:24] + right[random.randrange(len(right) + 1) :][:24]
        else:
            code = random.choice([0x80, 0x600, 0x900, 0x3000, 0xA000, 0x10000, 0x1F300, 0x20000])
            points = [code + random.randrange(0x800) for _ in range(random.randrange(1, 6))]
            text = "a".join(chr(point) for point in points if not 0xD800 <= point < 0xE000)
        texts.append(text)
    return texts


def write(directory):
    rng = random.Random(20)
    commands, ties = command_corpus(rng), tie_corpus(rng)
    cases = []
    for name, corpus, vocabulary in [("commands", commands, 340), ("ties", ties, 320)]:
        tokenizer = train(corpus, vocabulary)
        saved = json.loads(tokenizer.to_str())
        cases.append({"name": name, "vocabulary": vocabulary, "corpus": corpus, "tokenizer": saved})
        if name == "commands":
            encodings = []
            for text in strings(rng, 1000):
                ids = tokenizer.encode(text).ids
                decoded = tokenizer.decode(ids)
                encodings.append({"text": text, "ids": ids} | ({"decoded": decoded} if decoded != text else {}))
            broken = []
            for _ in range(200):
                ids = [rng.randrange(tokenizer.get_vocab_size() + 3) for _ in range(rng.randrange(1, 9))]
                with_special = tokenizer.decode(ids, skip_special_tokens=False)
                broken.append({"ids": ids, "decoded": tokenizer.decode(ids), "with_special": with_special})
    for name, value in [("training", cases), ("encodings", encodings), ("decodings", broken)]:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        (directory / f"tokenizer-{name}.json").write_text(text + "\n")


def check(folder):
    from transformers import AutoTokenizer

    plain = Tokenizer.from_file(str(folder / "tokenizer.json"))
    auto = AutoTokenizer.from_pretrained(folder)
    lines = [json.loads(line) for line in (folder / "encodings.jsonl").read_text().splitlines()]
    differing = 0
    for line in lines:
        by_auto = auto(line["text"], add_special_tokens=False)["input_ids"]
        if plain.encode(line["text"]).ids != line["ids"] or by_auto != line["ids"]:
            differing += 1
            print("differs:", json.dumps(line["text"]))
    print(f"{len(lines)} strings, {differing} differ")
    print(f"eos {auto.eos_token} {auto.eos_token_id}, pad {auto.pad_token} {auto.pad_token_id}")
    messages = [{"role": "user", "content": "hi"}]
    print(repr(auto.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)))
    return 1 if differing else 0


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in ("write", "check"):
        sys.exit(__doc__)
    sys.exit(write(pathlib.Path(sys.argv[2])) if sys.argv[1] == "write" else check(pathlib.Path(sys.argv[2])))
