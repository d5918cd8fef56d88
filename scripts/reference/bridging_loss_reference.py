"""Writes what TRL's ULDLoss gives for distillation between two vocabularies: plain ULD, aligned ULD, and GOLD's hybrid loss.

The engine's tests compare with them. Needs the packages trl (1.16), torch, transformers, accelerate and datasets; run with the
output file as argument:

    python3 scripts/reference/bridging_loss_reference.py Tests/EngineNumericsTests/Reference/bridging.json
"""

import json
import sys

import torch
from trl.experimental.gold.gold_config import GOLDConfig
from trl.experimental.gold.gold_trainer import ULDLoss

PROMPT = 2
# The bytes that the student's and the teacher's tokens end at; the last token of each ends the answer.
RESPONSES = [
    ([3, 5, 9, 9], [1, 3, 9, 9]),
    ([2, 4, 6, 8, 8], [8, 8]),
    ([4, 10, 12, 12], [1, 2, 4, 7, 10, 12, 12]),
]
# Tokens of the student and of the teacher.
SIZES = [(40, 61), (40, 29)]
# Name, shared tokens, β, weights of shared and other tokens, temperature, weight of cross entropy.
SETTINGS = [
    ("ULD", False, 0.5, None, 1, 0), ("ULD", False, 0.5, None, 2, 0), ("ULD", False, 0.5, None, 1, 0.4),
    ("GOLD", False, 0.5, None, 1, 0),
    ("GOLD", True, 0.5, None, 1, 0), ("GOLD", True, 0.3, None, 1, 0.4), ("GOLD", True, 0, None, 1, 0),
    ("GOLD", True, 1, None, 1, 0), ("GOLD", True, 0.5, (0.7, 0.3), 2, 0),
]


class Vocabulary:
    """A tokenizer as far as the loss asks: the names of its tokens."""

    def __init__(self, names: list[str]):
        self.names = names

    def get_vocab(self) -> dict[str, int]:
        return {name: place for place, name in enumerate(self.names)}


def students(student: int, teacher: int) -> list[int]:
    """The student's token for each of the teacher's: (7·j + 3) mod S for two of three."""
    return [(7 * j + 3) % student if j % 3 and j < student else -1 for j in range(teacher)]


def vocabularies(student: int, teacher: int) -> tuple[Vocabulary, Vocabulary]:
    names = [f"student {i}" for i in range(student)]
    others = [f"teacher {j}" if i < 0 else names[i] for j, i in enumerate(students(student, teacher))]
    return Vocabulary(names), Vocabulary(others)


def logits(first: int, rows: int, size: int) -> torch.Tensor:
    """Value i of row r: ((7919·i + 104729·r) mod 2003 − 1001)/256, which float32 holds exactly."""
    places = torch.arange(size, dtype=torch.int64)
    return torch.stack([(((places * 7919 + row * 104729) % 2003) - 1001).double() / 256 for row in range(first, first + rows)])


def side(ends: list[int], size: int, row: int) -> dict:
    """A sequence whose response has tokens with these ends; the row before the first token's predicts it."""
    tokens = [(11 * place + 5) % size for place in range(len(ends))]
    offsets = [[0, 0]] * PROMPT + [[start, end] for start, end in zip([0] + ends, ends)]
    scores = torch.cat([logits(0, PROMPT - 1, size), logits(row, len(ends), size), logits(0, 1, size)])
    return {
        "logits": scores.unsqueeze(0), "ids": torch.tensor([[0] * PROMPT + tokens]),
        "labels": torch.tensor([[-100] * PROMPT + tokens]), "offsets": torch.tensor([offsets])}


def case(response: int, sizes: tuple[int, int], setting: tuple) -> dict:
    name, shares, beta, weights, temperature, cross_entropy = setting
    config = GOLDConfig(
        output_dir="unused", report_to=[], use_cpu=True, bf16=False, use_uld_loss=True, use_extended_uld=name == "GOLD", uld_use_hybrid_loss=shares,
        uld_hybrid_matched_weight=weights and weights[0], uld_hybrid_unmatched_weight=weights and weights[1], beta=beta,
        uld_crossentropy_weight=cross_entropy, uld_student_temperature=temperature, uld_teacher_temperature=temperature,
        uld_skip_student_eos=False, uld_skip_teacher_eos=False, uld_token_merge_strategy="bayesian")
    loss = ULDLoss(config, *vocabularies(*sizes))
    student = side(RESPONSES[response][0], sizes[0], 10 * response + 1)
    teacher = side(RESPONSES[response][1], sizes[1], 10 * response + 501)
    scores = student["logits"].requires_grad_()
    value = loss(
        scores, teacher["logits"], student["labels"], teacher["labels"], student["ids"], teacher["ids"],
        student_byte_offsets=student["offsets"], teacher_byte_offsets=teacher["offsets"])
    value.backward()
    gradient = scores.grad[0, PROMPT - 1:-1]
    assert not scores.grad[0, :PROMPT - 1].any() and not scores.grad[0, -1].any()
    return {
        "name": name, "shares": shares, "beta": beta, "shared_weight": weights and weights[0], "temperature": temperature,
        "cross_entropy": cross_entropy, "response": response, "student_size": sizes[0], "teacher_size": sizes[1],
        "loss": value.item(), "norm": gradient.norm().item(),
        "every_seventh": [float(f"{number:.7g}") for number in gradient.flatten()[::7].tolist()]}


def main(path: str) -> None:
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    cases = [
        case(response, sizes, setting)
        for response in range(len(RESPONSES)) for sizes in SIZES for setting in SETTINGS]
    reference = {
        "responses": [{"student": own, "teacher": other} for own, other in RESPONSES], "cases": cases}
    with open(path, "w") as file:
        json.dump(reference, file, sort_keys=True, separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    main(sys.argv[1])
