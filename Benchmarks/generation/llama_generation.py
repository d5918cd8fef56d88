"""Continues one prompt greedily with llama.cpp and prints tokens per second of the best of n measurements.

The first prompt of the engine's benchmark. Arguments: a GGUF file, tokens of the prompt, tokens of the answer, threads,
measurements. Needs the package llama-cpp-python, built from source.
"""

import sys
import time

from llama_cpp import Llama


def main() -> None:
    length, tokens, threads, measurements = map(int, sys.argv[2:6])
    model = Llama(sys.argv[1], n_ctx=length + tokens + 8, n_threads=threads, n_threads_batch=threads, verbose=False)
    size = model.n_vocab()
    prompt = [(i * i * 31 + i * 7 + 11) % size for i in range(length)]
    best = 0.0
    for _ in range(measurements):
        model.reset()
        start = time.perf_counter()
        answers = 0
        for _ in model.generate(prompt, top_k=1, temp=0.0, repeat_penalty=1.0, reset=True):
            answers += 1
            if answers == tokens:
                break
        best = max(best, answers / (time.perf_counter() - start))
    print(f"{best:.1f}")


if __name__ == "__main__":
    main()
