"""Writes what PyTorch gives in double precision for the losses of distillation, and for direct preference optimization.

The engine's tests compare with them. Needs the packages torch and transformers; run with the output file as argument:

    python3 scripts/reference/loss_reference.py Tests/EngineNumericsTests/Reference/losses.json
"""

import json
import math
import sys

import torch
from torch.nn.functional import log_softmax
from training_reference import VOCABULARY, build, place_of, rows, summary

SIZE, TARGET, BETA = 1000, 17, 0.3
# Each with its weight and the number in its parentheses.
MIXTURES = {
    "CE": [("CE", 1, None)], "FKL": [("FKL", 1, None)], "RKL": [("RKL", 1, None)], "JSD(0.3)": [("JSD", 1, 0.3)],
    "JSD(0)": [("JSD", 1, 0)], "JSD(1)": [("JSD", 1, 1)], "TVD": [("TVD", 1, None)],
    "AKL(0)": [("AKL", 1, 0)], "AKL(0.01)": [("AKL", 1, 0.01)], "AKL(1)": [("AKL", 1, 1)],
    "AKL(0.5)": [("AKL", 1, 0.5)], "AKL(0.9)": [("AKL", 1, 0.9)],
    "0.5AKL(0.5)+0.3JSD(0.75)+0.2RKL+0.4CE": [("AKL", 0.5, 0.5), ("JSD", 0.3, 0.75), ("RKL", 0.2, None), ("CE", 0.4, None)]}
# Stored tokens, temperature, what becomes of the others.
SETTINGS = [(1000, 1, "lump"), (64, 1, "lump"), (5, 1, "lump"), (16, 1, "renormalize"), (16, 2, "renormalize"),
            (40, 0.5, "renormalize")]


def logits(row: int) -> torch.Tensor:
    """Value i of row r: ((7919·i + 104729·r) mod 2003 − 1001)/256, which float32 holds exactly."""
    places = torch.arange(SIZE, dtype=torch.int64)
    return (((places * 7919 + row * 104729) % 2003) - 1001).double() / 256


def distributions(student: torch.Tensor, teacher: torch.Tensor, k: int, temperature: float, tail: str):
    """ln p and ln q over the stored tokens, with a bucket where the others are lumped; −ln of what q has in the stored tokens."""
    top = torch.topk(teacher, k).indices
    full_p, full_q = log_softmax(teacher / temperature, 0), log_softmax(student / temperature, 0)
    if tail == "renormalize":
        inside = torch.logsumexp(full_q[top], 0)
        return log_softmax(teacher[top] / temperature, 0), full_q[top] - inside, -inside
    others = torch.ones(SIZE, dtype=torch.bool)
    others[top] = False
    if k == SIZE:
        return full_p[top], full_q[top], torch.zeros(())
    bucket = [torch.logsumexp(full[others], 0).reshape(1) for full in (full_p, full_q)]
    return torch.cat([full_p[top], bucket[0]]), torch.cat([full_q[top], bucket[1]]), torch.zeros(())


def divergence(name: str, number: float | None, log_p: torch.Tensor, log_q: torch.Tensor) -> torch.Tensor:
    p, q = log_p.exp(), log_q.exp()
    forward, reverse = (p * (log_p - log_q)).sum(), (q * (log_q - log_p)).sum()
    if name == "FKL":
        return forward
    if name == "RKL":
        return reverse
    if name == "TVD":
        return (p - q).abs().sum() / 2
    if name == "JSD" and number in (0, 1):
        # By its formula it would vanish.
        return forward if number == 0 else reverse
    if name == "JSD":
        log_m = (number * p + (1 - number) * q).log()
        return number * (p * (log_p - log_m)).sum() + (1 - number) * (q * (log_q - log_m)).sum()
    # p falls, and the bucket's tokens are smaller than all others. As the authors' code has it, tokens of more than `number`
    # together are the tail, the first never is; there, 0 would leave it in the head, and the paper says reverse KL.
    tail = torch.cumsum(p, 0) > number
    tail[0] = number == 0
    gaps = (p - q).abs().detach()
    share = gaps[~tail].sum() / gaps.sum() if number < 1 else 1.0
    return share * forward + (1 - share) * reverse


def mixture(terms: list, student: torch.Tensor, teacher: torch.Tensor, k: int, temperature: float, tail: str) -> torch.Tensor:
    log_p, log_q, outside = distributions(student, teacher, k, temperature, tail)
    total = torch.zeros((), dtype=torch.float64)
    for name, weight, number in terms:
        if name == "CE":
            total = total - weight * log_softmax(student, 0)[TARGET]
        else:
            total = total + weight * temperature**2 * (divergence(name, number, log_p, log_q) + outside)
    return total


def losses() -> list[dict]:
    cases = []
    for name, terms in MIXTURES.items():
        for k, temperature, tail in SETTINGS:
            student, teacher = logits(1).requires_grad_(), logits(2)
            value = mixture(terms, student, teacher, k, temperature, tail)
            value.backward()
            top = torch.topk(teacher, k).indices.tolist()
            gradient = student.grad
            places = sorted({TARGET, *top[:3], *range(0, SIZE, 199)})
            cases.append({
                "mixture": name, "k": k, "temperature": temperature, "tail": tail, "loss": value.item(),
                "norm": gradient.norm().item(), "largest": gradient.abs().max().item(), "places": places,
                "values": [gradient[i].item() for i in places], "sums": summary(gradient)["sums"]})
    return cases


def filled(shift: int) -> tuple[torch.nn.Module, list]:
    """A Qwen2 model whose parameter p has the values of training_reference's parameter p + shift."""
    model = build("qwen2").double()
    parameters = sorted(model.named_parameters(), key=lambda item: place_of(item[0]))
    with torch.no_grad():
        for index, (name, tensor) in enumerate(parameters):
            places = torch.arange(tensor.numel(), dtype=torch.int64)
            values = (((places * 7919 + (index + shift) * 104729) % 2003).double() / 2003 - 0.5) * 0.4
            tensor.copy_((values + 1 if "norm" in name else values).reshape(tensor.shape).float())
    return model, parameters


def log_likelihood(model: torch.nn.Module, tokens: list[int], prompt: int) -> torch.Tensor:
    sequence = torch.tensor([tokens])
    scores = log_softmax(model(sequence).logits[0], -1)
    return scores[range(prompt - 1, len(tokens) - 1), sequence[0, prompt:]].sum()


def preference() -> dict:
    """Row 2i of the training reference is accepted, row 2i + 1 rejected."""
    policy, parameters = filled(0)
    reference, _ = filled(50)
    with torch.no_grad():
        known = [log_likelihood(reference, *row) for row in rows()]
    found = [log_likelihood(policy, *row) for row in rows()]
    margins = [BETA * ((found[i] - known[i]) - (found[i + 1] - known[i + 1])) for i in range(0, len(found), 2)]
    loss = torch.stack([-torch.nn.functional.logsigmoid(margin) for margin in margins]).mean()
    loss.backward()
    return {
        "beta": BETA, "loss": loss.item(), "margins": [margin.item() for margin in margins],
        "gradients": {name: summary(p.grad) for name, p in parameters}}


def main(path: str) -> None:
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    reference = {"losses": losses(), "preference": preference()}
    with open(path, "w") as file:
        json.dump(reference, file, sort_keys=True, separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    main(sys.argv[1])
