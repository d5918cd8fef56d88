"""Loads models that Decant built into the transformers library and compares logits, greedy text and token ids.

Needs: torch, transformers, safetensors, tokenizers (and compressed-tensors for quantized models).
Build a recipe first, then for example:

    ./decant export teacher /tmp/check/teacher
    ./decant export teacher.logits /tmp/check/logits
    ./decant export data /tmp/check/data
    ./decant export teacher.answers /tmp/check/answers
    python3 scripts/reference/compare_with_transformers.py --model /tmp/check/teacher \
        --logits /tmp/check/logits --data /tmp/check/data --answers /tmp/check/answers

Exits 1 where a limit is passed.
"""

import argparse
import json
import pathlib
import sys

import numpy as np
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

LOGIT_LIMIT = 2e-4
# Of a stored difference to the largest logit, in a unit.
STEPS = 1024


def read_lines(path):
    return [json.loads(line) for line in pathlib.Path(path).read_text(encoding="utf-8").splitlines() if line]


def unpacked(packed, bits, count):
    """Rows of numbers of so many bits each, the lowest first: [rows, bytes] to [rows, count]."""
    flags = np.unpackbits(packed.numpy(), axis=1, bitorder="little")[:, : count * bits]
    weights = 1 << np.arange(bits, dtype=np.int64)
    return torch.from_numpy((flags.reshape(len(flags), count, bits) * weights).sum(axis=2))


def compare_logits(model, folder, rows):
    """Largest difference between the captured top-k logits, as far as they lie below the largest, and the library's; the same
    of the log-sum-exps, which are not rounded."""
    stored = load_file(pathlib.Path(folder) / "logits.safetensors")
    bits = int(stored["token_bits"][0])
    sequences = unpacked(stored["tokens"][None], bits, int(stored["row_offsets"][-1]))[0]
    top_tokens = unpacked(stored["top_tokens"], bits, stored["top_differences"].shape[1])
    worst_logit = worst_sum = 0.0
    for row in range(min(rows, len(stored["prompt_lengths"]))):
        start, end = stored["row_offsets"][row : row + 2].tolist()
        first, last = stored["position_offsets"][row : row + 2].tolist()
        prompt = int(stored["prompt_lengths"][row])
        with torch.no_grad():
            logits = model(sequences[None, start:end]).logits[0, prompt - 1 : -1].float()
        assert len(logits) == last - first, "positions differ"
        logits -= logits.max(1, keepdim=True).values
        below = -stored["top_differences"][first:last].float() / STEPS
        worst_logit = max(worst_logit, (logits.gather(1, top_tokens[first:last]) - below).abs().max().item())
        worst_sum = max(worst_sum, (logits.logsumexp(1) - stored["log_sum_exp"][first:last]).abs().max().item())
    return worst_logit, worst_sum


def compare_greedy(model, tokenizer, data, answers, set_name, rows):
    """Number of rows whose greedy continuation differs from the recorded answer."""
    queries = {row["id"]: row["query"] for row in read_lines(pathlib.Path(data) / f"{set_name}.jsonl")}
    end = tokenizer.convert_tokens_to_ids("<|end|>")
    differing = 0
    recorded = read_lines(pathlib.Path(answers) / f"{set_name}.jsonl")[:rows]
    for answer in recorded:
        prompt = f"<|user|>{queries[answer['id']]}<|assistant|>"
        tokens = tokenizer(prompt, return_tensors="pt", add_special_tokens=False).input_ids
        with torch.no_grad():
            output = model.generate(
                tokens, do_sample=False, max_new_tokens=answer["response_tokens"] + answer["ended"], eos_token_id=end,
                pad_token_id=0, attention_mask=torch.ones_like(tokens))
        text = tokenizer.decode(output[0, tokens.shape[1] :], skip_special_tokens=True)
        if text != answer["response"]:
            differing += 1
            print(f"differs: {answer['id']}: {text!r} against {answer['response']!r}")
    return differing, len(recorded)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--logits")
    parser.add_argument("--data")
    parser.add_argument("--answers")
    parser.add_argument("--set", default="test")
    parser.add_argument("--rows", type=int, default=100)
    options = parser.parse_args()
    model = AutoModelForCausalLM.from_pretrained(options.model, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(options.model)
    failed = False
    if options.logits:
        logit, total = compare_logits(model, options.logits, options.rows)
        print(f"logits: max |difference| {logit:.2e} (limit {LOGIT_LIMIT:.0e} and half a step, {0.5 / STEPS:.1e})")
        print(f"log-sum-exp: max |difference| {total:.2e} (limit {LOGIT_LIMIT:.0e})")
        failed |= logit > LOGIT_LIMIT + 0.5 / STEPS or total > LOGIT_LIMIT
    if options.answers:
        differing, total = compare_greedy(model, tokenizer, options.data, options.answers, options.set, options.rows)
        print(f"greedy text: {total - differing} of {total} equal")
        failed |= differing > 0
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
