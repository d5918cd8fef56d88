"""Writes graphs of one shape for Decant, ninja and DVC.

A seed gives 54 stages: a student trained, pruned at two ratios and recovered, each recovered model quantized in four ways, every model evaluated.
Usage: generate.py recipe|ninja|dvc SEEDS FOLDER
"""
import hashlib
import pathlib
import sys

RATIOS = ("20", "40")
GROUPS = ("8", "16", "32", "64")


def recipe(seeds, folder):
    (folder / "functions.yaml").write_text("play: {parameters: {genre: {type: string}}}\n")
    (folder / "utterances.yaml").write_text("templates: {play: ['play {genre}']}\nslots: {genre: [jazz, rock]}\n")
    (folder / "recipe.yaml").write_text(
        f"""decant: 1
name: scale
sources:
  functions: {{path: functions.yaml}}
  utterances: {{path: utterances.yaml}}
data:
  generate: {{functions: functions, templates: utterances, count: 400}}
  split: {{test: 15%}}
student: {{init: {{hidden: 128, layers: 5, intermediate: 256}}}}
evaluate: {{sets: [test]}}
quantize: {{scheme: W8A16}}
matrix:
  student.seed: [{', '.join(str(seed) for seed in range(1, seeds + 1))}]
  prune.ratio: [{', '.join(ratio + '%' for ratio in RATIOS)}]
  quantize.group_size: [{', '.join(GROUPS)}]
"""
    )


def stages(seeds):
    """Every stage with its inputs: the edges of the recipe's graph."""
    yield "data", []
    yield "tokenizer", ["data"]
    yield "teacher", ["tokenizer", "data"]
    yield "logits", ["teacher", "data"]
    scored = []

    def evaluation(model):
        yield f"{model}.answers", [model, "data"]
        yield f"{model}.scores", [f"{model}.answers", "data"]
        yield f"{model}.cost", [model, f"{model}.answers"]
        scored.extend([f"{model}.scores", f"{model}.cost"])

    yield from evaluation("teacher")
    for seed in range(1, seeds + 1):
        student = f"student.{seed}"
        yield f"init.{seed}", ["tokenizer"]
        yield student, [f"init.{seed}", "logits"]
        yield f"{student}.importance", [student, "data"]
        yield from evaluation(student)
        for ratio in RATIOS:
            pruned = f"{student}.p{ratio}"
            recovered = f"{pruned}.recover"
            yield pruned, [student, f"{student}.importance"]
            yield from evaluation(pruned)
            yield recovered, [pruned, "logits"]
            yield from evaluation(recovered)
            for group in GROUPS:
                quantized = f"{recovered}.g{group}"
                yield quantized, [recovered]
                yield from evaluation(quantized)
    yield "report", scored


def ninja(seeds, folder):
    lines = ["rule touch", "  command = touch $out"]
    lines += [f"build {name}: touch {' '.join(inputs)}" for name, inputs in stages(seeds)]
    (folder / "build.ninja").write_text("\n".join(lines) + "\n")


def dvc(seeds, folder):
    """`dvc.yaml`, the outputs, and what DVC records of a finished run: running a thousand stages would take it an hour."""
    text, lock = ["stages:"], ["schema: '2.0'", "stages:"]

    def locked(name):
        content = f"{name}\n".encode()
        return [f"    - path: {name}.out", "      hash: md5", f"      md5: {hashlib.md5(content).hexdigest()}", f"      size: {len(content)}"]

    for name, inputs in stages(seeds):
        head = [f"  {name.replace('.', '-')}:", f"    cmd: echo {name} > {name}.out"]
        text += head
        lock += head
        if inputs:
            text += ["    deps:"] + [f"    - {dependency}.out" for dependency in inputs]
            lock += ["    deps:"] + [line for dependency in inputs for line in locked(dependency)]
        text += ["    outs:", f"    - {name}.out"]
        lock += ["    outs:"] + locked(name)
        content = f"{name}\n".encode()
        digest = hashlib.md5(content).hexdigest()
        cached = folder / ".dvc" / "cache" / "files" / "md5" / digest[:2] / digest[2:]
        cached.parent.mkdir(parents=True, exist_ok=True)
        for file in (cached, folder / f"{name}.out"):
            file.write_bytes(content)
    (folder / "dvc.yaml").write_text("\n".join(text) + "\n")
    (folder / "dvc.lock").write_text("\n".join(lock) + "\n")


if __name__ == "__main__":
    target = pathlib.Path(sys.argv[3])
    target.mkdir(parents=True, exist_ok=True)
    {"recipe": recipe, "ninja": ninja, "dvc": dvc}[sys.argv[1]](int(sys.argv[2]), target)
