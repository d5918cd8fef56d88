"""Continues prompts greedily with transformers and prints tokens per second of the best of n measurements.

The prompts of the engine's benchmark, as one batch, float32. Arguments: a model folder, prompts, tokens of a prompt, tokens of
an answer, threads, measurements; with 0 measurements it prints the answers' tokens, one answer a line, each prompt on its own.
Needs the packages torch and transformers.
"""

import sys
import time

import torch
from transformers import AutoModelForCausalLM


def main() -> None:
    folder = sys.argv[1]
    count, length, tokens, threads, measurements = map(int, sys.argv[2:7])
    torch.set_num_threads(threads)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    size = model.config.vocab_size
    prompts = torch.tensor(
        [[(prompt * 7919 + i * i * 31 + i * 7 + 11) % size for i in range(length)] for prompt in range(count)])
    options = dict(do_sample=False, max_new_tokens=tokens, min_new_tokens=tokens, pad_token_id=0, eos_token_id=None)
    model.generation_config.eos_token_id = None

    def answer(batch: torch.Tensor) -> torch.Tensor:
        with torch.inference_mode():
            return model.generate(batch, attention_mask=torch.ones_like(batch), **options)[:, length:]

    if measurements == 0:
        for prompt in prompts:
            print(" ".join(map(str, answer(prompt[None])[0].tolist())))
        return
    best = 0.0
    for _ in range(measurements):
        start = time.perf_counter()
        answers = answer(prompts)
        best = max(best, answers.numel() / (time.perf_counter() - start))
    print(f"{best:.1f}")


if __name__ == "__main__":
    main()
