"""What another program does in place of data.ingest and data.split: compare.py PROGRAM FORM FILE FOLDER.

It reads the rows, leaves out equal ones, puts a tenth by a hash of the text into a test set, and writes both sets as JSON lines. It neither checks
rows nor calls.
"""
import os, sys


def with_duckdb(form, path, folder):
    import duckdb
    database = duckdb.connect()
    database.execute("SET threads = 2")
    reader = {"csv": "read_csv", "parquet": "read_parquet"}.get(form, "read_json")
    compression = f", compression = '{form}'" if form in ("gzip", "zstd") else ""
    options = "" if form in ("csv", "parquet") else ", format = 'newline_delimited'" + compression
    text = {"openai": "messages[1].content", "csv": "text", "parquet": "text"}.get(form, "query")
    database.execute(f"CREATE TABLE rows AS SELECT DISTINCT * FROM {reader}('{path}'{options})")
    for name, test in (("train", "<>"), ("test", "=")):
        where = f"hash({text}) % 10 {test} 0"
        database.execute(f"COPY (SELECT * FROM rows WHERE {where}) TO '{folder}/{name}.jsonl' (FORMAT JSON)")


def with_pandas(form, path, folder):
    import pandas
    if form == "csv":
        rows = pandas.read_csv(path, dtype=str)
    elif form == "parquet":
        rows = pandas.read_parquet(path)
    else:
        rows = pandas.read_json(path, lines=True, compression={"gzip": "gzip", "zstd": "zstd"}.get(form))
    text = {"openai": "messages", "csv": "text", "parquet": "text"}.get(form, "query")
    keys = rows[text].astype(str)
    rows = rows[~keys.duplicated()]
    test = pandas.util.hash_pandas_object(rows[text].astype(str), index=False) % 10 == 0
    for name, part in (("train", rows[~test]), ("test", rows[test])):
        part.to_json(f"{folder}/{name}.jsonl", orient="records", lines=True)


def with_datasets(form, path, folder):
    import datasets
    datasets.disable_progress_bars()
    kind = {"csv": "csv", "parquet": "parquet"}.get(form, "json")
    rows = datasets.load_dataset(kind, data_files=path, split="train", cache_dir=f"{folder}/cache")
    parts = rows.train_test_split(test_size=0.1, seed=7)
    for name in ("train", "test"):
        parts[name].to_json(f"{folder}/{name}.jsonl")


program, form, path, folder = sys.argv[1:]
os.makedirs(folder, exist_ok=True)
{"duckdb": with_duckdb, "pandas": with_pandas, "datasets": with_datasets}[program](form, path, folder)
