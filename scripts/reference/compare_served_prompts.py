#!/usr/bin/env python3
"""Prompts of a served model, and those that `transformers`' apply_chat_template makes of the same messages, by token ids.

    compare_served_prompts.py URL MODEL FOLDER FILE [LIMIT]

URL is that of `decant serve`, MODEL a name there, FOLDER the same model as `decant export` copies it, with a chat template.
FILE has a question a line: a chat (`messages`, perhaps `tools`, both of the OpenAI interface), or a row of Decant's data, whose
functions are those that the server tells of. LIMIT is how many are asked; all where it is missing.

Functions are asked about where the template reads tools. Counted and not asked are questions that spell one of the tokenizer's
special tokens, since here a text stays a text, and those with calls for a template that reads none and loses them, since here
the message says them. Prints the counts, and the first prompts that differ. Exits 1 where one does. Needs `transformers`.
"""

import concurrent.futures
import json
import pathlib
import sys
import urllib.error
import urllib.parse
import urllib.request

from transformers import AutoTokenizer


def chat(row, functions):
    """A question as messages and tools."""
    if "messages" in row:
        messages = row["messages"]
        while messages and messages[-1]["role"] == "assistant":
            messages = messages[:-1]
        return messages, row.get("tools") or []
    known = functions | {f["name"]: {"type": "function", "function": f} for f in row.get("definitions", [])}
    query = row["query"]
    system = [{"role": "system", "content": row["instructions"]}] if row.get("instructions") else []
    asked = [{"role": "user", "content": query}]
    tools = [known[name] for name in row.get("functions", [])]
    return system + row.get("context", []) + asked + row.get("steps", []), tools


def as_given(message):
    """A message as people give it to apply_chat_template: words as a text, arguments as a mapping."""
    given = {name: value for name, value in message.items() if name in ("role", "tool_call_id") and value is not None}
    given["role"] = {"developer": "system"}.get(given["role"], given["role"])
    content = message.get("content") or ""
    given["content"] = content if isinstance(content, str) else "".join(part["text"] for part in content)
    if message.get("tool_calls"):
        given["tool_calls"] = [
            call | {"function": call["function"] | {"arguments": json.loads(call["function"]["arguments"])}}
            for call in message["tool_calls"]
        ]
    return given


def fetch(url, body=None):
    data = None if body is None else json.dumps(body, ensure_ascii=False).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=600) as response:
            return json.load(response)
    except urllib.error.HTTPError as error:
        sys.exit(f"{url}: {error.code} {error.read().decode()}")


def main(url, model, folder, file, limit=None):
    url = url.rstrip("/")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    shows_tools = "tools" in tokenizer.chat_template
    shows_calls = "tool_calls" in tokenizer.chat_template
    known = fetch(f"{url}/v1/models/{urllib.parse.quote(model, safe='')}").get("functions", [])
    functions = {tool["function"]["name"]: tool for tool in known}
    rows = [json.loads(line) for line in pathlib.Path(file).read_text().splitlines() if line.strip()]
    rows = [row for row in rows if not row.get("examples") and not row.get("knowledge") and not row.get("passage")]

    def compare(row):
        messages, tools = chat(row, functions)
        if any(special in json.dumps(messages, ensure_ascii=False) for special in tokenizer.all_special_tokens):
            return None
        if not shows_calls and any(message.get("tool_calls") for message in messages):
            return None
        tools = tools if shows_tools else []
        wish = {"tools": tools} if tools else {"tool_choice": "none"}
        body = {"model": model, "messages": messages, "max_tokens": 1, "constrained": False, "return_token_ids": True} | wish
        ours = fetch(f"{url}/v1/chat/completions", body)["prompt_token_ids"]
        theirs = tokenizer.apply_chat_template(
            [as_given(message) for message in messages], tools=tools or None, tokenize=True, add_generation_prompt=True,
            return_dict=False)
        return ours, theirs

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        pairs = list(pool.map(compare, rows[: int(limit) if limit else None]))
    asked = [pair for pair in pairs if pair is not None]
    bad = [(ours, theirs) for ours, theirs in asked if ours != theirs]
    tokens = sum(len(theirs) for _, theirs in asked)
    print(f"{len(asked)} prompts of {tokens} tokens, {'with' if shows_tools else 'without'} tools, {len(bad)} differ; "
          f"{len(pairs) - len(asked)} not asked")
    for ours, theirs in bad[:2]:
        print("  theirs:", repr(tokenizer.decode(theirs))[-1500:], "\n  ours:  ", repr(tokenizer.decode(ours))[-1500:])
    return 1 if bad else 0


if __name__ == "__main__":
    if len(sys.argv) not in (5, 6):
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
