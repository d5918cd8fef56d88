#!/usr/bin/env python3
"""What the Hugging Face `tokenizers` library makes of small corpora and odd strings.

    tokenizer_reference.py write DIRECTORY    the reference files of Tests/EngineFormatsTests/Reference
    tokenizer_reference.py families FILE      tokenizer-families.json of that folder: small vocabularies with the settings of GPT-2,
                                              SmolLM2, Qwen2 and Llama 3, and with added tokens of every kind
    tokenizer_reference.py check FOLDER       compares a model folder written by Decant with the library, on 1,000 strings:
                                              FOLDER/tokenizer.json and FOLDER/encodings.jsonl, {"text", "ids"} a line

Needs the packages `tokenizers` and, for `check`, `transformers`.
"""

import json
import pathlib
import random
import sys

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

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


def family(corpus, pre_tokenizer, added=(), alphabet=True, normalizer=None, **model):
    """A vocabulary of 400 tokens; without `alphabet` only the bytes of the corpus have tokens."""
    tokenizer = Tokenizer(models.BPE(**model))
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoders.ByteLevel()
    if normalizer:
        tokenizer.normalizer = normalizer
    trainer = trainers.BpeTrainer(
        vocab_size=400, show_progress=False, initial_alphabet=pre_tokenizers.ByteLevel.alphabet() if alphabet else [],
        special_tokens=[model["unk_token"]] if "unk_token" in model else [],
    )
    tokenizer.train_from_iterator(corpus, trainer)
    tokenizer.add_special_tokens([token for token in added if token.special])
    tokenizer.add_tokens([token for token in added if not token.special])
    return tokenizer


def families(path):
    import tokenizer_comparison
    import tokenizer_models

    rng = random.Random(21)
    corpus = command_corpus(rng) + tokenizer_comparison.SAMPLES
    chat = [AddedToken(f"<|{name}|>", special=True, normalized=False) for name in ("im_start", "im_end", "begin_of_text")]
    chat.append(AddedToken("<tool_call>", normalized=False))
    flagged = [
        AddedToken("[left]", lstrip=True, normalized=False), AddedToken("[right]", rstrip=True, normalized=False),
        AddedToken("[both]", lstrip=True, rstrip=True, normalized=False, special=True),
        AddedToken("word", single_word=True, normalized=False), AddedToken("caf\u00e9", normalized=True),
    ]
    gpt2 = pre_tokenizers.ByteLevel(add_prefix_space=False)
    smollm2 = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), gpt2])
    made = {
        "GPT-2": family(corpus, gpt2, chat),
        "SmolLM2": family(command_corpus(rng), smollm2, chat, alphabet=False),
        "Qwen2": family(corpus, tokenizer_models.split(tokenizer_models.QWEN2_PATTERN), chat, normalizer=normalizers.NFC()),
        "Llama 3": family(corpus, tokenizer_models.split(tokenizer_models.LLAMA3_PATTERN), chat, ignore_merges=True),
        "flags": family(corpus, gpt2, flagged, normalizer=normalizers.NFC()),
        "unknown": family(command_corpus(rng), gpt2, alphabet=False, unk_token="<unk>", fuse_unk=True),
    }
    begin = made["Llama 3"].token_to_id("<|begin_of_text|>")
    made["Llama 3"].post_processor = processors.TemplateProcessing(
        single="<|begin_of_text|> $A", special_tokens=[("<|begin_of_text|>", begin)])
    texts = [text[:40] for text in tokenizer_comparison.strings(rng, 300, " ".join(corpus).split(" "))]
    joints = ["[left]", "[right]", "[both]", "word", "words", "caf\u00e9", "cafe\u0301", " ", "  ", "\n", "a", "_", "\u0301"]
    flagged_texts = ["".join(rng.choice(joints) for _ in range(rng.randrange(1, 9))) for _ in range(300)]
    cases = []
    for name, tokenizer in made.items():
        own = flagged_texts if name == "flags" else texts
        ids = [tokenizer.encode(text, add_special_tokens=False).ids for text in own]
        cases.append(
            {
                "name": name, "tokenizer": json.loads(tokenizer.to_str()), "texts": own if name == "flags" else None, "ids": ids,
                "framed": tokenizer.encode(texts[0]).ids,
                "decoded": [tokenizer.decode(i) for i in ids[:100]],
            }
        )
    text = json.dumps({"texts": texts, "tokenizers": cases}, ensure_ascii=False, separators=(",", ":"))
    pathlib.Path(path).write_text(text + "\n")


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
    commands = {"write": write, "families": families, "check": check}
    if len(sys.argv) != 3 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    sys.exit(commands[sys.argv[1]](pathlib.Path(sys.argv[2])))
