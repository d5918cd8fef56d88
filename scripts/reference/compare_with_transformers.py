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

import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

LOGIT_LIMIT = 2e-4


def read_lines(path):
    return [json.loads(line) for line in pathlib.Path(path).read_text(encoding="utf-8").splitlines() if line]


def compare_logits(model, folder, rows):
    """Largest difference between the captured top-k logits (and log-sum-exps) and the library's."""
    stored = load_file(pathlib.Path(folder) / "logits.safetensors")
    worst = 0.0
    for row in range(min(rows, len(stored["prompt_lengths"]))):
        start, end = stored["row_offsets"][row : row + 2].tolist()
        first, last = stored["position_offsets"][row : row + 2].tolist()
        prompt = int(stored["prompt_lengths"][row])
        tokens = stored["tokens"][start:end].long()
        with torch.no_grad():
            logits = model(tokens[None]).logits[0, prompt - 1 : -1].float()
        assert len(logits) == last - first, "positions differ"
        top_tokens = stored["top_tokens"][first:last].long()
        top_logits = stored["top_logits"][first:last].float()
        worst = max(worst, (logits.gather(1, top_tokens) - top_logits).abs().max().item())
        worst = max(worst, (logits.logsumexp(1) - stored["log_sum_exp"][first:last]).abs().max().item())
    return worst


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
        worst = compare_logits(model, options.logits, options.rows)
        print(f"logits: max |difference| {worst:.2e} (limit {LOGIT_LIMIT:.0e})")
        failed |= worst > LOGIT_LIMIT
    if options.answers:
        differing, total = compare_greedy(model, tokenizer, options.data, options.answers, options.set, options.rows)
        print(f"greedy text: {total - differing} of {total} equal")
        failed |= differing > 0
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
