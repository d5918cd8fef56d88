"""Writes what torch and `transformers` give for a tiny BERT encoder with known weights and three linear heads: losses, gradients
and the losses of some steps of AdamW, all in double precision.

The engine's tests compare with them. Needs the packages torch and transformers; run with the output file as argument:

    python3 scripts/reference/encoder_training_reference.py Tests/EngineNumericsTests/Reference/encoder_training.json
"""

import json
import math
import sys

import torch
from transformers import BertConfig, BertModel

SHAPE = dict(
    vocab_size=21, hidden_size=24, num_hidden_layers=2, num_attention_heads=3, intermediate_size=40,
    max_position_embeddings=20, type_vocab_size=2, layer_norm_eps=1e-12, hidden_act="gelu")
HEADS = [("intent", 3), ("slots", 5), ("values", 4)]
# Tokens, intent, a tag for each token (-1 counts for nothing), values that are right.
ROWS = [
    ([2, 4, 5, 6, 7, 3], 1, [-1, 0, 1, 2, 0, -1], [0, 3]),
    ([2, 9, 11, 3], 2, [-1, 0, 4, -1], []),
    ([2, 12, 4, 4, 13, 6, 20, 3], 0, [-1, 3, 4, 0, -1, 1, 0, -1], [2]),
]
STEPS, RATE, DECAY = 4, 1e-2, 0.1


def fill(index: int, name: str, tensor: torch.Tensor) -> None:
    """Known numbers, the same as the engine's tests compute."""
    places = torch.arange(tensor.numel(), dtype=torch.int64)
    values = ((7919 * places + 104_729 * index) % 2003).double() / 2003 - 0.5
    values = values * 0.4 + (1 if name.endswith("LayerNorm.weight") else 0)
    # The engine's numbers are float32.
    tensor.copy_(values.float().double().reshape(tensor.shape))


class Tuned(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        config = BertConfig(**SHAPE, hidden_dropout_prob=0, attention_probs_dropout_prob=0)
        config._attn_implementation = "eager"
        self.bert = BertModel(config, add_pooling_layer=False).double()
        self.heads = torch.nn.ModuleDict({f"head_{name}": torch.nn.Linear(24, labels).double() for name, labels in HEADS})

    def loss(self) -> torch.Tensor:
        """The sum of the heads' losses, each the mean over what it counts."""
        total = torch.zeros((), dtype=torch.float64)
        counted = sum(tag >= 0 for _, _, tags, _ in ROWS for tag in tags)
        for tokens, intent, tags, values in ROWS:
            states = self.bert(torch.tensor([tokens])).last_hidden_state[0]
            text = states[0]
            total = total + torch.nn.functional.cross_entropy(
                self.heads["head_intent"](text)[None], torch.tensor([intent])) / len(ROWS)
            total = total + torch.nn.functional.cross_entropy(
                self.heads["head_slots"](states), torch.tensor(tags), ignore_index=-1, reduction="sum") / counted
            right = torch.zeros(4, dtype=torch.float64)
            right[values] = 1
            total = total + torch.nn.functional.binary_cross_entropy_with_logits(
                self.heads["head_values"](text), right, reduction="sum") / len(ROWS)
        return total


def main(path: str) -> None:
    torch.set_num_threads(1)
    model = Tuned().train()
    parameters = {
        name.removeprefix("bert.").replace("heads.head_", "heads."): tensor for name, tensor in model.named_parameters()
    }
    names = sorted(parameters)
    with torch.no_grad():
        for name, tensor in parameters.items():
            fill(names.index(name), name, tensor)
    loss = model.loss()
    loss.backward()
    gradients = {
        name: {
            "sum": tensor.grad.sum().item(), "squares": tensor.grad.square().sum().item(),
            "last": tensor.grad.flatten()[-6:].tolist(),
        } for name, tensor in parameters.items()
    }
    losses = []
    plain = [tensor for name, tensor in parameters.items() if tensor.dim() == 1]
    decayed = [tensor for name, tensor in parameters.items() if tensor.dim() > 1]
    groups = [dict(params=decayed, weight_decay=DECAY), dict(params=plain, weight_decay=0)]
    optimizer = torch.optim.AdamW(groups, lr=RATE, betas=(0.9, 0.95), eps=1e-8)
    for step in range(STEPS):
        rate = RATE * (0.1 + 0.45 * (1 + math.cos(math.pi * step / (STEPS - 1))))
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.zero_grad()
        loss = model.loss()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(list(parameters.values()), 1.0)
        losses.append({"loss": loss.item(), "norm": norm.item()})
        optimizer.step()
    config = {"model_type": "bert", **SHAPE}
    rows = [dict(tokens=t, intent=i, slots=s, values=v) for t, i, s, v in ROWS]
    content = {
        "config": config, "heads": dict(HEADS), "rows": rows, "gradients": gradients,
        "training": {"steps": STEPS, "rate": RATE, "decay": DECAY, "curve": losses},
    }
    with open(path, "w") as file:
        json.dump(content, file, indent=1)
        file.write("\n")


main(*sys.argv[1:])
