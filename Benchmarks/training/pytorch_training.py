"""Trains on a workload with PyTorch in eager mode and prints tokens per second and per second of processor time, of the best
measurement each, and the process's peak of memory in MB.

The same model, rows, loss, clipping and optimizer as the engine's benchmark; rows are padded to the longest of the batch, and
logits are computed at the response's positions alone.
Arguments: workload, threads, optimizer (muon or adamw), measurements, steps per measurement. Needs torch and transformers.
"""

import sys
import time

import torch
from transformers import LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM

# name: bias, (vocabulary, hidden, layers, heads, kv heads, intermediate), rows, batch, length and response of a row
WORKLOADS = {
    "quickstart": (True, (512, 160, 4, 4, 2, 320), 640, 32, lambda row: 30 + row % 13, lambda length: 20),
    "6.8M": (True, (4096, 256, 6, 8, 2, 1024), 64, 16, lambda row: 128, lambda length: length - 1),
    "smollm2": (False, (49152, 576, 30, 9, 3, 1536), 16, 4, lambda row: 256, lambda length: length - 1),
    "long": (False, (4096, 576, 6, 9, 3, 1536), 4, 1, lambda row: 2048, lambda length: length - 1),
    "shared": (False, (4096, 576, 6, 9, 3, 1536), 32, 16, lambda row: 1800, lambda length: 20),
}
# The first tokens of a row that are those of all rows of a batch.
SHARED = {"shared": 1670}
# Rows of a pass, where a whole step takes too much memory.
ROWS_AT_A_TIME = {"shared": 2}


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


def build(bias: bool, shape: tuple) -> torch.nn.Module:
    config, model = (Qwen2Config, Qwen2ForCausalLM) if bias else (LlamaConfig, LlamaForCausalLM)
    vocabulary, hidden, layers, heads, kv_heads, intermediate = shape
    return model(config(
        vocab_size=vocabulary, hidden_size=hidden, num_hidden_layers=layers, num_attention_heads=heads,
        num_key_value_heads=kv_heads, intermediate_size=intermediate, max_position_embeddings=2048,
        tie_word_embeddings=True)).train()


def main() -> None:
    name, threads, optimizer = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    measurements, steps = int(sys.argv[4]), int(sys.argv[5])
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    bias, shape, row_count, batch_size, length_of, response_of = WORKLOADS[name]
    model = build(bias, shape)
    hidden = [p for name, p in model.named_parameters() if p.ndim == 2 and "embed" not in name]
    others = [p for name, p in model.named_parameters() if p.ndim != 2 or "embed" in name]
    optimizers = [Muon(hidden, 1e-4), torch.optim.AdamW(others, 1e-4, betas=(0.9, 0.95))] if optimizer == "muon" else [
        torch.optim.AdamW(model.parameters(), 1e-4, betas=(0.9, 0.95))]
    shared = SHARED.get(name, 0)
    rows = [[((row // batch_size if i < shared else row) * 31 + i * i * 17 + i * 7) % shape[0]
             for i in range(length_of(row))] for row in range(row_count)]

    def learn(batch: list, weight: float) -> None:
        longest = max(map(len, batch))
        tokens = torch.tensor([row + [0] * (longest - len(row)) for row in batch])
        responses = [row[-response_of(len(row)):] for row in batch]
        labels = torch.tensor([
            [-100] * (len(row) - len(response)) + response + [-100] * (longest - len(row))
            for row, response in zip(batch, responses)])
        padded = any(len(row) < longest for row in batch)
        mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in batch]) if padded else None
        hidden_states = model.model(input_ids=tokens, attention_mask=mask).last_hidden_state
        targets = labels[:, 1:]
        wanted = targets != -100
        logits = model.lm_head(hidden_states[:, :-1][wanted])
        loss = torch.nn.functional.cross_entropy(logits, targets[wanted], reduction="sum") * weight
        loss.backward()

    def train(step: int) -> int:
        batch = [rows[(step * batch_size + i) % len(rows)] for i in range(batch_size)]
        together = ROWS_AT_A_TIME.get(name, batch_size)
        weight = 1 / sum(response_of(len(row)) for row in batch)
        for first in range(0, batch_size, together):
            learn(batch[first:first + together], weight)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer in optimizers:
            optimizer.step()
        model.zero_grad(set_to_none=True)
        return sum(map(len, batch))

    best, best_per_processor = 0.0, 0.0
    for measurement in range(measurements + 1):
        start, processor_start = time.perf_counter(), time.process_time()
        tokens = sum(train(measurement * steps + i) for i in range(steps))
        if measurement > 0:
            best = max(best, tokens / (time.perf_counter() - start))
            best_per_processor = max(best_per_processor, tokens / (time.process_time() - processor_start))
    peak = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM:"))
    print(f"{best:.0f} {best_per_processor:.0f} {peak / 1024:.0f}")


if __name__ == "__main__":
    main()
