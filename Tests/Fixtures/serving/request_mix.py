"""Requests of all kinds, drawn from a seed: mixed_requests(MODELS, COUNT) gives the same ones each time."""
import random

from http_client import request_bytes

ROOMS, STATES = ["kitchen", "bedroom", "hall"], ["on", "off"]
TOOLS = [
    {"type": "function", "function": {"name": "wave", "description": "Wave.", "parameters": {
        "type": "object", "required": ["hand", "times"],
        "properties": {"hand": {"enum": ["left", "right"]}, "times": {"type": "integer"}}}}},
    {"type": "function", "function": {"name": "say", "parameters": {
        "type": "object", "required": ["words"], "properties": {"words": {"type": "string"}}}}},
    {"type": "function", "function": {"name": "nod", "parameters": {"type": "object", "properties": {}}}},
]
PLACE = {"type": "object", "additionalProperties": False, "required": ["room", "floor", "tags"], "properties": {
    "room": {"type": "string", "enum": ROOMS}, "floor": {"type": "integer"},
    "tags": {"type": "array", "items": {"type": "boolean"}}, "note": {"type": "string"}}}


def question(draw):
    room = draw.choice(ROOMS)
    return draw.choice([
        f"turn {draw.choice(STATES)} the light in the {room}", f"heat the {room} to {draw.randint(16, 25)}", "play some jazz",
        "where is the phone of anna", "", "gr\u00fc\u00dfe \U0001f600 \" \\ {"])


def chat(draw):
    return {"messages": [{"role": "user", "content": question(draw)}]}


def long_chat(draw):
    """Most of the prompt is one of a few beginnings, which requests share."""
    beginning = [{"role": "system", "content": f"House {draw.randint(1, 3)}. " + "Keep all rooms warm. " * 6}]
    said = [{"role": "user", "content": question(draw)}, {"role": "assistant", "content": "done"}] * draw.randint(0, 3)
    return {"messages": beginning + said + chat(draw)["messages"]}


def with_tools(draw):
    tools = draw.sample(TOOLS, draw.randint(1, 3))
    named = {"type": "function", "function": {"name": tools[0]["function"]["name"]}}
    return chat(draw) | {
        "tools": tools, "tool_choice": draw.choice(["auto", "required", named]), "parallel_tool_calls": draw.random() < 0.5}


def in_words(draw):
    return chat(draw) | {"tool_choice": "none", "stop": draw.choice([["e"], ["room", "\"}"], [], [" "]])}


def of_a_schema(draw):
    return chat(draw) | {"response_format": {"type": "json_schema", "json_schema": {"name": "place", "schema": PLACE}}}


def free(draw):
    return chat(draw) | {"constrained": False}


def completion(draw):
    prompts = ["kitchen", "turn the", question(draw) or "hall", [5, 6, 7], ["light", "heat"]]
    return {"prompt": draw.choice(prompts), "stop": draw.choice([[], ["a"], ["on", "off"]])}


KINDS = [chat, long_chat, with_tools, in_words, of_a_schema, free, completion]


def drawn_request(kind, model, draw):
    body = {"model": model, "max_tokens": draw.choice([1, 4, 16, 48])} | kind(draw)
    if draw.random() < 0.5:
        body |= {"temperature": draw.choice([0.3, 1, 2]), "top_p": draw.choice([0.7, 1]), "seed": draw.randint(0, 1 << 40)}
        body["n"] = draw.choice([1, 1, 1, 2, 4])
    if draw.random() < 0.25:
        body |= {"logprobs": draw.choice([0, 3])} if "prompt" in body else {
            "logprobs": True, "top_logprobs": draw.choice([0, 3])}
    if draw.random() < 0.25:
        body["return_token_ids"] = True
    if draw.random() < 0.5:
        body |= {"stream": True, "stream_options": {"include_usage": draw.random() < 0.5}}
    return body


def mixed_requests(models, count):
    """Bodies, each model and kind as often as any other."""
    draw = random.Random(23)
    return [drawn_request(KINDS[number % len(KINDS)], models[number // len(KINDS) % len(models)], draw)
            for number in range(count)]


def path(body):
    return "v1/completions" if "prompt" in body else "v1/chat/completions"


def written(body, headers=""):
    return request_bytes(path(body), body, headers)
