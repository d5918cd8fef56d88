"""A folder with a recipe of a second, and the program."""
import json, os, shutil, subprocess, sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TINY = os.path.join(ROOT, "Tests", "Fixtures", "tiny")

RECIPE = """decant: 1
name: small
description: The whole path in a second.
sources:
  functions: {path: functions.yaml}
  utterances: {path: utterances.yaml}
data:
  generate: {functions: functions, templates: utterances, count: 60, seed: 3}
  split: {test: 15%, valid: 5%}
  prompt: query
tokenizer: {vocabulary: 300}
student: {init: {hidden: 32, layers: 2, heads: 2, kv_heads: 1, intermediate: 64}}
transfer: "SFT(steps: 4)"
quantize: {scheme: W8A16, group_size: 32}
evaluate: {sets: [test], metrics: [ar, flops]}
"""


class Shop:
    """A folder with the recipe, and the program."""

    def __init__(self, program, folder):
        self.program, self.folder = program, folder
        for name in ("functions.yaml", "utterances.yaml"):
            shutil.copy(os.path.join(TINY, name), folder)
        self.write(RECIPE)

    def write(self, text, name="small.yaml"):
        with open(os.path.join(self.folder, name), "w") as file:
            file.write(text)

    def start(self, *arguments, cache="cache", environment={}):
        env = dict(os.environ, DECANT_CACHE=os.path.join(self.folder, cache), HOME=self.folder, **environment)
        return subprocess.Popen([self.program, *arguments], cwd=self.folder, env=env, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def run(self, *arguments, status=0, **more):
        process = self.start(*arguments, **more)
        # A run beside others may wait long for the processor.
        out, err = process.communicate(timeout=3600)
        if status is not None and process.returncode != status:
            sys.exit(f"decant {' '.join(arguments)} ended with {process.returncode}\n{out[-3000:]}\n{err[-3000:]}")
        return process.returncode, out, err

    def build(self, recipe="small.yaml", cache="cache"):
        _, out, _ = self.run("build", recipe, "--json", cache=cache)
        done = json.loads(out.splitlines()[-1])
        return {target["name"]: target["commit"] for target in done["targets"]}, done

    def expect_whole(self, reference, cache, what):
        # Killed early enough, a build leaves no store.
        if os.path.exists(os.path.join(self.folder, cache, "lineage.git")):
            status, out, err = self.run("fsck", cache=cache, status=None)
            if status != 0:
                sys.exit(f"after {what}, fsck: {out}{err}")
        commits, _ = self.build(cache=cache)
        if commits != reference:
            sys.exit(f"after {what}, the build gives other commits: {commits} instead of {reference}")
        status, out, err = self.run("fsck", cache=cache, status=None)
        if status != 0:
            sys.exit(f"after {what} and a build, fsck: {out}{err}")

    def remove(self, cache):
        shutil.rmtree(os.path.join(self.folder, cache), ignore_errors=True)
