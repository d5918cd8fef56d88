"""Draws calls at a high temperature and holds each against its function's schema: constrained_calls.py URL MODEL COUNT"""
import concurrent.futures
import json
import sys
import urllib.request

import jsonschema

url, model, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
questions = ["kitchen light on", "what time is it", "set the heat to 21", "play jazz in the hall", "", "\u00e9\U0001f600 \" \\ {"]


def told(path, body=None):
    request = urllib.request.Request(
        url + path, json.dumps(body).encode() if body else None, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=120) as response:
        return json.load(response)


schemas = {tool["function"]["name"]: tool["function"]["parameters"]
           for tool in told(f"v1/models/{model}")["functions"]}


def faults(seed):
    answer = told("v1/chat/completions", {
        "model": model, "messages": [{"role": "user", "content": questions[seed % len(questions)]}], "temperature": 1.5,
        "seed": seed, "n": 8, "tool_choice": "required"})
    found = []
    for choice in answer["choices"]:
        for call in choice["message"]["tool_calls"]:
            try:
                jsonschema.validate(json.loads(call["function"]["arguments"]), schemas[call["function"]["name"]])
            except Exception as fault:
                found.append(f"{call['function']}: {fault}")
    return found


with concurrent.futures.ThreadPoolExecutor(16) as pool:
    results = list(pool.map(faults, range(count // 8)))
wrong = sum(results, [])
print("\n".join(wrong[:10]))
print(f"{count - len(wrong)} passed, {len(wrong)} failed")
sys.exit(bool(wrong))
