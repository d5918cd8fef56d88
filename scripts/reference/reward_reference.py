"""Writes what rewards of function calls are worth in double precision, for several rules of what they are made of.

The engine's tests compare with them. Run with the output file as argument:

    python3 scripts/reference/reward_reference.py Tests/EngineNumericsTests/Reference/rewards.json
"""

import itertools
import json
import sys

FUNCTIONS = [
    {"name": "set_light", "parameters": {"type": "object", "required": ["room"], "properties": {
        "room": {"type": "string"}, "level": {"type": "integer"}, "warm": {"type": "boolean"}}}},
    {"name": "set_timer", "parameters": {"type": "object", "required": ["minutes"], "properties": {
        "minutes": {"type": "integer"}, "name": {"type": "string"}}}}]
TYPES = {"string": str, "integer": int, "boolean": bool}

STANDARD = {"format": 1, "names": 0.5, "arguments": 0.5, "judge": 0, "length": 0, "tokens": 64, "malformed": -1,
            "required": False}
RULES = [{}, {"names": 0.3, "arguments": 0.7}, {"format": 0.25, "malformed": -2.5, "required": True},
         {"format": 0, "names": 1, "arguments": 2, "judge": 1.5, "malformed": 0},
         {"length": 0.4, "tokens": 10, "judge": 0.1, "required": True}]


def call(name: str, /, **arguments) -> dict:
    return {"name": name, "arguments": arguments}


LIGHT = call("set_light", room="hall", level=30)
TIMER = call("set_timer", minutes=3)
# What is answered, what is wanted, tokens of the answer, whether a judge accepts it.
ANSWERS = [
    ([LIGHT], [LIGHT], 8, True), ([call("set_light", room="hall")], [LIGHT], 12, True),
    ([call("set_light", level=30)], [LIGHT], 10, False),
    ([call("set_light", room="den", level=30, warm=True)], [LIGHT], 17, False), ([TIMER], [LIGHT], 25, False),
    ([LIGHT, TIMER], [LIGHT], 15, False), ([], [LIGHT], 1, False), ([], [], 1, True), ([TIMER, LIGHT], [LIGHT, TIMER], 19, True),
    ([call("set_timer", minutes=4), LIGHT], [LIGHT, TIMER], 20, False),
    ([call("set_timer", name="tea"), LIGHT], [LIGHT, TIMER], 13, False),
    ([call("set_light", room="hall", level=True)], [LIGHT], 5, True), ([call("sing")], [LIGHT], 5, True),
    ([call("set_timer", hours=3)], [TIMER], 5, True), (None, [LIGHT], 3, False)]


def is_well_formed(calls: list | None, needs_required: bool) -> bool:
    if calls is None:
        return False
    for made in calls:
        function = next((f for f in FUNCTIONS if f["name"] == made["name"]), None)
        if function is None:
            return False
        schema = function["parameters"]
        for name, value in made["arguments"].items():
            wanted = schema["properties"].get(name)
            # Python's booleans are integers.
            if wanted is None or type(value) is not TYPES[wanted["type"]]:
                return False
        if needs_required and not set(schema["required"]) <= set(made["arguments"]):
            return False
    return True


def parts(made: dict, wanted: dict) -> tuple[float, float]:
    own, asked = (set(entry["arguments"].items()) for entry in (made, wanted))
    overlap = len(own & asked) / len(own | asked) if own | asked else 1.0
    return float(made["name"] == wanted["name"]), overlap


def best(calls: list, wanted: list, rule: dict) -> list[tuple[float, float]]:
    """The pairs of the assignment that is worth most."""
    if len(calls) != len(wanted):
        return [(0.0, 0.0)]
    if not calls:
        return [(1.0, 1.0)]
    assignments = ([parts(made, right) for made, right in zip(calls, order)] for order in itertools.permutations(wanted))
    return max(assignments, key=lambda pairs: sum(rule["names"] * name + rule["arguments"] * rest for name, rest in pairs))


def reward(calls: list | None, wanted: list, tokens: int, accepted: bool, rule: dict) -> dict:
    if not is_well_formed(calls, rule["required"]):
        return {"malformed": rule["malformed"]}
    pairs = best(calls, wanted, rule)
    terms = {
        "format": rule["format"], "names": rule["names"] * sum(name for name, _ in pairs) / len(pairs),
        "arguments": rule["arguments"] * sum(rest for _, rest in pairs) / len(pairs)}
    if rule["judge"]:
        terms["judge"] = rule["judge"] * accepted
    if rule["length"]:
        terms["length"] = rule["length"] * min(1.0, max(0.0, 2 - tokens / rule["tokens"]))
    return terms


def main(path: str) -> None:
    cases = []
    for changes, (calls, wanted, tokens, accepted) in itertools.product(RULES, ANSWERS):
        rule = STANDARD | changes
        terms = reward(calls, wanted, tokens, accepted, rule)
        response = "no list of calls" if calls is None else json.dumps(calls, separators=(",", ":"))
        cases.append({
            "rule": rule, "response": response, "answers": wanted, "tokens": tokens, "accepted": accepted, "terms": terms,
            "reward": sum(terms.values())})
    with open(path, "w") as file:
        json.dump({"functions": FUNCTIONS, "cases": cases}, file, sort_keys=True, separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    main(sys.argv[1])
