#!/usr/bin/env python3
"""Counts a ranking's metrics with scikit-learn and trec_eval: those of a model's scores, which must be Decant's, and of BM25.

Needs: scikit-learn, pytrec_eval-terrier. Build a recipe with `task: rank`, then for example:

    ./decant export data DATA
    ./decant export student.sft.answers ANSWERS
    ./decant export student.sft.scores SCORES
    compare_ranking.py test --data DATA --answers ANSWERS --scores SCORES

BM25 has k1 = 1.2 and b = 0.75, and words as `data.retrieve` has them. Exits 1 where a figure differs by more than 1e-9.
"""

import argparse
import collections
import json
import math
import pathlib
import re
import sys

import pytrec_eval
from sklearn.metrics import roc_auc_score


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def words(text):
    parts = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[^\W_A-Z]+|[^\W_]+", text)
    return [part.lower() for part in parts]


def bm25(rows, k1=1.2, b=0.75):
    """A score for each row's text, among all texts of the rows."""
    texts = sorted({row["ranked"]["text"] for row in rows})
    counts = {text: collections.Counter(words(text)) for text in texts}
    mean = sum(sum(count.values()) for count in counts.values()) / len(texts)
    holding = collections.Counter(word for count in counts.values() for word in count)

    def score(query, text):
        count, length = counts[text], sum(counts[text].values())
        return sum(
            math.log(1 + (len(texts) - holding[word] + 0.5) / (holding[word] + 0.5)) * count[word] * (k1 + 1)
            / (count[word] + k1 * (1 - b + b * length / mean))
            for word in words(query) if word in count)

    return [score(row["query"], row["ranked"]["text"]) for row in rows]


def figures(rows, scores):
    qrels, run = collections.defaultdict(dict), collections.defaultdict(dict)
    for row, score in zip(rows, scores):
        qrels[row["ranked"]["group"]][row["id"]] = int(row["ranked"]["relevance"])
        run[row["ranked"]["group"]][row["id"]] = score
    found = pytrec_eval.RelevanceEvaluator(qrels, {"recip_rank", "ndcg_cut.10"}).evaluate(run)
    won = [
        (run[group][a] > run[group][b]) + 0.5 * (run[group][a] == run[group][b])
        for group, judged in qrels.items() for a in judged for b in judged if judged[a] > judged[b]
    ]
    return {
        "auc": roc_auc_score([row["ranked"]["relevance"] > 0 for row in rows], scores),
        "mrr": sum(group["recip_rank"] for group in found.values()) / len(found),
        "ndcg": sum(group["ndcg_cut_10"] for group in found.values()) / len(found), "pairs": sum(won) / len(won),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("set")
    for name in ["data", "answers", "scores"]:
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    options = parser.parse_args()
    rows = lines(options.data / f"{options.set}.jsonl")
    answers = {answer["id"]: answer["options"] for answer in lines(options.answers / f"{options.set}.jsonl")}
    ours = json.loads((options.scores / "scores.json").read_text())["sets"][options.set]
    scores = []
    for row in rows:
        yes, no = (option["log_probability"] for option in answers[row["id"]])
        scores.append(1 / (1 + math.exp(min(700, no - yes))))
    theirs, baseline = figures(rows, scores), figures(rows, bm25(rows))
    failed = False
    print(f"{len(rows)} texts, {len({row['ranked']['group'] for row in rows})} groups")
    for name, value in theirs.items():
        difference = abs(value - ours[name])
        failed |= difference > 1e-9
        print(f"{name}: ours {ours[name]:.6f}, reference {value:.6f} ({difference:.1e} apart); BM25 {baseline[name]:.6f}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
