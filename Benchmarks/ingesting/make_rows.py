"""Rows of 200 to 400 bytes in one form, the same for the same number: make_rows.py FORM COUNT FILE."""
import csv, gzip, json, random, subprocess, sys

WORDS = "please turn set find book order play open close check light door song ticket flight room table train city late early".split()
TOOL = {"name": "act", "description": "Act.", "parameters": {"type": "object", "properties": {"what": {"type": "string"}}}}


def rows(count):
    """An id, a query of about 100 letters, a label and a word of the query."""
    random.seed(7)
    for number in range(count):
        words = [random.choice(WORDS) for _ in range(random.randrange(10, 22))]
        yield f"r{number}", " ".join(words) + f" {number}", f"label {number % 77}", words[0]


def decant(row):
    identifier, query, _, word = row
    return {"id": identifier, "query": query, "tools": [TOOL], "answers": [{"name": "act", "arguments": {"what": word}}]}


def openai(row):
    _, query, _, word = row
    call = {"type": "function", "function": {"name": "act", "arguments": json.dumps({"what": word})}}
    answer = {"role": "assistant", "content": None, "tool_calls": [call]}
    return {"messages": [{"role": "user", "content": query}, answer], "tools": [{"type": "function", "function": TOOL}]}


def table(row):
    return {"id": row[0], "text": row[1] + " " + row[1], "label": row[2]}


def lines(record, count):
    for row in rows(count):
        yield (json.dumps(record(row), separators=(",", ":")) + "\n").encode()


def main():
    form, count, path = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    if form in ("decant", "openai"):
        with open(path, "wb") as file:
            file.writelines(lines(decant if form == "decant" else openai, count))
    elif form == "gzip":
        with gzip.open(path, "wb", compresslevel=6) as file:
            file.writelines(lines(decant, count))
    elif form == "zstd":
        zstd = subprocess.Popen(["zstd", "-q", "-f", "-o", path], stdin=subprocess.PIPE)
        zstd.stdin.writelines(lines(decant, count))
        zstd.stdin.close()
        zstd.wait()
    elif form == "csv":
        with open(path, "w", newline="") as file:
            writer = csv.DictWriter(file, ["id", "text", "label"])
            writer.writeheader()
            writer.writerows(map(table, rows(count)))
    elif form == "parquet":
        import pyarrow, pyarrow.parquet
        columns = list(zip(*(table(row).values() for row in rows(count))))
        pyarrow.parquet.write_table(pyarrow.table(dict(zip(["id", "text", "label"], columns))), path, row_group_size=100_000)


main()
