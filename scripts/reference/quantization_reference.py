#!/usr/bin/env python3
"""What GPTQ, QuantEase, SmoothQuant and the eight-bit types give on small cases, in float64 from the papers' formulas.

    quantization_reference.py FILE      the reference file Tests/EngineFormatsTests/Reference/rounding.json

Needs `numpy` and `torch` (whose `float8_e4m3fn` rounds the E4M3 numbers).
"""

import json
import pathlib
import sys

import numpy
import torch


def scale_of(weights, largest):
    scale = numpy.float32(numpy.abs(weights).max()) / numpy.float32(largest)
    return float(scale) if scale > 0 else 1.0


def clamp_round(value, largest):
    return float(numpy.clip(numpy.round(value), -largest, largest))


def gptq(weights, hessian, bits, group, activation_order):
    """Arxiv 2210.17323, algorithm 1, column by column: H⁻¹ = UᵀU, and no blocks."""
    rows, columns = weights.shape
    largest = 2 ** (bits - 1) - 1
    size = group or columns
    order = sorted(range(columns), key=lambda c: (-hessian[c, c], c)) if activation_order else list(range(columns))
    upper = numpy.linalg.cholesky(numpy.linalg.inv(hessian[numpy.ix_(order, order)])).T
    w = weights[:, order].copy()
    codes = numpy.zeros((rows, columns))
    scales = numpy.ones((rows, columns // size))
    for row in range(rows):
        if activation_order:
            for g in range(columns // size):
                scales[row, g] = scale_of(weights[row, g * size : (g + 1) * size], largest)
        for place, column in enumerate(order):
            if not activation_order and column % size == 0:
                scales[row, column // size] = scale_of(w[row, place : place + size], largest)
            scale = scales[row, column // size]
            codes[row, column] = clamp_round(w[row, place] / scale, largest)
            error = (w[row, place] - codes[row, column] * scale) / upper[place, place]
            w[row, place:] -= error * upper[place, place:]
    return codes, scales


def quantease(weights, hessian, codes, scales, bits, iterations):
    """Arxiv 2309.01885: each coordinate's best code given all others, the gradient from its definition every time."""
    largest = 2 ** (bits - 1) - 1
    steps = numpy.repeat(scales, weights.shape[1] // scales.shape[1], axis=1)
    codes = codes.copy()
    for _ in range(iterations):
        for column in range(weights.shape[1]):
            gradient = (weights - codes * steps) @ hessian[:, column]
            best = codes[:, column] + gradient / (hessian[column, column] * steps[:, column])
            codes[:, column] = numpy.clip(numpy.round(best), -largest, largest)
    return codes


def relative_error(inputs, weights, codes, scales):
    steps = numpy.repeat(scales, weights.shape[1] // scales.shape[1], axis=1)
    return float(numpy.linalg.norm(inputs @ (weights - codes * steps).T) / numpy.linalg.norm(inputs @ weights.T))


def rounding_cases():
    random = numpy.random.default_rng(7)
    cases = []
    for rows, columns, bits, group, activation_order in [
        (18, 32, 4, 8, False), (5, 48, 4, 16, True), (17, 40, 4, 0, False), (3, 24, 8, 8, False), (4, 160, 4, 32, False),
        (2, 192, 4, 96, False), (2, 288, 4, 144, False),
    ]:
        tokens = 40
        # Whole numbers, so that H is exact; columns that depend on each other, one that is never used, and at times fewer tokens
        # than columns.
        mixing = random.integers(-1, 2, (columns, columns)) + 3 * numpy.eye(columns, dtype=int)
        inputs = random.integers(-3, 4, (tokens, columns)) @ (mixing * (random.random((columns, columns)) < 0.3))
        inputs[:, 5] = 0
        inputs = numpy.clip(inputs, -50, 50)
        weights = random.integers(-64, 65, (rows, columns)) / 64
        products = (inputs.T @ inputs).astype(float)
        damped = products + 0.01 * numpy.diag(products).mean() * numpy.eye(columns)
        codes, scales = gptq(weights, damped, bits, group, activation_order)
        # QuantEase starts from GPTQ in activation order.
        start, steps = gptq(weights, damped, bits, group, True)
        improved = quantease(weights, damped, start, steps, bits, 20)
        cases.append(
            {
                "rows": rows, "columns": columns, "bits": bits, "group_size": group, "activation_order": activation_order,
                "inputs": inputs.flatten().tolist(), "weights_times_64": (weights * 64).astype(int).flatten().tolist(),
                "gptq": codes.astype(int).flatten().tolist(), "gptq_scales": scales.flatten().tolist(),
                "gptq_error": relative_error(inputs, weights, codes, scales),
                "quantease": improved.astype(int).flatten().tolist(), "quantease_scales": steps.flatten().tolist(),
                "quantease_error": relative_error(inputs, weights, improved, steps),
            }
        )
    return cases


def smoothing_cases():
    random = numpy.random.default_rng(3)
    cases = []
    for strength in [0.5, 0.8, 0.0, 1.0]:
        ranges = numpy.float32(random.lognormal(0, 2, 12))
        reach = numpy.float32(random.lognormal(-2, 1, 12))
        divisors = ranges.astype(float) ** strength / reach.astype(float) ** (1 - strength)
        cases.append(
            {"strength": strength, "ranges": ranges.tolist(), "reach": reach.tolist(), "divisors": divisors.tolist()})
    return cases


def float8_cases():
    random = numpy.random.default_rng(5)
    values = numpy.concatenate([
        random.normal(0, 1, 300), random.normal(0, 150, 300), random.normal(0, 0.01, 200), random.uniform(440, 470, 40),
        [0.0, -0.0, 448, 464, -464, 465, 1e9, -1e9, 2**-9, 2**-10, 3 * 2**-10, 2**-6],
    ]).astype(numpy.float32)
    clamped = torch.tensor(values).clamp(-448, 448).to(torch.float8_e4m3fn)
    numbers = torch.arange(256, dtype=torch.uint8).view(torch.float8_e4m3fn).float()
    return {
        "value_bits": values.view(numpy.uint32).tolist(), "codes": clamped.view(torch.uint8).tolist(),
        "numbers": [None if number != number else number for number in numbers.tolist()],
    }


def int8_case():
    """Symmetric dynamic INT8 per token: scale = max|x| / 127, codes from −127 to 127."""
    values = torch.randn(3, 20, generator=torch.Generator().manual_seed(2))
    values[2] = 0
    scales = values.abs().amax(1) / 127
    codes = torch.round((values / scales.where(scales > 0, 1.0)[:, None]).clamp(-127, 127))
    return {
        "rows": 3, "columns": 20, "value_bits": values.numpy().view(numpy.uint32).flatten().tolist(),
        "codes": codes.int().flatten().tolist(), "scales": scales.tolist(),
    }


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    reference = {
        "rounding": rounding_cases(), "smoothing": smoothing_cases(), "float8": float8_cases(), "int8": int8_case(),
    }
    pathlib.Path(sys.argv[1]).write_text(json.dumps(reference, separators=(",", ":")) + "\n")
