"""Writes what PyTorch gives, in double precision, for the policy loss of reinforcement learning with its gradient by the logits, and
for the advantages of batches of rewards.

The engine's tests compare with them. Needs the package torch; run with the output file as argument:

    python3 scripts/reference/policy_reference.py Tests/EngineNumericsTests/Reference/policy.json
"""

import json
import sys

import torch

VOCABULARY = 11
# Clip, weight of the divergence, temperature.
LOSSES = [(0.2, 0.0, 1.0), (0.2, 0.01, 1.0), (0.1, 0.5, 1.0), (0.2, 0.1, 0.7), (0.3, 0.0, 1.5)]
# Advantage, and ln π minus what it was for the old and the reference policy: inside the clip, and beyond it on either side.
PLACES = [(1.5, 0.0, 0.0), (-1.5, 0.0, 0.4), (0.8, 0.05, -0.3), (0.8, 0.6, 0.6), (0.8, -0.6, -1.1), (-0.8, 0.6, 0.2),
          (-0.8, -0.6, -0.2), (0.0, 0.1, 0.7)]
# Rewards of each batch, answers to a prompt.
BATCHES = [([-1, 2, 1.5, 2, 1, 1, 2, -1], 4), ([2, 2, 2, 2, -1, 2, -1, -1], 4), ([1, 1, 2, 2, -1, -1], 2), ([-1, 1.25], 2),
           ([0.5, 1.5, 2, -1, 2, 2, 2, 2, 1, 1.75, 1.5, -1], 3)]


def logits_at(place: int) -> torch.Tensor:
    """Value i: ((7919·i + 104729·place) mod 2003)/2003 · 6 − 3."""
    return torch.tensor([(7919 * i + 104729 * place) % 2003 / 2003 * 6 - 3 for i in range(VOCABULARY)], dtype=torch.float64)


def single(value: float) -> float:
    return torch.tensor(value, dtype=torch.float32).item()


def policy_loss(clip: float, kl: float, temperature: float) -> list[dict]:
    places = []
    for place, (advantage, to_old, to_reference) in enumerate(PLACES):
        logits = logits_at(place).float().double().requires_grad_()
        token = place * 5 % VOCABULARY
        log_probability = torch.log_softmax(logits / temperature, -1)[token]
        old, reference = (single(log_probability.item() - distance) for distance in (to_old, to_reference))
        ratio = torch.exp(log_probability - old)
        surrogate = torch.minimum(ratio * advantage, torch.clamp(ratio, 1 - clip, 1 + clip) * advantage)
        loss = -surrogate + kl * 0.5 * (log_probability - reference) ** 2
        loss.backward()
        places.append({
            "token": token, "advantage": advantage, "old": old, "reference": reference, "loss": round(loss.item(), 10),
            "gradient": [round(value, 9) for value in logits.grad.tolist()]})
    return places


def advantages(rewards: list[float], size: int) -> list[float | None]:
    groups = torch.tensor(rewards, dtype=torch.float64).reshape(-1, size)
    told = groups.amax(1) > groups.amin(1)
    kept = (groups - groups.mean(1, keepdim=True))[told]
    normalized = (kept - kept.mean()) / (kept.std(correction=0) + 1e-8)
    result: list[float | None] = [None] * len(rewards)
    for row, group in enumerate(told.nonzero().flatten().tolist()):
        for place in range(size):
            result[group * size + place] = round(normalized[row, place].item(), 12)
    return result


def main(path: str) -> None:
    result = {
        "losses": [{"clip": c, "kl": k, "temperature": t, "places": policy_loss(c, k, t)} for c, k, t in LOSSES],
        "batches": [{"rewards": rewards, "size": size, "advantages": advantages(rewards, size)} for rewards, size in BATCHES]}
    with open(path, "w") as file:
        json.dump(result, file, sort_keys=True, separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    main(sys.argv[1])
