"""Megabytes a second of the `tokenizers` library on one thread: by line, by batch (the faster of its two calls), the whole text.

    tokenizers_throughput.py FOLDER FILE ROUNDS
"""

import os
import sys
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["RAYON_NUM_THREADS"] = "1"

from tokenizers import Tokenizer


def best(rounds, size, action):
    rate = 0.0
    for _ in range(rounds):
        start = time.perf_counter()
        action()
        rate = max(rate, size / 1e6 / (time.perf_counter() - start))
    return rate


folder, file, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
tokenizer = Tokenizer.from_file(f"{folder}/tokenizer.json")
text = open(file, encoding="utf-8", newline="").read()
lines = [line for line in text.split("\n") if line]
size = sum(len(line.encode()) for line in lines)
one_by_one = best(rounds, size, lambda: [tokenizer.encode(line, add_special_tokens=False) for line in lines])
batch = max(
    best(rounds, size, lambda: tokenizer.encode_batch(lines, add_special_tokens=False)),
    best(rounds, size, lambda: tokenizer.encode_batch_fast(lines, add_special_tokens=False)),
)
whole = best(max(1, rounds // 3), len(text.encode()), lambda: tokenizer.encode(text, add_special_tokens=False))
print(f"{max(one_by_one, batch):.1f} {whole:.1f} {one_by_one:.1f} {batch:.1f}")
