#!/usr/bin/env python3
"""Counts the calls of files of chats, and compares them with the rows that Decant reads from the same files.

    count_chats.py DECANT FILE…    DECANT is the built program; files are JSON lines or one list, in any layout that it reads

Every call of every chat, equal chats counted once, must be a row's answer or be skipped for a reason, and no turn with a call may be a
row that wants none. The count shares no code with Decant. Exits 1 where something is missing.
"""

import ast
import collections
import json
import pathlib
import re
import subprocess
import sys
import tempfile

ASSISTANT = {"assistant", "gpt", "model", "bot", "chatgpt", "ai", "function_call", "tool_call"}
MARK = re.compile(r"<(?:tool_call|function_call|functioncall)>(.*?)(?:</(?:tool_call|function_call|functioncall)>|<\|endoftext\|>|$)", re.S)


def records(path):
    text = pathlib.Path(path).read_text(encoding="utf-8-sig")
    return json.loads(text) if text.lstrip().startswith("[") else [json.loads(line) for line in text.splitlines() if line.strip()]


def value(text):
    try:
        return json.loads(text)
    except ValueError:
        return ast.literal_eval(text)


def spelled(text):
    """The names of the calls that a text spells; one that cannot be read counts as '?'."""
    try:
        found = value(text.strip())
    except (ValueError, SyntaxError):
        return ["?"]
    return [call.get("name", "?") for call in (found if isinstance(found, list) else [found])]


def turns(record):
    """(names of calls, words, whether it is learned) of each assistant's turn."""
    if "chat" in record:
        for part in re.split(r"\n\s*(?=(?:USER|ASSISTANT|FUNCTION RESPONSE):)", record["chat"]):
            if part.strip().startswith("ASSISTANT:"):
                yield read(part.strip()[10:], True)
        return
    if "output" in record:
        yield read(record["output"], True)
        return
    messages = record.get("messages") or record.get("conversations") or record.get("prompt", []) + record.get("completion", [])
    for message in messages:
        role = (message.get("role") or message.get("from")).lower().replace("-", "_")
        if role not in ASSISTANT:
            continue
        learned = message.get("weight", message.get("loss_weight", 1)) != 0
        content = message.get("content", message.get("value")) or ""
        calls = [call["function"]["name"] for call in message.get("tool_calls") or []]
        if message.get("function_call"):
            calls.append(message["function_call"]["name"])
        if isinstance(content, list):
            calls += [name for part in content if part["type"] == "tool_call" for name in spelled(part["value"])]
            content = "".join(part.get("text", part.get("value", "")) for part in content if part["type"] == "text")
        if role in ("function_call", "tool_call") and not MARK.search(content):
            yield spelled(content), "", learned
        elif calls:
            yield calls, content, learned
        else:
            yield read(content, learned)


def read(words, learned):
    return [name for text in MARK.findall(words) for name in spelled(text)], words, learned


def ingest(decant, path, folder):
    inputs = folder / "inputs" / "train.0"
    inputs.mkdir(parents=True)
    (folder / "outputs").mkdir()
    (inputs / pathlib.Path(path).name).write_bytes(pathlib.Path(path).read_bytes())
    action = {"kind": "data.ingest", "revision": 3, "parameters": {"format": "openai"}, "numerics": "portable",
              "inputs": [{"name": "train.0", "artifact": "0" * 64}]}
    (folder / "action.json").write_text(json.dumps(action))
    # A stage ends when its standard input does.
    with subprocess.Popen([decant, "stage", "run", folder], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as stage:
        if stage.wait() != 0:
            sys.exit(f"{path} is refused")
    rows = [json.loads(line) for line in (folder / "outputs" / "rows.jsonl").read_text().splitlines()]
    return rows, json.loads((folder / "outputs" / "reading.json").read_text())


def compare(decant, path):
    chats = records(path)
    distinct = {json.dumps(chat): chat for chat in chats}.values()
    every = sum(len(list(turns(chat))) for chat in chats)
    said = [turn for chat in distinct for turn in turns(chat)]
    with tempfile.TemporaryDirectory() as folder:
        rows, report = ingest(decant, path, pathlib.Path(folder))
    skipped = {reason: entry["count"] for reason, entry in report["skipped"].items()}
    calling = [row for row in rows if row["answers"]]
    names = collections.Counter(name for calls, _, _ in said for name in calls)
    found = collections.Counter(call["name"] for row in rows for call in row["answers"])
    refusals = [row for row in rows if not row["answers"]]
    called = {words.strip() for calls, words, _ in said if calls and words.strip()}
    wrong = [row["id"] for row in refusals if MARK.search(row.get("reply", "")) or row.get("reply", "").strip() in called]
    print(f"{path}: {len(chats)} chats, {len(distinct)} of them distinct, with {len(said)} turns, of which "
          f"{sum(bool(calls) for calls, _, _ in said)} call ({names.total()} calls)")
    print(f"  rows: {len(rows)}, {len(calling)} with {found.total()} calls; {len(refusals)} want none, {len(wrong)} of them wrongly")
    for reason, count in sorted(skipped.items()):
        print(f"  skipped {count}: {reason}")
    missing = names - found
    excess = found - names
    if missing:
        print(f"  calls that are no row: {dict(missing.most_common(8))}")
    turns_lost = every - len(rows) - sum(skipped.values())
    if turns_lost:
        print(f"  {turns_lost} turns are neither a row nor skipped")
    reasons = [count for reason, count in skipped.items() if not reason.startswith(("equal", "words"))]
    return bool(wrong or excess or turns_lost or missing.total() > sum(reasons))


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    sys.exit(max([compare(sys.argv[1], path) for path in sys.argv[2:]]))
