"""SIGKILL at random moments in the commands that exchange, name and remove what a store has."""
import os, random, shutil, signal, subprocess, sys, time

from .shop import RECIPE, ROOT

COMMANDS = ["gc", "pull", "push", "clone", "tag", "import"]


class Server:
    """A git server with Git LFS on this machine, for one repository."""

    def __init__(self, folder):
        self.folder = folder
        os.makedirs(folder)
        self.process = subprocess.Popen([sys.executable, os.path.join(ROOT, "Tests/Fixtures/sharing/server.py"), folder],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.address = f"http://127.0.0.1:{int(self.process.stdout.readline())}/models.git"
        self.repository = os.path.join(folder, "models.git")

    def settle(self):
        """Waits until no program that serves somebody who is gone is left."""
        children = f"/proc/{self.process.pid}/task"
        def busy():
            return any(open(f"{children}/{thread}/children").read() for thread in os.listdir(children))
        while True:
            try:
                if not busy():
                    return time.sleep(0.05)
            except FileNotFoundError:
                pass
            time.sleep(0.02)

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


class Workshop:
    """Stores to begin with, and what each command is to leave."""

    def __init__(self, shop):
        self.shop = shop
        self.server = Server(os.path.join(shop.folder, "server"))
        self.large = os.path.join(shop.folder, "large.bin")
        with open(self.large, "wb") as file:
            file.write(random.Random(1).randbytes(6 << 20))
        shop.write(RECIPE.replace("SFT(steps: 4)", "SFT(steps: 3)"))
        shop.build(cache="first")
        self.copy("first", "second")
        shop.run("tag", "v1", "small", cache="second")
        shop.write(RECIPE)
        self.reference, _ = shop.build(cache="second")
        # A remote with the first build alone, and one with all.
        for name in ("first", "second"):
            self.bare(f"{name}.git")
            shop.run("push", self.place(f"{name}.git"), cache=name)

    def place(self, name):
        return os.path.join(self.shop.folder, name)

    def copy(self, source, name):
        shutil.rmtree(self.place(name), ignore_errors=True)
        shutil.copytree(self.place(source), self.place(name), symlinks=True)

    def bare(self, name):
        shutil.rmtree(self.place(name), ignore_errors=True)
        subprocess.run(["git", "init", "--quiet", "--bare", self.place(name)], check=True)

    def prepare(self, command, way):
        """Lays out `victim` and the remote of a trial.

        Returns the command's arguments, and the remote's folder where there is one.
        """
        self.shop.remove("victim")
        if command == "import":
            self.copy("second", "victim")
            return ["import", self.large], None
        if command == "tag":
            self.copy("second", "victim")
            return ["tag", "v2", "small", "--message", "the second"], None
        if command == "gc":
            self.copy("second", "victim")
            self.shop.run("tag", "--delete", "v1", cache="victim")
            return ["gc", "--keep-days", "0"], None
        remote = self.server.repository if way == "http" else self.place("remote.git")
        shutil.rmtree(remote, ignore_errors=True)
        shutil.copytree(self.place("first.git" if command == "push" else "second.git"), remote)
        if command != "clone":
            self.copy("second" if command == "push" else "first", "victim")
        return [command, self.server.address if way == "http" else remote], remote

    def refs(self, repository):
        """What each ref names; of a tag its commit, since the tag itself has a time."""
        result = subprocess.run(["git", "-c", "safe.directory=*", "--git-dir", repository, "for-each-ref",
                                 "--format=%(refname) %(objectname) %(*objectname)", "refs/heads", "refs/tags", "refs/decant/actions"],
                                capture_output=True, text=True, check=True)
        return {words[0]: words[-1] for words in map(str.split, result.stdout.splitlines())}

    def expect_whole(self, folder, what):
        """Whatever a store's refs name is all there, for Decant and for git."""
        status, out, err = self.shop.run("fsck", cache=folder, status=None)
        if status != 0:
            sys.exit(f"{what}: fsck of {folder}: {out}{err}")
        self.expect_whole_for_git(os.path.join(self.place(folder), "lineage.git"), what)

    def expect_whole_for_git(self, repository, what):
        check = subprocess.run(["git", "-c", "safe.directory=*", "--git-dir", repository, "fsck", "--strict", "--no-dangling",
                                "--no-progress"], capture_output=True, text=True)
        if check.returncode != 0 or "error" in check.stderr:
            sys.exit(f"{what}: git fsck of {repository}: {check.stderr}")

    def expect_whole_remote(self, remote, after, what):
        """Whatever a remote's refs name is all there: a stranger clones it, and the clone is whole.

        A push moves heads before it names results, so a clone may name results that the remote does not name yet: those that an
        undisturbed command leaves there (`after`), and no others.
        """
        self.server.settle()
        self.expect_whole_for_git(remote, what)
        self.shop.remove("stranger")
        self.shop.run("clone", remote, cache="stranger")
        there, cloned = self.refs(remote).items(), self.refs(os.path.join(self.place("stranger"), "lineage.git")).items()
        if not there <= cloned:
            sys.exit(f"{what}: a clone of the remote lacks {sorted(there - cloned)}")
        if not cloned - there <= after.items():
            sys.exit(f"{what}: a clone of the remote names {sorted(cloned - there - after.items())}, which nobody pushed")
        self.expect_whole("stranger", what)


def run(shop, options):
    work = Workshop(shop)
    chance = random.Random(options.seed)
    each, rest = divmod(options.count or 200, len(COMMANDS))
    try:
        for number, command in enumerate(COMMANDS):
            count = each + (1 if number < rest else 0)
            attack(work, command, count, chance)
    finally:
        work.server.stop()


def attack(work, command, count, chance):
    shop = work.shop
    ways = ["path", "http"] if command in ("pull", "push", "clone") else ["here"]
    victim = os.path.join(work.place("victim"), "lineage.git")
    plans = {}
    for way in ways:
        arguments, remote = work.prepare(command, way)
        before = work.refs(victim) if os.path.exists(victim) else {}
        before_there = work.refs(remote) if remote else {}
        started = time.time()
        shop.run(*arguments, cache="victim")
        seconds = time.time() - started
        plans[way] = (seconds, before, work.refs(victim), before_there, work.refs(remote) if remote else {})

    def expect_old_or_new(place, refs, before, after, what):
        for name, target in refs.items():
            if target not in (before.get(name), after.get(name)):
                sys.exit(f"{what}: {place} has {name} at {target}")
        for name in before:
            if name not in refs and name in after:
                sys.exit(f"{what}: {place} has lost {name}")

    kills = finished = 0
    outcomes = {"as before": 0, "in between": 0, "as after": 0}
    while kills < count:
        way = ways[kills % len(ways)]
        seconds, before, after, before_there, after_there = plans[way]
        arguments, remote = work.prepare(command, way)
        process = shop.start(*arguments, cache="victim")
        time.sleep(chance.uniform(0, seconds))
        if process.poll() is not None:
            process.communicate()
            finished += 1
            continue
        process.send_signal(signal.SIGKILL)
        process.communicate()
        kills += 1
        what = f"kill {kills} of {command} ({way})"
        # Nothing half made can be seen.
        refs = {}
        if os.path.exists(victim):
            work.expect_whole("victim", what)
            refs = work.refs(victim)
            expect_old_or_new("the store", refs, before, after, what)
        if remote:
            work.expect_whole_remote(remote, after_there, what)
            expect_old_or_new("the remote", work.refs(remote), before_there, after_there, what)
        moved = (work.refs(remote), before_there, after_there) if command == "push" else (refs, before, after)
        outcomes["as after" if moved[0] == moved[2] else "as before" if moved[0] == moved[1] else "in between"] += 1
        # The command does its work when it is called again.
        status, out, err = shop.run(*arguments, cache="victim", status=None)
        was_made = command == "tag" and refs == after and "exists already" in err
        if status != 0 and not was_made:
            sys.exit(f"{what}: called again, it ends with {status}\n{out}{err}")
        if work.refs(victim) != after or (remote and work.refs(remote) != after_there):
            sys.exit(f"{what}: called again, it leaves other refs than an undisturbed one")
        work.expect_whole("victim", f"{what}, and again")
        if remote:
            work.expect_whole_remote(remote, after_there, f"{what}, and again")
        _, done = shop.build(cache="victim")
        commits = {target["name"]: target["commit"] for target in done["targets"]}
        if commits != work.reference or done["ran"]:
            sys.exit(f"{what}: the build runs {done['ran']} and gives {commits} instead of {work.reference}")
        work.expect_whole("victim", f"{what}, and a build")
    lengths = ", ".join(f"{way} {plans[way][0]:.2f} s" for way in ways)
    found = ", ".join(f"{number} {outcome}" for outcome, number in outcomes.items())
    print(f"{command}: {kills} kills ({lengths}; {finished} runs ended first): refs {found}; every fsck clean, "
          "called again it does its work, the same commits, nothing runs", flush=True)
