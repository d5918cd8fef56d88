"""Servers in turns, each started, warmed, asked by `decant bench serve` and ended. See README.md.

Arguments: the folder of `run` (models, data), then the parts. Prints tables in Markdown.
"""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request

FOLDER = pathlib.Path(sys.argv[1])
DECANT = os.environ["DECANT_PROGRAM"]
LLAMA = os.environ.get("LLAMA_SERVER")
VLLM = os.environ.get("VLLM")
GUIDELLM = os.environ.get("GUIDELLM")
THREADS = os.environ.get("THREADS", "2")
SLOTS = int(os.environ.get("LLAMA_SLOTS", "16"))
SECONDS = os.environ.get("SECONDS_PER_LOAD", "20")
CONCURRENCY = os.environ.get("CONCURRENCY", "1,8,16,32,64")
SERVER_CORES, CLIENT_CORES = os.environ.get("SERVER_CORES"), os.environ.get("CLIENT_CORES")
ANSWER = 24


def pinned(cores, command):
    return ["taskset", "-c", cores] + command if cores else command


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def get(url):
    with urllib.request.urlopen(url, timeout=5) as answer:
        return answer.read()


@contextlib.contextmanager
def serving(name, command):
    """Starts a server, waits until it is ready, gives its address and what it calls its model, and ends it."""
    port = free_port()
    log = open(FOLDER / "server.log", "wb")
    command = pinned(SERVER_CORES, [str(word).replace("PORT", str(port)) for word in command])
    process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 600
        while True:
            if process.poll() is not None or time.monotonic() > deadline:
                tail = (FOLDER / "server.log").read_text(errors="replace")[-2000:]
                raise RuntimeError(f"{name} did not come up:\n{tail}")
            with contextlib.suppress(OSError):
                get(url + "/health")
                break
            time.sleep(0.2)
        yield url, json.loads(get(url + "/v1/models"))["data"][0]["id"]
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def load(url, model, *options):
    """What `decant bench serve` measured, a dictionary for each load."""
    command = [DECANT, "bench", "serve", url, "--model", model, "--json", "--duration", SECONDS, *options]
    run = subprocess.run(pinned(CLIENT_CORES, command), capture_output=True, text=True)
    if not run.stdout:
        raise RuntimeError(run.stderr)
    if run.returncode:
        print(f"<!-- {run.stderr.splitlines()[-1]} -->")
    return json.loads(run.stdout)


def decant(target, *options):
    return [DECANT, "serve", target, "--port", "PORT", "--threads", THREADS, *options]


def llama(weights):
    model = FOLDER / "models" / weights / "model.gguf"
    context = SLOTS * 512
    return [
        LLAMA, "-m", model, "--host", "127.0.0.1", "--port", "PORT", "-t", THREADS, "-tb", THREADS, "-np", SLOTS,
        "-c", context,
    ]


def servers():
    """Names, the group whose members are compared, commands, and further members of each request."""
    ends = ["--extra", json.dumps({"ignore_eos": True})]
    for target, weights in [("w8a16", "q8_0"), ("w4a16", "q4_0")]:
        yield "decant " + target, weights, decant(target), ends
        if LLAMA:
            yield "llama-server " + weights, weights, llama(weights), ends
    if VLLM:
        model = FOLDER / "models" / "float32"
        command = [VLLM, "serve", model, "--host", "127.0.0.1", "--port", "PORT", "--max-model-len", "1024"]
        yield "vllm", "float", command + ["--enable-prefix-caching"], ends


def milliseconds(times, *percentiles):
    return " / ".join(f"{times[name] * 1000:.0f}" for name in percentiles) if times else "–"


def table(title, rows):
    """Rows: a name and the loads that were measured."""
    print(f"\n### {title}\n")
    counts = [str(entry["clients"]) for entry in rows[0][1]["loads"]]
    heads = ["server"] + [f"{count} clients" for count in counts] + ["answer tokens", "prompt, cached"]
    print("| " + " | ".join(heads) + " |")
    print("|" + "---|" + "---:|" * (len(heads) - 1))
    for name, report in rows:
        cells = [
            f"{entry['queries_per_second']:.2f} ({milliseconds(entry.get('response'), 'p50', 'p99')})"
            for entry in report["loads"]
        ]
        last = report["loads"][-1]
        cells.append(f"{last['answer_tokens']:.1f}")
        cells.append(f"{last['prompt_tokens']:.0f}, {last.get('cached_tokens', 0):.0f}")
        print("| " + " | ".join([name] + cells) + " |")


def ratios(rows):
    """Decant beside the better peer of the same weights, and beside the better of all."""
    ours = [(name, group, report) for name, group, report in rows if name.startswith("decant")]
    peers = [(name, group, report) for name, group, report in rows if not name.startswith("decant")]
    for name, group, report in ours:
        rivals = [peer for _, other, peer in peers if other in (group, "float")]
        if not rivals:
            continue
        print(f"\n{name}, beside the better peer:", end="")
        for place, entry in enumerate(report["loads"]):
            speed = max(peer["loads"][place]["queries_per_second"] for peer in rivals)
            last = min(peer["loads"][place]["response"]["p99"] for peer in rivals if peer["loads"][place].get("response"))
            print(
                f" {entry['clients']}: {entry['queries_per_second'] / speed:.2f}× answers, "
                f"{entry['response']['p99'] / last:.2f}× p99;",
                end="",
            )
        print()


def compare(title, *options):
    rows = []
    for name, group, command, extra in servers():
        try:
            with serving(name, command) as (url, model):
                rows.append((name, group, load(url, model, "--concurrency", CONCURRENCY, *options, *extra)))
        except RuntimeError as error:
            print(f"<!-- {name}: {error} -->")
    if rows:
        table(title, [(name, report) for name, _, report in rows])
        ratios(rows)


def peers():
    shape = ["--completions", "--prompt-tokens", "256", "--answer-tokens", str(ANSWER)]
    compare("Prompts of 256 words, 200 shared", *shape, "--shared-prefix", "200")
    compare("Prompts of 256 words, nothing shared", *shape)


def schema():
    """Answers that are held to a JSON schema, which llama.cpp's server turns into a grammar."""
    form = {
        "type": "object",
        "properties": {
            "name": {"enum": ["set_light", "set_heating", "play_music"]},
            "arguments": {
                "type": "object",
                "properties": {"room": {"enum": ["kitchen", "hall", "bedroom", "office"]}, "value": {"type": "integer"}},
                "required": ["room", "value"],
                "additionalProperties": False,
            },
        },
        "required": ["name", "arguments"],
        "additionalProperties": False,
    }
    rooms, verbs = ["kitchen", "hall", "bedroom", "office"], ["set the light", "set the heating", "play a song"]
    lines = [
        json.dumps({"query": f"Request {number}: {verbs[number % 3]} in the {rooms[number % 4]} to {number % 97}."})
        for number in range(20_000)
    ]
    questions = FOLDER / "questions.jsonl"
    questions.write_text("\n".join(lines) + "\n")
    held = {"response_format": {"type": "json_schema", "json_schema": {"name": "call", "schema": form, "strict": True}}}
    rows = []
    for name, group, command, _ in servers():
        try:
            with serving(name, command) as (url, model):
                options = ["--prompts", str(questions), "--answer-tokens", "64", "--extra", json.dumps(held)]
                rows.append((name, group, load(url, model, "--concurrency", CONCURRENCY, *options)))
        except RuntimeError as error:
            print(f"<!-- {name}: {error} -->")
    if rows:
        table("Answers held to a JSON schema", [(name, report) for name, _, report in rows])
        ratios(rows)


def prefixes():
    """What a shared beginning saves: 1,800 words, of which 1,670 are shared."""
    shape = ["--completions", "--prompt-tokens", "1800", "--shared-prefix", "1670", "--answer-tokens", "9"]
    rows = []
    for name, options in [("kept", []), ("not kept", ["--no-prefixes"])]:
        with serving("decant", decant("w4a16", *options)) as (url, model):
            rows.append((f"decant w4a16, prefixes {name}", load(url, model, "--concurrency", "1,8", *shape)))
    table("Prompts of 1,800 words, 1,670 shared", rows)
    for place, entry in enumerate(rows[0][1]["loads"]):
        print(f"\n{entry['clients']}: {entry['queries_per_second'] / rows[1][1]['loads'][place]['queries_per_second']:.1f}×")


def student():
    """The quickstart's student in four bits: closed loop, and response times at half of what it can do."""
    questions = ["--prompts", str(FOLDER / "data" / "test.jsonl")]
    with serving("decant", decant("student.kd.W4A16")) as (url, model):
        closed = load(url, model, *questions, "--concurrency", "1,8,16,32,64,128")
        best = max(entry["queries_per_second"] for entry in closed["loads"])
        half = load(url, model, *questions, "--rate", f"{best / 2:.0f}")
    table("The quickstart's four-bit student", [("decant", closed)])
    entry = half["loads"][0]
    print(
        f"\nAt {entry['rate']:.0f} requests/s: {milliseconds(entry['response'], 'p50', 'p90', 'p99')} ms (p50 / p90 / p99), "
        f"first token {milliseconds(entry.get('first_token'), 'p50', 'p99')} ms; the client took "
        f"{entry['client_processors']:.2f} of a processor; the server had {half.get('peak_memory', 0) / 2**20:.0f} MiB."
    )


def clients():
    """The same load by this client and by another one: their figures must agree."""
    words = "the of and to in that it was for on are with as his they be at one have this".split()
    prompts = FOLDER / "prompts.jsonl"
    number_of = 400
    lines = [
        " ".join(words[(number * 7 + place * (1 + number % 5)) % len(words)] for place in range(200))
        for number in range(number_of)
    ]
    prompts.write_text("".join(json.dumps({"prompt": f"{number} {line}"}) + "\n" for number, line in enumerate(lines)))
    with serving("decant", decant("w4a16", "--no-prefixes")) as (url, model):
        options = ["--prompts", str(prompts), "--concurrency", "8", "--requests", str(number_of), "--answer-tokens", str(ANSWER)]
        extra = ["--extra", json.dumps({"ignore_eos": True})]
        command = [DECANT, "bench", "serve", url, "--model", model, "--json", *options, *extra]
        run = subprocess.run(pinned(CLIENT_CORES, command), capture_output=True, text=True, check=True)
        ours = json.loads(run.stdout)["loads"][0]
        own = [ours[figure]["p50"] for figure in ("first_token", "further_token")]
        rows = [("decant bench serve", ours["queries_per_second"], *own)]
        if VLLM:
            rows.append(("vllm bench serve", *vllm_client(url, model, prompts, number_of)))
        if GUIDELLM:
            rows.append(("guidellm", *guidellm_client(url, model, prompts, number_of)))
    print("\n### The same load by other clients: 8 at once\n\n| client | answers/s | first token p50, ms | per token p50, ms |")
    print("|---|---:|---:|---:|")
    for name, speed, first, further in rows:
        print(f"| {name} | {speed:.3f} | {first * 1000:.1f} | {further * 1000:.2f} |")
    for name, speed, _, _ in rows[1:]:
        print(f"\n{name}: {abs(speed / rows[0][1] - 1):.1%} apart in answers/s")


def vllm_client(url, model, prompts, count):
    command = [
        VLLM, "bench", "serve", "--backend", "openai", "--base-url", url, "--endpoint", "/v1/completions", "--model", model,
        "--tokenizer", FOLDER / "models" / "float32", "--dataset-name", "custom", "--dataset-path", prompts,
        "--custom-output-len", ANSWER, "--skip-chat-template", "--disable-shuffle", "--num-prompts", count,
        "--max-concurrency", 8, "--ignore-eos", "--save-result", "--result-dir", FOLDER, "--result-filename", "vllm.json",
        "--percentile-metrics", "ttft,tpot,itl,e2el", "--metric-percentiles", "50,99",
    ]
    subprocess.run(pinned(CLIENT_CORES, [str(word) for word in command]), check=True, stdout=sys.stderr)
    result = json.loads((FOLDER / "vllm.json").read_text())
    return result["request_throughput"], result["median_ttft_ms"] / 1000, result["median_tpot_ms"] / 1000


def guidellm_client(url, model, prompts, count):
    output = FOLDER / "guidellm.json"
    backend = {"kind": "openai_http", "target": url, "model": model, "request_format": "/v1/completions", "http2": False}
    backend["extras"] = {"body": {"ignore_eos": True, "max_tokens": ANSWER}}
    tokenizer = {"kind": "hf_auto", "model": str(FOLDER / "models" / "float32")}
    command = [
        GUIDELLM, "run", "--backend", json.dumps(backend), "--profile", json.dumps({"kind": "concurrent", "streams": [8]}),
        "--constraint", json.dumps({"kind": "max_requests", "count": count}), "--tokenizer", json.dumps(tokenizer),
        "--data", json.dumps({"kind": "json_file", "path": str(prompts)}),
        "--output", json.dumps({"kind": "json", "path": str(output)}), "--disable-console-interactive",
    ]
    subprocess.run(pinned(CLIENT_CORES, [str(word) for word in command]), check=True, stdout=sys.stderr)
    metrics = json.loads(output.read_text())["benchmarks"][0]["metrics"]
    if not metrics["request_totals"]["successful"]:
        raise RuntimeError(f"GuideLLM had no answer: see {output}")
    first = metrics["time_to_first_token_ms"]["successful"]["median"] / 1000
    further = metrics["inter_token_latency_ms"]["successful"]["median"] / 1000
    return metrics["requests_per_second"]["successful"]["mean"], first, further


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return "unknown"


if __name__ == "__main__":
    print(f"{processor()}, {os.cpu_count()} processors; servers with {THREADS} threads, {SECONDS} s a load;", end=" ")
    print(f"server on {SERVER_CORES or 'all'}, client on {CLIENT_CORES or 'all'}; answers a second (p50 / p99 ms)")
    if (SERVER_CORES or CLIENT_CORES) and not shutil.which("taskset"):
        sys.exit("taskset is missing, which SERVER_CORES and CLIENT_CORES need")
    parts = {"peers": peers, "schema": schema, "prefixes": prefixes, "student": student, "clients": clients}
    for part in sys.argv[2:]:
        parts[part]()
