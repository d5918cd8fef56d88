#!/usr/bin/env python3
"""What the reference implementations of Decant's metrics give on generated rows.

    metrics_reference.py FOLDER      the reference files of Tests/MetricsTests/Reference

Needs `scikit-learn`, `rouge-score`, `pytrec_eval-terrier`, `ranx` and `lm-eval`, whose task `qasper` has SQuAD's normalization.
"""

import collections
import json
import pathlib
import random
import sys

import numpy
import pytrec_eval
import ranx
from lm_eval.api.metrics import exact_match_hf_evaluate
from lm_eval.filters.extraction import RegexFilter
from lm_eval.tasks.qasper.metrics import normalize_answer
from rouge_score import rouge_scorer
from sklearn.metrics import accuracy_score, f1_score, precision_recall_fscore_support, roc_auc_score
from sklearn.preprocessing import MultiLabelBinarizer


def label_case(wanted, given):
    """`None` among the given labels is an answer that is no label: it equals no label and is none of the classes."""
    classes = sorted(set(wanted) | {label for label in given if label is not None}, key=lambda label: label.encode())
    predicted = ["\0" if label is None else label for label in given]
    precision, recall, f1, support = precision_recall_fscore_support(wanted, predicted, labels=classes, zero_division=0)
    return {
        "wanted": wanted, "given": given, "accuracy": accuracy_score(wanted, predicted),
        "macro_f1": f1_score(wanted, predicted, labels=classes, average="macro", zero_division=0), "labels": classes,
        "precision": precision.tolist(), "recall": recall.tolist(), "f1": f1.tolist(), "support": support.tolist(),
    }


def label_cases(rng):
    labels = ["card_lost", "card", "Überweisung", "wo ist mein Geld?", "λ", "支付", "a b", "x", "never wanted", "never given"]
    weights = [9, 7, 5, 5, 4, 3, 2, 1]
    wanted = rng.choices(labels[:8], weights, k=988) + ["never given"] * 12
    given = [
        label if rng.random() < 0.7 else rng.choice(labels[:9] + [None]) for label in wanted
    ]
    given = [rng.choice(labels[:9]) if label == "never given" else label for label in given]
    return [
        label_case(wanted, given), label_case(["a"] * 5, ["a"] * 5), label_case(["a"] * 4, ["b"] * 4), label_case(["a"], [None]),
        label_case(["é", "e\u0301x", "é"], ["e\u0301x", "é", "é"]), label_case(["a", "b", "c"], ["a", None, "b"]),
    ]


def pairs(members):
    """(field, value, which occurrence of it): what the micro average of labels counts."""
    found = collections.Counter()
    for field, value in members.items():
        for element in value if isinstance(value, list) else [] if value is None else [value]:
            found[field, json.dumps(element, sort_keys=True)] += 1
    return [(field, value, number) for (field, value), count in found.items() for number in range(count)]


def field_case(rows):
    wanted, given = [pairs(row[0]) for row in rows], [pairs(row[1]) for row in rows]

    def shares(wanted, given):
        binarizer = MultiLabelBinarizer().fit(wanted + given)
        if not len(binarizer.classes_):
            return [0, 0, 0]
        p, r, f, _ = precision_recall_fscore_support(
            binarizer.transform(wanted), binarizer.transform(given), average="micro", zero_division=0)
        return [p, r, f]

    names = sorted({field for row in wanted + given for field, _, _ in row})
    of = lambda rows, name: [[pair for pair in row if pair[0] == name] for row in rows]
    return {
        "rows": rows, "all": shares(wanted, given),
        "fields": {name: shares(of(wanted, name), of(given, name)) for name in names},
    }


def field_cases(rng):
    values = ["7 pm", "two", 2, 2.5, True, "Zoë", "", "7 PM", {"to": "Rome", "at": 1}, [], ["a", "b"], ["a", "a", "b"], ["b", 2], None]
    fields = ["time", "people", "first name", "datum", "π"]

    def row():
        wanted = {field: rng.choice(values) for field in fields if rng.random() < 0.5}
        given = {field: value for field, value in wanted.items() if rng.random() < 0.8}
        for field in fields:
            if rng.random() < 0.2:
                given[field] = rng.choice(values)
        return [wanted, given]

    return [
        field_case([row() for _ in range(1000)]), field_case([[{}, {}]]), field_case([[{"a": 1}, {}]]),
        field_case([[{}, {"a": [1, 1]}], [{"a": None}, {"a": None}]]),
        field_case([[{"a": ["x", "x", "y"]}, {"a": ["x", "y", "x"]}], [{"a": ["x", "x"]}, {"a": "x"}]]),
    ]


def token_f1(wanted, given):
    """SQuAD's, where both texts have words; 2.0's rule where one has none."""
    wanted, given = normalize_answer(wanted).split(), normalize_answer(given).split()
    if not wanted or not given:
        return float(wanted == given)
    same = sum((collections.Counter(wanted) & collections.Counter(given)).values())
    precision, recall = same / len(given), same / len(wanted)
    return 0.0 if same == 0 else 2 * precision * recall / (precision + recall)


EDGES = [
    ("", ""), ("", "a"), ("the", ""), ("The a an", "an"), (".", "!?"), ("a\u00a0cat", "cat"), ("“the” cat", "““ ”” cat"),
    ("ΟΔΟΣ", "οδος"), ("ΟΔΟΣ", "οδοσ"), ("Σ", "σ"), ("ΑΣ.Β", "ας.β"), ("İstanbul", "i\u0307stanbul"), ("\u212a9", "k9"), ("ſ", "s"),
    ("e\u0301", "é"), ("naïve café", "naive cafe"), ("支付 失败", "支付 成功"), ("a\x1cb", "a b"), ("x\u2028the\u2029y", "x y"),
    ("a_the_b", "atheb"), ("the\u0301", "the"), ("l’an", "l’"), ("1,000.50", "1000.50"), ("²the", "the²"), ("A-an-The", "aanthe"),
    ("#### 42", "42"), ("$5", "5 $"), ("ßẞ", "ßß"), ("ǅ", "ǆ"), ("the\u200bcat", "cat"), ("ª the º", "ª º"), ("Ⅷ the ⅷ", "ⅷ ⅷ"),
    ("no\nyes", "no yes"), ("\ufeffthe", "the"), ("👍 a 👍", "👍👍"), ("AΣ\u0301", "aς\u0301"), ("ΣΑ", "σα"), ("٣ the ٣", "٣ ٣"),
]


def text_cases(rng):
    words = (
        "the a an cat Cat CAT sat on mat, mat. (mat) over-night it's Zoë zoë ÉTÉ été Straße STRASSE ΛΟΓΟΣ λόγος 12 1,200 3.5 $7 … – "
        "“quote” the. An, 东京 とうきょう привет ПРИВЕТ dog dogs ran running no yes café naïve x_y a_b I'm".split()
    )
    spaces = [" ", " ", " ", " ", "  ", "\n", "\t", "\u00a0", "\u3000"]

    def text():
        return "".join(rng.choice(words) + rng.choice(spaces) for _ in range(rng.randrange(0, 12)))

    def changed(text):
        parts = text.split(" ")
        for _ in range(rng.randrange(0, 4)):
            place = rng.randrange(len(parts))
            parts[place] = rng.choice([rng.choice(words), parts[place].upper(), "", parts[place] + "."])
        if rng.random() < 0.2:
            rng.shuffle(parts)
        return " ".join(parts)

    rows = list(EDGES)
    while len(rows) < 1000:
        wanted = text()
        rows.append((wanted, changed(wanted)))
    scorer = rouge_scorer.RougeScorer(["rougeL"], use_stemmer=False)
    return {
        "rows": rows, "exact": [wanted == given for wanted, given in rows],
        "normalized": [normalize_answer(wanted) == normalize_answer(given) for wanted, given in rows],
        "token_f1": [token_f1(*row) for row in rows],
        "rouge_l": [scorer.score(*row)["rougeL"].fmeasure for row in rows],
    }


def ranking_case(groups, has_ties):
    """Each group is a list of [id, score, relevance]."""
    qrels = {f"{q:04}": {name: relevance for name, _, relevance in group} for q, group in enumerate(groups)}
    run = {f"{q:04}": {name: score for name, score, _ in group} for q, group in enumerate(groups)}
    cuts = [1, 3, 5, 10]
    measures = {"recip_rank", "ndcg_cut." + ",".join(map(str, cuts))}
    trec = pytrec_eval.RelevanceEvaluator(qrels, measures).evaluate(run)
    of = lambda name: [trec[f"{q:04}"][name] for q in range(len(groups))]
    if not has_ties:
        # ranx leaves the order of equal scores open, and sorts the names of questions.
        relevant = {q: {n: r for n, r in judged.items() if r > 0} for q, judged in qrels.items()}
        kept = [q for q in qrels if relevant[q]]
        names = ["mrr"] + [f"ndcg@{k}" for k in cuts]
        found = ranx.evaluate(
            ranx.Qrels({q: relevant[q] for q in kept}), ranx.Run({q: run[q] for q in kept}), names, return_mean=False)
        for name, theirs in zip(names, ["recip_rank"] + [f"ndcg_cut_{k}" for k in cuts]):
            numpy.testing.assert_allclose(found[name], [trec[q][theirs] for q in kept], atol=1e-12)
    classes = [int(relevance > 0) for group in groups for _, _, relevance in group]
    scores = [score for group in groups for _, score, _ in group]
    won = [
        roc_auc_score([1, 0], [a[1], b[1]]) for group in groups for a in group for b in group if a[2] > b[2]
    ]
    return {
        "groups": groups, "auc": roc_auc_score(classes, scores) if len(set(classes)) == 2 else None,
        "reciprocal_rank": of("recip_rank"), "ndcg": {str(k): of(f"ndcg_cut_{k}") for k in cuts},
        "pairs": len(won), "pair_accuracy": float(numpy.mean(won)) if won else None,
    }


def ranking_cases(rng):
    def groups(count, total, steps):
        made = [[] for _ in range(count)]
        scores = rng.sample(range(steps), total) if steps > 10 * total else [rng.randrange(steps) for _ in range(total)]
        for place, score in enumerate(scores):
            group = made[place % count]
            relevance = rng.choice([0, 0, 0, 0, 1, 1, 2, 3]) if place % count % 7 else 0
            group.append([f"d{rng.randrange(10**6)}-{len(group)}-ü", score / steps, relevance])
        return made

    return [
        ranking_case(groups(61, 1000, 32), True), ranking_case(groups(61, 1000, 2**20), False),
        ranking_case([[["a", 0.5, 1]]], False), ranking_case([[["a", 0.5, 0], ["b", 0.5, 0]]], True),
        ranking_case([[["a", 0.5, 0], ["b", 0.5, 1], ["B", 0.5, 0], ["é", 0.5, 0]]], True),
        ranking_case([[["a", 0.25, 3], ["b", 0.5, 1], ["c", 0.75, 0], ["d", 0, 2]]], False),
    ]


def number_cases(rng):
    """Responses as models write them, and the harness's two filters and its exact match of GSM8K."""
    rows = [
        ("x #### 18", "#### 18"), ("#### 1,800", "#### 1800"), ("#### 18.", "#### 18"), ("####18", "#### 18"), ("#### $18", "#### 18"),
        ("#### -5", "so -5 #### -5"), ("#### --5", "#### -5"), ("#### .", "#### ."), ("", "#### 7"), ("none", "#### 7"),
        ("7", "#### 7"), ("it is 7.", "#### 7"), ("7 or 8", "#### 7"), ("$1,000.00", "#### 1000.00"), ("-", "#### -"), ("a-7", "#### -7"),
        ("#### 3 then #### 4", "#### 3"), ("#### 3 then #### 4", "#### 1 #### 4"), ("5.\n", "#### 5"), ("#### 5\n", "#### 5\n"),
        ("1..", "#### 1."), ("٣ 3", "#### 3"), ("$", "#### $"), ("$$", "#### "), (",,", "#### "), ("12-13", "#### -13"), ("#### ,", "#### "),
        ("[invalid]", "#### 7"), ("#### 0", "#### 00"), ("the answer is 1 000", "#### 1000"), ("3%", "#### 3"), ("#### 2\n\n#### 3", "#### 2"),
    ]
    while len(rows) < 200:
        number = rng.choice([rng.randrange(10), rng.randrange(10**6), -rng.randrange(100), rng.randrange(1000) / 4])
        other = rng.choice([number, number, number + 1])
        spelled = rng.choice(["{}", "{:,}", "${}", "{}.", "${:,}.", "{} dollars", "{}%"]).format(other)
        text = rng.choice(["She has {0} left.\n#### {0}", "#### {0}", "So 3 + 4 = 7 and {0}", "The answer is {0}", "{0}", "####{0}", "{0} is 12"])
        rows.append((text.format(spelled), f"First 2*3=<<2*3=6>>6.\n#### {number:,}"))
    responses = [[response] for response, _ in rows]
    strict = RegexFilter(regex_pattern="#### (\\-?[0-9\\.\\,]+)").apply(responses, [{}] * len(rows))
    flexible = RegexFilter(regex_pattern="(-?[$0-9.,]{2,})|(-?[0-9]+)", group_select=-1).apply(responses, [{}] * len(rows))
    ignored = [",", "\\$", "(?s).*#### ", "\\.$"]

    def right(found):
        return [
            bool(exact_match_hf_evaluate([text[0]], [wanted], regexes_to_ignore=ignored, ignore_case=True)["exact_match"])
            for text, (_, wanted) in zip(found, rows)
        ]

    return {"rows": rows, "strict": right(strict), "flexible": right(flexible)}


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in [
        ("labels", label_cases), ("fields", field_cases), ("texts", text_cases), ("ranking", ranking_cases), ("numbers", number_cases),
    ]:
        content = json.dumps(make(random.Random(name)), ensure_ascii=False, separators=(",", ":"))
        (folder / f"{name}.json").write_text(content + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
