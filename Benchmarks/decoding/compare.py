"""Tokens per second of one prompt's decoding: the engine on float and quantized weights, and llama.cpp, in turns.

Arguments: the engine's benchmark program, a folder with the models (see `run`), threads, rounds. Of every model and round two
generations are timed, of 1 token and of 65; the difference is 64 tokens' decoding, without the prompt. The fastest of all
rounds count. Effective bandwidth: bytes of all weights that a token reads, a second.
"""

import json
import pathlib
import struct
import subprocess
import sys
import threading
import time

import numpy
from llama_cpp import Llama

PROMPT, TOKENS = 32, 64
ENGINE = ["float32", "w8a16", "w8a16-float-head", "w8a8-int8", "w4a16", "w4a16-float-head"]
LLAMA = ["q8_0", "q4_0"]


def engine_seconds(program, folder, tokens, threads):
    command = [program, str(folder), "1", str(PROMPT), str(tokens), str(threads), "2"]
    return tokens / float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def llama_seconds(model, tokens):
    size = model.n_vocab()
    prompt = [(i * i * 31 + i * 7 + 11) % size for i in range(PROMPT)]
    best = float("inf")
    for _ in range(2):
        model.reset()
        start = time.perf_counter()
        for place, _ in enumerate(model.generate(prompt, top_k=1, temp=0.0, repeat_penalty=1.0, reset=True)):
            if place + 1 == tokens:
                break
        best = min(best, time.perf_counter() - start)
    return best


def weight_bytes(folder):
    """Bytes of the matrices in the file, floats counted as the four bytes that they take in memory."""
    with open(folder / "model.safetensors", "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
    header.pop("__metadata__", None)
    tied = "lm_head.weight" not in header and "lm_head.weight_packed" not in header
    total = 0
    for name, tensor in header.items():
        if name.endswith(("weight_shape", "norm.weight")) or ("embed_tokens" in name and not tied):
            continue
        begin, end = tensor["data_offsets"]
        count = 1
        for side in tensor["shape"]:
            count *= side
        total += 4 * count if tensor["dtype"] in ("F32", "BF16", "F16") else end - begin
    return total


def copy_bandwidth(threads):
    """Bytes read and written a second by `threads` threads that copy 256 MiB each."""
    pairs = [(numpy.ones(1 << 26, numpy.float32), numpy.zeros(1 << 26, numpy.float32)) for _ in range(threads)]
    best = 0.0
    for _ in range(5):
        workers = [threading.Thread(target=numpy.copyto, args=(b, a)) for a, b in pairs]
        start = time.perf_counter()
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        best = max(best, threads * 2 * pairs[0][0].nbytes / (time.perf_counter() - start))
    return best


def main():
    program, folder, threads, rounds = sys.argv[1], pathlib.Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    llamas = {
        name: Llama(str(folder / name / "model.gguf"), n_ctx=PROMPT + TOKENS + 16, n_threads=threads, n_threads_batch=threads, verbose=False)
        for name in LLAMA
    }
    first = {name: float("inf") for name in ENGINE + LLAMA}
    whole = dict(first)
    for _ in range(rounds):
        for name in ENGINE:
            first[name] = min(first[name], engine_seconds(program, folder / name, 1, threads))
            whole[name] = min(whole[name], engine_seconds(program, folder / name, TOKENS + 1, threads))
        for name, model in llamas.items():
            first[name] = min(first[name], llama_seconds(model, 1))
            whole[name] = min(whole[name], llama_seconds(model, TOKENS + 1))
    speed = {name: TOKENS / (whole[name] - first[name]) for name in whole}
    copy = copy_bandwidth(threads)
    print(f"copy bandwidth {copy / 1e9:.1f} GB/s")
    for name in ENGINE:
        bandwidth = weight_bytes(folder / name) * speed[name]
        peer = "q4_0" if name.startswith("w4") else "q8_0"
        print(
            f"{name}: {speed[name]:.1f} tokens/s, {speed[name] / speed['float32']:.2f} of float32, "
            f"{speed[name] / speed[peer]:.2f} of llama.cpp {peer} ({speed[peer]:.1f}); "
            f"{bandwidth / 1e9:.1f} GB/s, {100 * bandwidth / copy:.0f}% of copying")


if __name__ == "__main__":
    main()
