"""Compares the perplexity that `eval.perplexity` gave with `transformers`' on the same weights and the same text.

Needs: torch, transformers. Build a recipe with both stages first, then for example:

    ./decant export base.model /tmp/check/model
    ./decant export text-perplexity /tmp/check/perplexity
    python3 scripts/reference/compare_perplexity.py --model /tmp/check/model --text wikitext2_raw_test.txt \\
        --perplexity /tmp/check/perplexity/perplexity.json

The windows are those of the page "Perplexity of fixed-length models" of the library's documentation. That page weighs a
window's mean loss by one token too few; both figures are printed, and the first, in which every token counts once, decides.
Exits 1 where they differ by more than 0.2 %.
"""

import argparse
import json
import math
import pathlib
import sys
import time

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

LIMIT = 0.002


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--text", required=True, type=pathlib.Path)
    parser.add_argument("--perplexity", required=True, type=pathlib.Path)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    ours = json.loads(options.perplexity.read_text())
    tokenizer = AutoTokenizer.from_pretrained(options.model)
    # As bytes: reading as text would turn CRLF into LF.
    tokens = torch.tensor([tokenizer(options.text.read_bytes().decode()).input_ids])
    print(f"tokens: {tokens.shape[1]} here, {ours['text_tokens']} there")
    model = AutoModelForCausalLM.from_pretrained(options.model, dtype=torch.float32).eval()
    total, counted, page_total, page_counted, previous = 0.0, 0, 0.0, 0, 0
    start = time.time()
    for begin in range(0, tokens.shape[1], ours["stride"]):
        end = min(begin + ours["context"], tokens.shape[1])
        labels = tokens[:, begin:end].clone()
        labels[:, : -(end - previous)] = -100
        with torch.no_grad():
            logits = model(tokens[:, begin:end]).logits[0, :-1].float()
        targets = labels[0, 1:]
        wanted = int((targets != -100).sum())
        loss = torch.nn.functional.cross_entropy(logits, targets, ignore_index=-100).item() if wanted else 0.0
        total, counted = total + loss * wanted, counted + wanted
        weight = int((labels != -100).sum()) - 1
        page_total, page_counted = page_total + loss * weight, page_counted + weight
        previous = end
        if end == tokens.shape[1]:
            break
    theirs, page = math.exp(total / counted), math.exp(page_total / page_counted)
    difference = abs(ours["perplexity"] / theirs - 1)
    print(f"{time.time() - start:.0f} s")
    print(f"perplexity: ours {ours['perplexity']:.6f} over {ours['counted_tokens']} tokens, transformers {theirs:.6f} over "
          f"{counted} (weighed as on its page {page:.6f}); they differ by {difference:.2e} (limit {LIMIT})")
    sys.exit(1 if difference > LIMIT or tokens.shape[1] != ours["text_tokens"] else 0)


if __name__ == "__main__":
    main()
