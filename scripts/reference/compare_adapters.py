"""Compares a merged model with `peft`, which reads the adapter folder beside the model that it was trained on: the weights once
peft has merged them, the logits also before.

Needs: torch, transformers, peft. Build a recipe with a step such as `SFT(steps: 20, lora: 8)` first, then for example:

    ./decant export student.init /tmp/check/base
    ./decant export student.sft.adapters /tmp/check/adapters
    ./decant export student.sft /tmp/check/merged
    python3 scripts/reference/compare_adapters.py /tmp/check/base /tmp/check/adapters /tmp/check/merged

Exits 1 where a weight of the merged models differs by more than 1e-6 of the matrix' largest, or a logit by more than 2e-4.
"""

import argparse
import sys

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("base")
    parser.add_argument("adapters")
    parser.add_argument("merged")
    options = parser.parse_args()
    load = lambda folder: AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    beside = PeftModel.from_pretrained(load(options.base), options.adapters)
    ours = load(options.merged)
    torch.manual_seed(1)
    tokens = torch.randint(5, ours.config.vocab_size, (8, 32))
    with torch.no_grad():
        unmerged = beside(tokens).logits
    theirs = beside.merge_and_unload()
    untouched = load(options.base).state_dict()
    weights, changed = 0.0, 0
    for name, weight in ours.state_dict().items():
        other = theirs.state_dict()[name]
        weights = max(weights, ((weight - other).abs().max() / other.abs().max()).item())
        changed += not torch.equal(weight, untouched[name])
    with torch.no_grad():
        found = ours(tokens).logits
        logits = max((found - other).abs().max().item() for other in [theirs(tokens).logits, unmerged])
    print(
        f"{changed} matrices changed; weights differ by at most {weights:.1e} of the largest, logits, merged or with the "
        f"adapters beside the model, by {logits:.1e}"
    )
    sys.exit(0 if changed and weights <= 1e-6 and logits <= 2e-4 else 1)


if __name__ == "__main__":
    main()
