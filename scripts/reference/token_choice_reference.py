"""Writes what the logits processors of the `transformers` library leave of a distribution, for the engine's tests.

Needs the packages torch and transformers; run with the output file as argument:

    python3 scripts/reference/token_choice_reference.py Tests/EngineNumericsTests/Reference/token_choice.json
"""

import json
import sys

import torch
from transformers import LogitsProcessorList, TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

SIZE = 40
CASES = [(1.0, None, 1.0), (0.7, None, 1.0), (1.0, 5, 1.0), (1.0, None, 0.9), (0.8, 10, 0.5), (2.0, 12, 0.95), (1.3, 1, 0.3),
         (0.5, None, 0.05), (1.0, 100, 0.999)]


def main(path: str) -> None:
    # Value i: ((7919·i) mod 2003)/2003 · 8 − 4; places 7 and 30 are equal.
    logits = [(7919 * i % 2003) / 2003 * 8 - 4 for i in range(SIZE)]
    logits[30] = logits[7]
    scores = torch.tensor([logits], dtype=torch.float32)
    cases = []
    for temperature, top_k, top_p in CASES:
        processors = LogitsProcessorList([TemperatureLogitsWarper(temperature)])
        if top_k is not None:
            processors.append(TopKLogitsWarper(top_k))
        if top_p < 1:
            processors.append(TopPLogitsWarper(top_p))
        probabilities = torch.softmax(processors(torch.zeros(1, 1, dtype=torch.long), scores.clone()), -1)[0]
        cases.append({
            "temperature": temperature, "top_k": top_k, "top_p": top_p,
            "probabilities": {str(i): round(p, 8) for i, p in enumerate(probabilities.tolist()) if p > 0}})
    with open(path, "w") as file:
        json.dump({"size": SIZE, "cases": cases}, file, sort_keys=True, separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    main(sys.argv[1])
