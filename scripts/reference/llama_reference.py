"""Writes the logits and gradients that the `transformers` library gives for a tiny Llama model with known weights: Llama 3's
rotary scaling, heads wider than the hidden size has room for, grouped queries, a head of its own.

The engine's tests compare with them. Needs the packages torch and transformers; run with the output file as argument:

    python3 scripts/reference/llama_reference.py Tests/EngineNumericsTests/Reference/llama.json
"""

import json
import sys

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from qwen2_reference import PROMPT_LENGTH, fill

# Long enough for every kind of pair: unscaled, scaled, and between the two.
TOKENS = [(7 * i * i + 3 * i) % 37 for i in range(40)]


INSIDE = ["input_layernorm", "q_proj", "k_proj", "v_proj", "o_proj", "post_attention", "gate_proj", "up_proj", "down_proj"]


def main(path: str) -> None:
    config = LlamaConfig(
        vocab_size=37, hidden_size=24, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, head_dim=10,
        intermediate_size=40, max_position_embeddings=128, rms_norm_eps=1e-5, tie_word_embeddings=False,
        bos_token_id=1, eos_token_id=[2, 5], pad_token_id=None,
        rope_parameters={
            "rope_type": "llama3", "rope_theta": 50000.0, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
            "original_max_position_embeddings": 32})
    write(path, config, LlamaForCausalLM(config), INSIDE)


def write(path: str, config, model, inside: list[str]) -> None:
    """Fills the model, whose layers have their tensors in the order `inside`, and writes what it computes."""
    torch.set_default_dtype(torch.float32)
    torch.set_num_threads(1)
    parameters = list(model.named_parameters())
    names = order([name for name, _ in parameters], inside)
    with torch.no_grad():
        for name, tensor in parameters:
            fill(names.index(name), name, tensor)
    tokens = torch.tensor([TOKENS])
    logits = model(tokens).logits[0]
    loss = torch.nn.functional.cross_entropy(logits[PROMPT_LENGTH - 1:-1], tokens[0, PROMPT_LENGTH:])
    loss.backward()
    gradients = {}
    for name, tensor in parameters:
        flat = tensor.grad.flatten()
        places = sorted({i * (len(flat) - 1) // 15 for i in range(16)})
        gradients[name] = {
            "norm": flat.double().norm().item(), "places": places, "values": [round(flat[i].item(), 9) for i in places]}
    reference = {
        "config": json.loads(config.to_json_string()), "tokens": TOKENS, "prompt_length": PROMPT_LENGTH, "loss": loss.item(),
        "logits": [[round(value, 7) for value in row] for row in logits.tolist()], "gradients": gradients}
    with open(path, "w") as file:
        json.dump(reference, file, sort_keys=True, separators=(",", ":"))
        file.write("\n")


def order(names: list[str], inside: list[str]) -> list[str]:
    """The names as the engine lists them: embedding, layers with each norm before what it feeds, final norm, head."""

    def place(name: str) -> tuple[int, int, int]:
        if name.startswith("model.layers."):
            return 1, int(name.split(".")[2]), next(i for i, part in enumerate(inside) if part in name)
        return (0 if "embed" in name else 2), 0, (1 if "lm_head" in name else 0)

    return sorted(names, key=place)


if __name__ == "__main__":
    main(sys.argv[1])
