"""Writes what the library `peft` makes of a tiny Qwen2 model with known weights and known adapters, which it merges: ranks and
alphas of single matrices, a scale of alpha / √rank, rows with stored lengths.

The engine's tests compare with it. Needs the packages torch, transformers and peft; run with the output file as argument:

    python3 scripts/reference/adapter_reference.py Tests/EngineNumericsTests/Reference/adapters.json
"""

import json
import sys

import torch
from peft import LoraConfig, get_peft_model
from transformers import Qwen2Config, Qwen2ForCausalLM

from llama_reference import order
from family_reference import BIASES

CASES = {
    "patterns": dict(alpha_pattern={"q_proj": 64, "layers.1.mlp.up_proj": 5}, rank_pattern={"^model.layers.0.self_attn.k_proj": 2}),
    "root": dict(use_rslora=True),
    "lengths": dict(use_dora=True),
}


def fill(index: int, shift: float, tensor: torch.Tensor) -> None:
    places = torch.arange(tensor.numel(), dtype=torch.int64)
    values = (((places * 7919 + index * 104729) % 2003).double() / 2003 - 0.5) * 0.4 + shift
    tensor.copy_(values.reshape(tensor.shape).float())


def merged(options: dict) -> dict:
    model = Qwen2ForCausalLM(Qwen2Config(
        vocab_size=37, hidden_size=24, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, intermediate_size=40,
        max_position_embeddings=64, tie_word_embeddings=True))
    names = order([name for name, _ in model.named_parameters()], BIASES)
    with torch.no_grad():
        for name, tensor in model.named_parameters():
            fill(names.index(name), 1 if "norm" in name else 0, tensor)
    config = LoraConfig(r=3, lora_alpha=6, target_modules=["q_proj", "k_proj", "up_proj", "down_proj"], **options)
    adapted = get_peft_model(model, config)
    factors = {}
    with torch.no_grad():
        for index, (name, tensor) in enumerate(sorted(n for n in adapted.named_parameters() if "lora_" in n[0])):
            fill(300 + index, 2 if "magnitude" in name else 0, tensor)
            stored = name.replace(".default", "").removesuffix(".weight" if "magnitude" in name else "")
            factors[stored] = {"index": 300 + index, "shape": list(tensor.shape)}
    stated = {key: value for key, value in config.to_dict().items() if key in {
        "peft_type", "r", "lora_alpha", "bias", "use_dora", "use_rslora", "alpha_pattern", "rank_pattern"}}
    stated["target_modules"] = sorted(config.target_modules)
    result = adapted.merge_and_unload()
    places = {}
    for name, tensor in result.named_parameters():
        flat = tensor.detach().flatten()
        chosen = sorted({i * (len(flat) - 1) // 15 for i in range(16)})
        places[name] = {"places": chosen, "values": [round(flat[i].item(), 7) for i in chosen]}
    return {"config": stated, "factors": factors, "merged": places}


def main(path: str) -> None:
    torch.set_num_threads(1)
    with open(path, "w") as file:
        json.dump({name: merged(options) for name, options in CASES.items()}, file, sort_keys=True, separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    main(sys.argv[1])
