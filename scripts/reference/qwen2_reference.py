"""Writes the logits and gradients that the `transformers` library gives for a tiny Qwen2 model with known weights.

The engine's tests compare with them. Needs the packages torch and transformers; run with the output file as argument:

    python3 scripts/reference/qwen2_reference.py Tests/EngineNumericsTests/Reference/qwen2.json
"""

import json
import sys

import torch
from transformers import Qwen2Config, Qwen2ForCausalLM

TOKENS = [3, 17, 1, 30, 8, 8, 25, 0, 11, 29, 4, 36]
PROMPT_LENGTH = 5


def fill(index: int, name: str, tensor: torch.Tensor) -> None:
    """Value i of parameter p: ((7919·i + 104729·p) mod 2003)/2003 − 0.5, times 0.4; one is added to norms."""
    places = torch.arange(tensor.numel(), dtype=torch.int64)
    values = (((places * 7919 + index * 104729) % 2003).double() / 2003 - 0.5) * 0.4
    if "norm" in name:
        values = values + 1
    tensor.copy_(values.reshape(tensor.shape).float())


def main(path: str) -> None:
    torch.set_default_dtype(torch.float32)
    torch.set_num_threads(1)
    config = Qwen2Config(
        vocab_size=37, hidden_size=24, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
        intermediate_size=40, max_position_embeddings=64, rms_norm_eps=1e-6, rope_theta=10000.0, tie_word_embeddings=True)
    model = Qwen2ForCausalLM(config)
    parameters = list(model.named_parameters())
    with torch.no_grad():
        for name, tensor in parameters:
            fill(order(name), name, tensor)
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
        "tokens": TOKENS, "prompt_length": PROMPT_LENGTH, "loss": loss.item(),
        "logits": [[round(value, 7) for value in row] for row in logits.tolist()], "gradients": gradients}
    with open(path, "w") as file:
        json.dump(reference, file, sort_keys=True, separators=(",", ":"))
        file.write("\n")


def order(name: str) -> int:
    """The parameter's place in the engine's list: embedding, layers, final norm."""
    tensors = ["input_layernorm.weight", "self_attn.q_proj.weight", "self_attn.k_proj.weight", "self_attn.v_proj.weight",
               "self_attn.q_proj.bias", "self_attn.k_proj.bias", "self_attn.v_proj.bias", "self_attn.o_proj.weight",
               "post_attention_layernorm.weight", "mlp.gate_proj.weight", "mlp.up_proj.weight", "mlp.down_proj.weight"]
    if name.startswith("model.layers."):
        layer, tensor = name.removeprefix("model.layers.").split(".", 1)
        return 1 + int(layer) * len(tensors) + tensors.index(tensor)
    return 0 if "embed" in name else 1 + 2 * len(tensors)


if __name__ == "__main__":
    main(sys.argv[1])
