"""Writes what PyTorch gives for training tiny Qwen2 and Llama models with known weights: the gradient of every parameter, and the
losses of 200 AdamW steps on the same batches.

The engine's tests compare with them. Needs the packages torch and transformers; run with the output file as argument:

    python3 scripts/reference/training_reference.py Tests/EngineNumericsTests/Reference/training.json
"""

import json
import math
import sys

import torch
from transformers import LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM

VOCABULARY, ROWS, STEPS, RATE, WARMUP, DECAY = 97, 12, 200, 1e-3, 0.05, 0.01
TENSORS = ["input_layernorm.weight", "self_attn.q_proj.weight", "self_attn.k_proj.weight", "self_attn.v_proj.weight",
           "self_attn.q_proj.bias", "self_attn.k_proj.bias", "self_attn.v_proj.bias", "self_attn.o_proj.weight",
           "post_attention_layernorm.weight", "mlp.gate_proj.weight", "mlp.up_proj.weight", "mlp.down_proj.weight"]


def rows() -> list[tuple[list[int], int]]:
    """Tokens and prompt length of every row; some are longer than a block of queries.

    A token is a function of the one before it: rows that can only be learnt by heart make curves so unstable that PyTorch leaves
    its own by 1e-2 when the rows come in another order (3e-5 with these).
    """
    result = []
    for row in range(ROWS):
        tokens = [row * 31 % VOCABULARY]
        length = 5 + row * 23 % 67
        while len(tokens) < length:
            tokens.append((5 * tokens[-1] + 3) % VOCABULARY)
        result.append((tokens, 1 + length // 3))
    return result


def build(family: str) -> torch.nn.Module:
    common = dict(
        vocab_size=VOCABULARY, hidden_size=48, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
        intermediate_size=80, max_position_embeddings=128)
    if family == "qwen2":
        config = Qwen2Config(**common, rms_norm_eps=1e-6, rope_theta=10000.0, tie_word_embeddings=True)
        return Qwen2ForCausalLM(config)
    config = LlamaConfig(**common, rms_norm_eps=1e-5, rope_theta=100000.0, tie_word_embeddings=False)
    return LlamaForCausalLM(config)


def place_of(name: str) -> tuple:
    """Sorts parameters as the engine does: embedding, layers, final norm, head."""
    parts = name.split(".")
    if parts[1] == "embed_tokens":
        return (0,)
    if parts[1] == "layers":
        return (1, int(parts[2]), TENSORS.index(".".join(parts[3:])))
    return (2,) if name == "model.norm.weight" else (3,)


def fill(model: torch.nn.Module) -> list[tuple[str, torch.nn.Parameter]]:
    """Value i of parameter p: ((7919·i + 104729·p) mod 2003)/2003 − 0.5, times 0.4; one is added to norms."""
    parameters = sorted(model.named_parameters(), key=lambda item: place_of(item[0]))
    with torch.no_grad():
        for index, (name, tensor) in enumerate(parameters):
            places = torch.arange(tensor.numel(), dtype=torch.int64)
            values = (((places * 7919 + index * 104729) % 2003).double() / 2003 - 0.5) * 0.4
            tensor.copy_((values + 1 if "norm" in name else values).reshape(tensor.shape).float())
    return parameters


def mean_loss(model: torch.nn.Module) -> torch.Tensor:
    """The mean over all response tokens; each row goes through the model by itself."""
    losses = []
    for tokens, prompt in rows():
        sequence = torch.tensor([tokens])
        logits = model(sequence).logits[0]
        losses.append(torch.nn.functional.cross_entropy(logits[prompt - 1:-1], sequence[0, prompt:], reduction="none"))
    return torch.cat(losses).mean()


def summary(gradient: torch.Tensor) -> dict:
    """The norm, a few values, and sums with signs that touch every value: sign j of value i is that of bit 16 + j of 2654435761·i."""
    flat = gradient.flatten().double()
    places = sorted({i * (len(flat) - 1) // 7 for i in range(8)})
    mixed = torch.arange(len(flat), dtype=torch.int64) * 2654435761
    sums = [(flat * (1 - 2 * ((mixed >> (16 + j)) & 1))).sum().item() for j in range(4)]
    return {
        "norm": flat.norm().item(), "places": places, "values": [round(flat[i].item(), 9) for i in places],
        "sums": [round(value, 9) for value in sums]}


def learning_rate(step: int) -> float:
    warmup = round(WARMUP * STEPS)
    if step < warmup:
        return RATE * (step + 1) / warmup
    progress = (step - warmup) / (STEPS - 1 - warmup)
    return RATE * (0.1 + 0.45 * (1 + math.cos(math.pi * min(1, progress))))


def train(family: str) -> list[float]:
    model = build(family)
    parameters = fill(model)
    decayed = [p for name, p in parameters if "norm" not in name and "bias" not in name]
    others = [p for name, p in parameters if "norm" in name or "bias" in name]
    optimizer = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": DECAY}, {"params": others, "weight_decay": 0.0}], lr=RATE, betas=(0.9, 0.95), eps=1e-8)
    losses = []
    for step in range(STEPS):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step)
        loss = mean_loss(model)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        losses.append(round(loss.item(), 6))
    return losses


def main(path: str) -> None:
    torch.set_num_threads(1)
    reference = {}
    for family in ["qwen2", "llama"]:
        model = build(family)
        parameters = fill(model)
        loss = mean_loss(model)
        loss.backward()
        reference[family] = {
            "loss": loss.item(), "gradients": {name: summary(p.grad) for name, p in parameters}, "losses": train(family)}
    with open(path, "w") as file:
        json.dump(reference, file, sort_keys=True, separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    main(sys.argv[1])
