"""Compares the judge `ast` with the leaderboard's own checker (bfcl-eval) on its own rows: right answers and wrong ones.

Needs: the wheel, unpacked (its checker's modules need nothing but `filelock`), and a built `decant`:

    pip download --no-deps bfcl-eval==2026.3.23 && unzip bfcl_eval-*.whl -d /tmp/bfcl
    python3 scripts/reference/compare_judge.py --wheel /tmp/bfcl --decant .build/release/decant

Every question of the categories below becomes a row through `data.ingest`. Its right answers (every allowed value of every
argument once, and every argument that may be left out) and wrong ones (deterministic changes of those) are judged by
`eval.score` and by the checker. Prints the disagreements and exits 1 where there are any.
"""

import argparse
import collections
import copy
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import types

CATEGORIES = [
    "simple_python", "multiple", "parallel", "parallel_multiple", "irrelevance",
    "live_simple", "live_multiple", "live_parallel", "live_parallel_multiple", "live_irrelevance",
]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--wheel", required=True, type=pathlib.Path)
    parser.add_argument("--decant", default=".build/release/decant", type=pathlib.Path)
    parser.add_argument("--mutations", default=14, type=int, help="changes of each row's answers, of each round")
    parser.add_argument("--show", default=20, type=int, help="disagreements to print")
    options = parser.parse_args()
    checker = Checker(options.wheel)
    data = options.wheel / "bfcl_eval" / "data"
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        questions, answers = read(data)
        ingest(options.decant, data, folder, set(questions))
        responses = []
        for number, (id, question) in enumerate(questions.items()):
            chance = random.Random(f"decant/{id}")
            right = list(right_answers(answers.get(id)))
            responses += [(id, kind, response) for kind, response in right]
            responses += wrong_answers(id, question, [r for _, r in right], chance, options.mutations)
        rejected = score(options.decant, folder, responses)
    seen, disagreements, verdicts, kinds, failures = set(), [], collections.Counter(), collections.Counter(), 0
    for id, kind, response in responses:
        if (id, response) in seen:
            continue
        seen.add((id, response))
        theirs, reason = checker.judge(id, questions[id], answers.get(id), response)
        failures += reason.startswith("exception")
        ours = (id, response) not in rejected
        verdicts[(kind.split(":")[0], theirs)] += 1
        kinds[kind] += 1
        if ours != theirs:
            disagreements.append((id, kind, response, theirs, reason, rejected.get((id, response))))
    print(f"rows: {len(questions)}, distinct answers: {len(seen)}")
    for (kind, verdict), count in sorted(verdicts.items()):
        print(f"  {kind}: {count} {'accepted' if verdict else 'rejected'} by the checker")
    print(f"  the checker itself fails on {failures}, which counts as rejected")
    print(f"kinds of changes: {len(kinds) - 1}: " + ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items())))
    print(f"disagreements: {len(disagreements)}")
    for id, kind, response, theirs, reason, ours in disagreements[: options.show]:
        print(f"- {id} ({kind}): {response}\n  checker: {theirs} {reason}\n  decant: {ours or 'accepted'}")
        print(f"  possible: {json.dumps(answers.get(id))}")
    for kind, count in collections.Counter(entry[1] for entry in disagreements).items():
        print(f"  {kind}: {count}")
    sys.exit(1 if disagreements else 0)


class Checker:
    """The real checker, with stand-ins for what it imports and these rows do not need."""

    def __init__(self, wheel):
        sys.path.insert(0, str(wheel))
        models = types.ModuleType("bfcl_eval.constants.model_config")
        models.MODEL_CONFIG_MAPPING = {"decant": types.SimpleNamespace(underscore_to_dot=False)}
        sys.modules["bfcl_eval.constants.model_config"] = models
        from bfcl_eval.constants.enums import Language
        from bfcl_eval.eval_checker.ast_eval.ast_checker import ast_checker
        from bfcl_eval.utils import is_empty_output, is_function_calling_format_output

        self.language, self.check = Language.PYTHON, ast_checker
        self.is_empty, self.is_calls = is_empty_output, is_function_calling_format_output

    def judge(self, id, question, answer, response):
        """Whether the leaderboard takes the response for right, and why not."""
        category = id.rsplit("_", 1)[0]
        try:
            calls = decoded(response)
        except Exception as error:
            return "irrelevance" in category, f"not decoded: {error}"
        if "irrelevance" in category:
            return self.is_empty(calls), "calls"
        if not self.is_calls(calls):
            return False, "no calls"
        try:
            result = self.check(question["function"], copy.deepcopy(calls), answer, self.language, category, "decant")
        except Exception as error:
            return False, f"exception: {error!r}"
        return result["valid"], str(result.get("error_type"))


def decoded(response):
    """Decant's form of calls as the checker takes them, strictly read."""

    def pairs(members):
        if len({key for key, _ in members}) != len(members):
            raise ValueError("a key stands twice")
        return dict(members)

    def refuse(word):
        raise ValueError(word)

    calls = json.loads(response, object_pairs_hook=pairs, parse_constant=refuse)
    if not isinstance(calls, list):
        raise ValueError("no list")
    for call in calls:
        if set(call) != {"name", "arguments"} or not isinstance(call["name"], str) or not call["name"]:
            raise ValueError("no call")
        if not isinstance(call["arguments"], dict):
            raise ValueError("no arguments")
    return [{call["name"]: call["arguments"]} for call in calls]


def read(data):
    questions, answers = {}, {}
    for category in CATEGORIES:
        for line in (data / f"BFCL_v4_{category}.json").open():
            question = json.loads(line)
            questions[question["id"]] = question
        possible = data / "possible_answer" / f"BFCL_v4_{category}.json"
        for line in possible.open() if possible.exists() else []:
            answer = json.loads(line)
            answers[answer["id"]] = answer["ground_truth"]
    return questions, answers


# Decant


def run_stage(decant, folder, kind, revision, parameters):
    action = {"inputs": [], "kind": kind, "numerics": "portable", "parameters": parameters, "revision": revision}
    (folder / "action.json").write_text(json.dumps(action))
    (folder / "outputs").mkdir(parents=True, exist_ok=True)
    # A stage ends when its standard input does.
    kept_open, held = os.pipe()
    run = subprocess.run(
        [decant.resolve(), "stage", "run", folder], stdin=kept_open, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    os.close(kept_open)
    os.close(held)
    if run.returncode != 0:
        sys.exit(f"{kind}: {run.stderr.decode()}")
    for line in run.stderr.decode().splitlines():
        print(f"{kind}: {line}")


def ingest(decant, data, folder, ids):
    stage = folder / "ingest"
    for category in CATEGORIES:
        for name in [f"BFCL_v4_{category}.json", f"possible_answer/BFCL_v4_{category}.json"]:
            if (data / name).exists():
                file = stage / "inputs" / "train.0" / name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes((data / name).read_bytes())
    run_stage(decant, stage, "data.ingest", 1, {"format": "bfcl"})
    rows = {json.loads(line)["id"] for line in (stage / "outputs" / "rows.jsonl").open()}
    if rows != ids:
        sys.exit(f"rows lost or made up: {sorted(rows ^ ids)[:10]}")


def score(decant, folder, responses):
    """The responses that Decant rejects, with its reasons."""
    stage = folder / "score"
    for name in ["data", "answers"]:
        (stage / "inputs" / name).mkdir(parents=True, exist_ok=True)
    outputs = folder / "ingest" / "outputs"
    (stage / "inputs/data/functions.json").write_bytes((outputs / "functions.json").read_bytes())
    (stage / "inputs/data/test.jsonl").write_bytes((outputs / "rows.jsonl").read_bytes())
    with (stage / "inputs/answers/test.jsonl").open("w") as file:
        for id, _, response in responses:
            file.write(json.dumps({"id": id, "response": response, "response_tokens": 1}) + "\n")
    run_stage(decant, stage, "eval.score", 2, {"judge": "ast", "sets": ["test"], "answer": "call"})
    rejected = {}
    for line in (stage / "outputs" / "failures.jsonl").open():
        failure = json.loads(line)
        rejected[(failure["id"], failure["response"])] = failure["reason"]
    return rejected


# Right answers


def right_answers(ground_truth):
    """The first allowed values, then every other allowed value in its place, and everything left out that may be."""
    if ground_truth is None:
        yield "right", "[]"
        return
    first = [{name: {k: expand(v)[0] for k, v in arguments.items() if expand(v)} for name, arguments in call.items()}
             for call in ground_truth]
    yield "right", spell(first)
    for place, call in enumerate(ground_truth):
        (name, arguments), = call.items()
        for argument, values in arguments.items():
            for value in expand(values):
                answer = copy.deepcopy(first)
                answer[place][name][argument] = value
                yield "right", spell(answer)
            if "" in values:
                answer = copy.deepcopy(first)
                answer[place][name].pop(argument, None)
                yield "right", spell(answer)
    least = [{n: {k: v for k, v in a.items() if "" not in call[n][k]} for n, a in f.items()}
             for f, call in zip(first, ground_truth)]
    yield "right", spell(least)


def expand(values):
    """Allowed values as plain ones: an object's lists of values become one of them each."""
    plain = []
    for value in values:
        if value == "":
            continue
        if isinstance(value, dict):
            plain += objects(value)
        elif isinstance(value, list) and value and all(isinstance(v, dict) for v in value):
            options = [objects(v) for v in value]
            for number in range(max(map(len, options), default=1)):
                plain.append([option[number % len(option)] for option in options])
        else:
            plain.append(value)
    return plain


def objects(value):
    width = max((len(v) for v in value.values() if isinstance(v, list)), default=1)
    made = []
    for number in range(width):
        members = {k: v[number % len(v)] if isinstance(v, list) and v else v for k, v in value.items()}
        made.append({k: v for k, v in members.items() if v != ""})
    return made


def spell(calls):
    """The checker's calls in Decant's form."""
    return json.dumps([{"name": n, "arguments": a} for call in calls for n, a in call.items()], ensure_ascii=False)


# Wrong answers (most of them)


def wrong_answers(id, question, right, chance, count):
    names = [function["name"] for function in question["function"]]
    made = []
    # Where no call is wanted, there is little to change; lists and objects are rare, and have rules of their own.
    rounds = [CHANGES] * (count if right != ["[]"] else count // 4)
    values = [value for response in right for call in json.loads(response) for value in call["arguments"].values()]
    for kind, change, wanted, times in [
        ("list", list_changed, is_list, count // 2), ("object", dict_changed, is_dict, 2 * count),
        ("list of objects", objects_changed, is_list_of_objects, 2 * count),
    ]:
        rounds += [[(kind, on_value(change, wanted))]] * (times if any(map(wanted, values)) else 0)
    for changes in rounds:
        calls = json.loads(chance.choice(right))
        kinds = []
        for _ in range(2 if chance.random() < 0.15 else 1):
            for _ in range(20):
                kind, change = chance.choice(changes)
                if not calls and change is not invented:
                    continue
                changed = change(copy.deepcopy(calls), question["function"], names, chance)
                if changed is not None:
                    calls = changed
                    kinds.append(kind)
                    break
        kind = kinds[0] if len(kinds) == 1 else "twice"
        made.append((id, f"changed: {kind}", json.dumps(calls, ensure_ascii=chance.random() < 0.3)))
    for _ in range(count // 4):
        kind, change = chance.choice(SPELLINGS)
        text = change(chance.choice(right), chance)
        if text is not None:
            made.append((id, "changed: " + kind, text))
    return made


def argument(calls, chance, wanted=lambda value: True):
    """A call's arguments and the name of one of them whose value is as wanted."""
    places = [(call["arguments"], name) for call in calls for name, value in call["arguments"].items() if wanted(value)]
    return chance.choice(places) if places else (None, None)


def on_value(change, wanted=lambda value: True):
    def changed(calls, functions, names, chance):
        arguments, name = argument(calls, chance, wanted)
        if arguments is None:
            return None
        arguments[name] = change(arguments[name], chance)
        return calls
    return changed


def is_text(value):
    return isinstance(value, str)


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_list(value):
    return isinstance(value, list)


def is_dict(value):
    return isinstance(value, dict)


def is_list_of_objects(value):
    return is_list(value) and any(map(is_dict, value))


def missing(calls, functions, names, chance):
    arguments, name = argument(calls, chance)
    if arguments is None:
        return None
    del arguments[name]
    return calls


def unknown(calls, functions, names, chance):
    chance.choice(calls)["arguments"][chance.choice(["extra", "Unit", "id", ""])] = chance.choice(["x", 1, None, "", []])
    return calls


def known(calls, functions, names, chance):
    call = chance.choice(calls)
    properties = next((f["parameters"]["properties"] for f in functions if f["name"] == call["name"]), {})
    others = [name for name in properties if name not in call["arguments"]]
    if not others:
        return None
    name = chance.choice(others)
    details = properties[name]
    call["arguments"][name] = chance.choice([details.get("default", ""), "", *details.get("enum", ["a"]), None, 0, [], {}])
    return calls


def renamed_argument(calls, functions, names, chance):
    arguments, name = argument(calls, chance)
    if arguments is None:
        return None
    arguments[chance.choice([name.upper(), name + "_", name.replace("_", ""), " " + name])] = arguments.pop(name)
    return calls


def swapped(calls, functions, names, chance):
    call = chance.choice(calls)
    if len(call["arguments"]) < 2:
        return None
    left, right = chance.sample(sorted(call["arguments"]), 2)
    call["arguments"][left], call["arguments"][right] = call["arguments"][right], call["arguments"][left]
    return calls


def crossed(calls, functions, names, chance):
    if len(calls) < 2:
        return None
    left, right = chance.sample(calls, 2)
    left["arguments"], right["arguments"] = right["arguments"], left["arguments"]
    return calls


def name_changed(calls, functions, names, chance):
    call = chance.choice(calls)
    name = call["name"]
    call["name"] = chance.choice(
        [name.upper(), name.replace(".", "_"), name.replace("_", "."), name + "_", " " + name, name.split(".")[-1], "f"])
    return calls


def other_function(calls, functions, names, chance):
    chance.choice(calls)["name"] = chance.choice(names or ["f"])
    return calls


def dropped(calls, functions, names, chance):
    del calls[chance.randrange(len(calls))]
    return calls


def doubled(calls, functions, names, chance):
    calls.insert(chance.randrange(len(calls) + 1), copy.deepcopy(chance.choice(calls)))
    return calls


def replaced(calls, functions, names, chance):
    calls[chance.randrange(len(calls))] = copy.deepcopy(chance.choice(calls))
    return calls


def shuffled(calls, functions, names, chance):
    chance.shuffle(calls)
    for call in calls:
        members = list(call["arguments"].items())
        chance.shuffle(members)
        call["arguments"] = dict(members)
    return calls


def invented(calls, functions, names, chance):
    if not functions:
        return [{"name": "f", "arguments": {}}]
    function = chance.choice(functions)
    values = ["a", 1, 2.5, True, None, [], {}]
    members = {name: chance.choice(values) for name in function["parameters"]["properties"] if chance.random() < 0.5}
    calls.append({"name": function["name"], "arguments": members})
    return calls


def text_changed(text, chance):
    place = chance.randrange(len(text) + 1)
    return chance.choice([
        text + "x", text[:-1], text[1:], text[:place] + chance.choice("aZ0é~!?;:()'\"") + text[place:],
        "", " ", text + text, text[::-1], text.split(" ")[0], "null",
    ])


def text_same(text, chance):
    place = chance.randrange(len(text) + 1)
    return chance.choice([
        text.upper(), text.lower(), text.title(), text.swapcase(), text.replace(" ", ""), text.replace(" ", "_"),
        text.replace(",", ""), text.replace("'", '"'), text.replace('"', "'"), " " + text + " ", text + ".", text + "...",
        text[:place] + chance.choice(" ,./-_*^") + text[place:],
        text[:place] + chance.choice("\t\n\u00a0\u2019–\u0301") + text[place:],
        text.replace("e", "\u0065\u0301"), text.replace("-", "–"), text.replace("ss", "ß"), text.replace("i", "İ"),
    ])


def number_changed(value, chance):
    return chance.choice([
        value + 1, -value, value * 10, value + 0.5, value / 3, 0, str(value), [value], value * 1.0, True, None,
        float(value), int(value), round(value + 1e-9, 12), 2**53 + 1, 1e300,
    ])


def number_form(value, chance):
    return chance.choice([float(value), int(value), str(value), f"{value:.2f}", f"{value}", bool(value)])


def type_changed(value, chance):
    return chance.choice([str(value), [value], {"value": value}, None, True, False, 0, 1, 1.0, "", [], {}, [[value]]])


def list_changed(value, chance):
    value = list(value)
    place = chance.randrange(len(value)) if value else 0
    change = chance.randrange(12)
    if not value or change == 0:
        return value + [chance.choice(["x", 1, 1.5, None, True, {}, []])]
    if change == 1:
        del value[place]
    elif change == 2:
        value.append(value[place])
    elif change == 3:
        chance.shuffle(value)
    elif change == 4:
        value[place] = type_changed(value[place], chance)
    elif change == 5:
        value = [value]
    elif change == 6:
        value = []
    elif change == 7:
        value = [str(v) for v in value]
    elif change == 8:
        value = [float(v) if is_number(v) else v for v in value]
    elif change == 9:
        value = [int(v) if is_number(v) else v for v in value]
    elif change == 10:
        value = value[0]
    else:
        value[place] = any_changed(value[place], chance)
    return value


def dict_changed(value, chance):
    value = dict(value)
    change = chance.randrange(7)
    if not value or change == 0:
        value[chance.choice(["extra", ""])] = chance.choice(["", 1, None, {}])
        return value
    name = chance.choice(sorted(value))
    if change == 1:
        del value[name]
    elif change == 2:
        value[name.upper()] = value.pop(name)
    elif change == 3:
        value[name] = type_changed(value[name], chance)
    elif change == 4:
        value[name] = ""
    else:
        value[name] = any_changed(value[name], chance)
    return value


def objects_changed(value, chance):
    value = list(value)
    place = chance.randrange(len(value))
    if is_dict(value[place]) and chance.random() < 0.7:
        value[place] = dict_changed(value[place], chance)
        return value
    return list_changed(value, chance)


def any_changed(value, chance):
    if is_text(value):
        return chance.choice([text_changed, text_same])(value, chance)
    if is_number(value):
        return chance.choice([number_changed, number_form])(value, chance)
    if is_list(value):
        return list_changed(value, chance)
    if is_dict(value):
        return dict_changed(value, chance)
    return type_changed(value, chance)


OF_ARGUMENTS = [
    ("missing argument", missing), ("unknown argument", unknown), ("argument of the schema", known),
    ("argument renamed", renamed_argument), ("values swapped", swapped), ("type of a value", on_value(type_changed)),
    ("text", on_value(text_changed, is_text)), ("case, space, punctuation", on_value(text_same, is_text)),
    ("number", on_value(number_changed, is_number)), ("form of a number", on_value(number_form, is_number)),
    ("list", on_value(list_changed, is_list)), ("list", on_value(list_changed, is_list)),
    ("object", on_value(dict_changed, is_dict)), ("anything", on_value(any_changed)),
]
CHANGES = OF_ARGUMENTS + [
    ("name", name_changed), ("another function", other_function), ("call missing", dropped), ("call twice", doubled),
    ("call in place of another", replaced), ("order", shuffled), ("arguments of another call", crossed),
    ("invented call", invented),
]


def cut(text, chance):
    return text[: chance.randrange(len(text))]


def damaged(text, chance):
    place = chance.randrange(len(text))
    return text[:place] + chance.choice('{}[]",:0 ') + text[place + 1:]


def number_spelled(text, chance):
    """Digits of a number, spelled otherwise."""
    numbers = list(re.finditer(r"(?<=[ \[])-?\d+(\.\d+)?(?=[,}\]])", text))
    if not numbers:
        return None
    number = chance.choice(numbers)
    form = chance.choice(["{}e0", "{}E+0", "{}0", "+{}", "0{}", "{}.0", "{}.", "-{}", "{}00e-2"])
    return text[: number.start()] + form.format(number.group()) + text[number.end():]


SPELLINGS = [
    ("cut off", cut), ("damaged", damaged), ("damaged", damaged), ("number spelled otherwise", number_spelled),
    ("number spelled otherwise", number_spelled),
    ("text around it", lambda t, c: c.choice(["", "Sure: "]) + t + c.choice([" done", "\n", "```", " "])),
    ("no list", lambda t, c: t.strip("[]")),
    ("odd answers", lambda t, c: c.choice([
        "", "[]", "[{}]", "[[]]", "{}", "null", '"x"', "[null]", "[1]", "I cannot help with that.", '[{"name":"f"}]',
        '[{"name":"","arguments":{}}]', '[{"name":1,"arguments":{}}]', '[{"name":"f","arguments":[]}]',
        '[{"name":"f","arguments":{},"id":1}]', '[{"name":"f","arguments":{"a":1,"a":2}}]', '[{"f":{}}]', "[ ]", "NaN", "[] []",
    ])),
]

if __name__ == "__main__":
    main()
