"""Trains the quickstart's student with PyTorch in eager mode and prints tokens per second of the best of three measurements.

The same model, rows, loss, clipping and optimizer as the engine's benchmark; rows are padded to the longest of the batch.
Arguments: threads, optimizer (muon or adamw), steps per measurement. Needs the packages torch and transformers.
"""

import sys
import time

import torch
from transformers import Qwen2Config, Qwen2ForCausalLM


def newton_schulz(update: torch.Tensor) -> torch.Tensor:
    transposed = update.shape[0] > update.shape[1]
    x = update.T if transposed else update
    x = x / (x.norm() + 1e-7)
    for _ in range(5):
        gram = x @ x.T
        x = 3.4445 * x + (-4.7750 * gram + 2.0315 * gram @ gram) @ x
    return x.T if transposed else x


class Muon:
    def __init__(self, parameters, rate):
        self.parameters = parameters
        self.momenta = [torch.zeros_like(p) for p in parameters]
        self.rate = rate

    @torch.no_grad()
    def step(self):
        for parameter, momentum in zip(self.parameters, self.momenta):
            momentum.mul_(0.95).add_(parameter.grad)
            update = newton_schulz(parameter.grad.add(momentum, alpha=0.95))
            parameter.add_(update, alpha=-self.rate * 0.2 * max(parameter.shape) ** 0.5)


def main() -> None:
    threads = int(sys.argv[1]) if len(sys.argv) > 1 else 2
    uses_muon = len(sys.argv) < 3 or sys.argv[2] == "muon"
    steps = int(sys.argv[3]) if len(sys.argv) > 3 else 20
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    model = Qwen2ForCausalLM(Qwen2Config(
        vocab_size=512, hidden_size=160, num_hidden_layers=4, num_attention_heads=4, num_key_value_heads=2,
        intermediate_size=320, max_position_embeddings=2048, tie_word_embeddings=True))
    model.train()
    hidden = [p for name, p in model.named_parameters() if p.ndim == 2 and "embed" not in name]
    others = [p for name, p in model.named_parameters() if p.ndim != 2 or "embed" in name]
    optimizers = [Muon(hidden, 1e-3), torch.optim.AdamW(others, 1e-3, betas=(0.9, 0.95))] if uses_muon else [
        torch.optim.AdamW(model.parameters(), 1e-3, betas=(0.9, 0.95))]
    rows = []
    for row in range(640):
        length = 30 + row % 13
        rows.append([(row * 31 + i * i * 17 + i * 7) % 512 for i in range(length)])

    def train(step: int) -> int:
        batch = [rows[(step * 32 + i) % len(rows)] for i in range(32)]
        longest = max(map(len, batch))
        tokens = torch.tensor([row + [0] * (longest - len(row)) for row in batch])
        labels = torch.tensor([[-100] * (len(row) - 20) + row[-20:] + [-100] * (longest - len(row)) for row in batch])
        mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in batch])
        hidden_states = model.model(input_ids=tokens, attention_mask=mask).last_hidden_state
        targets = labels[:, 1:]
        wanted = targets != -100
        logits = model.lm_head(hidden_states[:, :-1][wanted])
        loss = torch.nn.functional.cross_entropy(logits, targets[wanted])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer in optimizers:
            optimizer.step()
        model.zero_grad(set_to_none=True)
        return sum(map(len, batch))

    best = 0.0
    for measurement in range(4):
        start = time.perf_counter()
        tokens = sum(train(measurement * steps + i) for i in range(steps))
        if measurement > 0:
            best = max(best, tokens / (time.perf_counter() - start))
    print(f"{best:.0f}")


if __name__ == "__main__":
    main()
