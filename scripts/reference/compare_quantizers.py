"""Compares Decant's GPTQ and QuantEase with llmcompressor's GPTQ: perplexity, time and memory, on the same weights and rows.

Needs: a built `decant`, torch, transformers, llmcompressor (0.14.0.1 was compared), some 4 GB of disk. For example:

    python3 scripts/reference/compare_quantizers.py --decant ./decant --model smollm2.gguf \\
        --calibration pd_speeches_train.txt --text wikitext2_raw_test.txt --folder /tmp/check/quantizers

`--folder` is made. All quantize to four bits, symmetric, with one scale a group, and leave `lm_head` alone; the specialist gets
the very token sequences that `quant.calibrate` reads, one a batch, through its sequential pipeline. It calibrates on the float
model, as `quant.calibrate` does; with `--prefix quantized`, its own default, each layer behind the quantized layers before it.
Its scales are a group's largest weight over 7.5, Decant's over 7. One program, transformers, then measures all models: windows
of `--context` tokens, none of which overlap.

Prints for each model its perplexity, and for each method, statistics included, the seconds, the seconds of processor time
(which other programs on the machine disturb less) and the peak memory of its largest process, as ratios to the specialist's.
The specialist's process imports its library, loads and saves besides; its call alone is printed too. Exits 1 where the
perplexity of GPTQ or QuantEase is above 1.01 times the specialist's.
"""

import argparse
import json
import math
import os
import pathlib
import subprocess
import sys
import time

LIMIT = 1.01
RECIPE = """\
decant: 1
name: quantizers
sources: {{model: {{path: {model}}}, calibration: {{path: {calibration}}}, text: {{path: {text}}}}}
data:
  ingest: {{train: [{{from: calibration, format: text}}]}}
  split: {{test: 0%, valid: 0%, limit: {{train: 800}}}}
  prompt: tools
student: {{from: model}}
tokenizer: {{from: student}}
sample: none
transfer: "SFT(steps: 1, lora: 4)"
evaluate: {{metrics: [perplexity], perplexity: {{text: text}}}}
stages:
  rows: {{kind: prune.score, inputs: {{model: model.model, data: data}}, parameters: {{method: width, {rows}}}}}
  statistics: {{kind: quant.calibrate, inputs: {{model: model.model, data: data}}, parameters: {{{rows}}}}}
  rtn: {{kind: quant.apply, inputs: {{model: model.model}}, parameters: {{method: rtn, {common}}}}}
"""
CALIBRATED = """\
  {name}: {{kind: quant.apply, inputs: {{model: model.model, statistics: statistics}}, parameters: {{{parameters}}}}}
"""
METHODS = {
    "gptq": "method: gptq, damping: 0.01, activation_order: true",
    "gptq-plain": "method: gptq, damping: 0.01, activation_order: false",
    "quantease": "method: quantease, damping: 0.01, iterations: 20",
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--decant", required=True, type=pathlib.Path)
    parser.add_argument("--model", required=True, type=pathlib.Path, help="a GGUF file or a Hugging Face folder")
    parser.add_argument("--calibration", required=True, type=pathlib.Path, help="a plain text")
    parser.add_argument("--text", required=True, type=pathlib.Path, help="the text to measure on")
    parser.add_argument("--folder", required=True, type=pathlib.Path)
    parser.add_argument("--samples", type=int, default=128, help="passages of 800 of the calibration text")
    parser.add_argument("--group-size", type=int, default=64, help="must divide the model's widths")
    parser.add_argument("--prefix", choices=["float", "quantized"], default="float", help="of the specialist alone")
    parser.add_argument("--tokens", type=int, default=16384)
    parser.add_argument("--context", type=int, default=1024)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    options.folder.mkdir(parents=True)
    used = quantize(options) | {"specialist": specialist(options)}
    found = perplexities(options, ["float", "rtn", *METHODS, "specialist"])
    sys.exit(report(used, found))


def quantize(options):
    """Builds and exports all models; what each method cost, its share of the statistics among it."""
    rows = f"samples: {options.samples}, set: train, prompt: tools"
    common = f"scheme: W4A16, group_size: {options.group_size}, ignore: [lm_head]"
    paths = {name: json.dumps(str(getattr(options, name).resolve())) for name in ("model", "calibration", "text")}
    recipe = RECIPE.format(rows=rows, common=common, **paths)
    recipe += "".join(CALIBRATED.format(name=name, parameters=f"{its}, {common}") for name, its in METHODS.items())
    (options.folder / "recipe.yaml").write_text(recipe)

    def decant(*arguments):
        command = [options.decant.resolve(), *arguments, "--cache", options.folder / "cache"]
        return measured(options, command)[0]

    def build(stage):
        return decant("build", options.folder / "recipe.yaml", stage, "--threads", str(options.threads))

    build("rows"), build("rtn")
    statistics = build("statistics")
    used = {}
    for name in METHODS:
        own = build(name)
        used[name] = {"seconds": statistics["seconds"] + own["seconds"],
                      "processor": statistics["processor"] + own["processor"],
                      "memory": max(statistics["memory"], own["memory"])}
    for stage, name in {"model.model": "float", "rows": "rows", "rtn": "rtn", **dict(zip(METHODS, METHODS))}.items():
        decant("export", stage, options.folder / name)
    return used


def measured(options, command):
    """What a command used, and the last line that it printed. The peak is that of its largest process."""
    environment = os.environ | {"OMP_NUM_THREADS": str(options.threads)}
    start = time.time()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True)
    output = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{output}")
    cost = {"seconds": time.time() - start, "processor": used.ru_utime + used.ru_stime, "memory": used.ru_maxrss / 1024}
    return cost, output.splitlines()[-1] if output else ""


def step(options, name, *arguments):
    """Runs one of STEPS in a process of its own. A child's peak starts at its parent's size, so this one imports none."""
    cost, line = measured(options, [sys.executable, __file__, name, *map(str, arguments)])
    return cost, json.loads(line)


def specialist(options):
    source, rows, target = (options.folder / name for name in ("float", "rows/calibration.safetensors", "specialist"))
    cost, found = step(options, "gptq", source, rows, target, options.group_size, options.prefix)
    return cost | found


def gptq(source, rows, target, group_size, prefix):
    """Quantizes with llmcompressor: scales of the unchanged weights, columns by falling diagonal ("static")."""
    import torch
    from llmcompressor import oneshot
    from llmcompressor.modifiers.gptq import GPTQModifier
    from safetensors.torch import load_file
    from torch.utils.data import DataLoader
    from transformers import AutoModelForCausalLM, AutoTokenizer

    stored = load_file(rows)
    sequences = [{"input_ids": tokens} for tokens in torch.split(stored["tokens"].long(), stored["lengths"].tolist())]
    model = AutoModelForCausalLM.from_pretrained(source, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(source)
    weights = {"num_bits": 4, "type": "int", "symmetric": True, "strategy": "group", "group_size": int(group_size)}
    recipe = GPTQModifier(config_groups={"all": {"targets": ["Linear"], "weights": weights}}, ignore=["lm_head"],
                          dampening_frac=0.01, actorder="static")
    start = time.time(), time.process_time()
    oneshot(model=model, tokenizer=tokenizer, dataset=DataLoader(sequences, batch_size=1), recipe=recipe, pipeline="sequential",
            propagate_error=prefix == "quantized", num_calibration_samples=len(sequences))
    call = {"call": time.time() - start[0], "call_processor": time.process_time() - start[1]}
    model.save_pretrained(target, save_compressed=True)
    tokenizer.save_pretrained(target)
    return call


def perplexities(options, names):
    found = {}
    for name in names:
        arguments = (options.folder / name, options.folder / "float", options.text, options.tokens, options.context)
        found[name] = step(options, "perplexity", *arguments)[1]
        print(f"{name:12} perplexity {found[name]:.4f}", flush=True)
    return found


def perplexity(folder, tokenizer, text, tokens, context):
    """Of the text's first tokens, of every window all but the first."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    # As bytes: reading as text would turn CRLF into LF.
    text = pathlib.Path(text).read_bytes().decode()
    windows = torch.tensor(AutoTokenizer.from_pretrained(tokenizer)(text).input_ids[: int(tokens)]).split(int(context))
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    total, counted = 0.0, 0
    for window in windows:
        with torch.no_grad():
            logits = model(window[None]).logits[0, :-1].float()
        total += torch.nn.functional.cross_entropy(logits, window[1:], reduction="sum").item()
        counted += len(window) - 1
    return math.exp(total / counted)


def report(used, found):
    """Prints the costs and the orders; 1 where ours is too far above the specialist's perplexity."""
    theirs = used["specialist"]
    for name, cost in used.items():
        figures = [f"{cost[key]:.1f} {unit} ({cost[key] / theirs[key]:.2f}×)"
                   for key, unit in {"seconds": "s", "processor": "s of processor", "memory": "MiB at most"}.items()]
        print(f"{name:12} {', '.join(figures)}")
    print(f"the specialist's call alone: {theirs['call']:.1f} s, {theirs['call_processor']:.1f} s of processor")
    print(f"GPTQ below RTN: {found['gptq'] < found['rtn']}; QuantEase not above GPTQ: {found['quantease'] <= found['gptq']}")
    status = 0
    for name in ("gptq", "quantease"):
        ratio = found[name] / found["specialist"]
        print(f"{name}: {ratio:.4f} times the specialist's perplexity (limit {LIMIT})")
        status |= ratio > LIMIT
    return status


STEPS = {"gptq": gptq, "perplexity": perplexity}

if __name__ == "__main__":
    if sys.argv[1:2] and sys.argv[1] in STEPS:
        print(json.dumps(STEPS[sys.argv[1]](*sys.argv[2:])))
    else:
        main()
