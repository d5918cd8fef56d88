"""What reaches the disk, and in which order, by the system calls of the program: `strace` writes them down."""
import os, random, re, shutil, subprocess, sys

CALLS = ("open,openat,creat,write,pwrite64,writev,pwritev,ftruncate,copy_file_range,sendfile,mmap,rename,renameat,renameat2,"
         "link,linkat,mkdir,mkdirat,unlink,unlinkat,rmdir,fsync,fdatasync")


class Disk:
    """What a loss of power would take: bytes that were not flushed, and names whose folders were not."""

    def __init__(self, stores, what):
        self.stores, self.what = stores, what
        self.dirty, self.names, self.lost = set(), set(), set()
        self.counts = {"files": 0, "folders": 0, "refs": 0, "flushes": 0}

    def part(self, path):
        """The path below the repository that it belongs to; an empty one for a folder above it."""
        for store in self.stores:
            if path.startswith(store + "/"):
                return path[len(store) + 1:]
            if store == path or store.startswith(path + "/"):
                return ""
        return None

    def lasts(self, path):
        """Whether a loss of the name would lose what a ref relies on."""
        part = self.part(path)
        if part is None or "/tmp_" in path or part.endswith(".lock"):
            return False
        return part in ("", "objects", "lfs", "lfs/objects", "refs", "HEAD", "config") or part.startswith(("objects/", "lfs/objects/"))

    def is_ref(self, path):
        part = self.part(path)
        return part is not None and (part.startswith("refs/") or part == "packed-refs") and not part.endswith(".lock")

    def fail(self, reason):
        sys.exit(f"{self.what}: {reason}")

    def expect_all(self, before):
        waiting = sorted(name for name in self.names if self.lasts(name))
        if waiting:
            self.fail(f"{before}, while a loss of power would take the name {waiting[0]}")
        waiting = sorted(path for path in self.dirty if self.lasts(path))
        if waiting:
            self.fail(f"{before}, while a loss of power would take bytes of {waiting[0]}")

    # What the calls do

    def written(self, path):
        self.dirty.add(path)

    def made(self, path, is_folder=False):
        self.names.add(path)
        if is_folder and self.lasts(path):
            self.counts["folders"] += 1

    def moved(self, old, new, stays=False):
        def under(paths):
            return {path for path in paths if path == old or path.startswith(old + "/")}
        unflushed = under(self.dirty)
        if (self.lasts(new) or self.is_ref(new)) and unflushed:
            self.fail(f"{new} gets its name before its bytes are on the disk")
        if self.is_ref(new):
            self.counts["refs"] += 1
            self.expect_all(f"the ref {new} is set")
        elif self.lasts(new):
            self.counts["files"] += 1
        for paths in (self.dirty, self.names):
            for path in under(paths):
                if not stays:
                    paths.discard(path)
                paths.add(new + path[len(old):])
        self.names.add(new)

    def removed(self, path):
        self.dirty.discard(path)
        self.names.discard(path)
        self.lost = {lost for lost in self.lost if not lost.startswith(path + "/")}
        if self.is_ref(path):
            self.lost.add(path)
        elif self.part(path) and self.lasts(path) and self.part(path).startswith("lfs/objects/") and self.lost:
            self.fail(f"{path} is removed, while a loss of power would bring back the ref {sorted(self.lost)[0]}")

    def flushed(self, path):
        self.counts["flushes"] += 1
        self.dirty.discard(path)
        self.names = {name for name in self.names if os.path.dirname(name) != path}
        self.lost = {name for name in self.lost if os.path.dirname(name) != path}


def unescaped(text):
    return re.sub(r"\\(\d{3})", lambda match: chr(int(match[1], 8)), text)


def replay(trace, disk):
    """Gives a trace to a disk. A flush counts when it has returned, everything else when it begins."""
    waiting = {}
    for line in open(trace, errors="replace"):
        process, _, call = line.partition(" ")
        call = call.strip()
        if call.endswith("<unfinished ...>"):
            call = call[:-len("<unfinished ...>")].rstrip()
            waiting[process] = call
            if call.startswith(("fsync", "fdatasync", "unlink", "rmdir")):
                continue
            result = 0
        elif match := re.match(r"<\.\.\. (\w+) resumed>.*= (-?\d+)", call):
            call = waiting.pop(process, "")
            if not call.startswith(("fsync", "fdatasync", "unlink", "rmdir")):
                continue
            result = int(match[2])
        elif match := re.search(r"= (-?\d+|0x[0-9a-f]+)(<[^>]*>)?(?: E\w+ .*)?$", call):
            result = int(match[1], 0)
        else:
            continue
        if result < 0:
            continue
        name, _, rest = call.partition("(")
        apply(name, rest, disk)


def apply(name, rest, disk):
    places = re.findall(r'(?:(?:AT_FDCWD|\d+)<([^>]*)>, )?"([^"]*)"', rest)
    paths = [unescaped(os.path.join(folder, path)) for folder, path in places]
    opened = re.match(r"\d+<([^>]*)>", rest)
    if name in ("open", "openat", "creat"):
        if "O_CREAT" in rest or name == "creat":
            disk.made(paths[0])
    elif name in ("write", "pwrite64", "writev", "pwritev", "ftruncate") and opened:
        disk.written(unescaped(opened[1]))
    elif name == "mmap":
        shared = re.search(r"PROT_WRITE.*MAP_SHARED.*, \d+<([^>]*)>", rest)
        if shared:
            disk.written(unescaped(shared[1]))
    elif name in ("copy_file_range", "sendfile"):
        found = re.findall(r"\d+<([^>]*)>", rest)
        if found:
            disk.written(unescaped(found[-1 if name == "copy_file_range" else 0]))
    elif name.startswith("rename") and len(paths) == 2:
        disk.moved(*paths)
    elif name.startswith("link") and len(paths) == 2:
        disk.moved(*paths, stays=True)
    elif name.startswith("mkdir") and paths:
        disk.made(paths[0], is_folder=True)
    elif name in ("unlink", "unlinkat", "rmdir") and paths:
        disk.removed(paths[0])
    elif name in ("fsync", "fdatasync") and opened:
        disk.flushed(unescaped(opened[1]))


def run(shop, options):
    if not shutil.which("strace"):
        sys.exit("strace is missing: apt-get install strace")
    folder = os.path.realpath(shop.folder)
    def place(name):
        return os.path.join(folder, name)
    def traced(what, arguments, cache, *stores):
        trace = place("trace")
        env = dict(os.environ, HOME=folder)
        result = subprocess.run(["strace", "-f", "-y", "-s", "0", "-e", "trace=" + CALLS, "-e", "signal=none", "-o", trace,
                                 shop.program, *arguments, "--cache", place(cache)], cwd=folder, env=env,
                                stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if result.returncode != 0:
            sys.exit(f"decant {' '.join(arguments)} ended with {result.returncode}\n{result.stderr[-2000:]}")
        disk = Disk([place(store) for store in stores], what)
        replay(trace, disk)
        disk.expect_all("it ends")
        waiting = sorted(name for name in disk.names if disk.is_ref(name))
        if waiting:
            disk.fail(f"it ends, while a loss of power would take the name {waiting[0]}")
        counts = disk.counts
        print(f"{what}: {counts['files']} files under their names, {counts['folders']} new folders, {counts['refs']} refs, "
              f"{counts['flushes']} flushes: bytes, names and folders first, refs last", flush=True)

    with open(place("large.bin"), "wb") as file:
        file.write(random.Random(1).randbytes(1 << 20))
    os.mkdir(place("deep"))
    traced("build in a new store", ["build", "small.yaml", "--jobs", "1"], "deep/er/store", "deep/er/store/lineage.git")
    ours = "deep/er/store/lineage.git"
    traced("tag", ["tag", "v1", "small"], "deep/er/store", ours)
    traced("import", ["import", "large.bin"], "deep/er/store", ours)
    subprocess.run(["git", "init", "--quiet", "--bare", place("remote.git")], check=True)
    traced("push", ["push", place("remote.git")], "deep/er/store", "remote.git")
    traced("clone", ["clone", place("remote.git")], "theirs", "theirs/lineage.git")
    shop.write(open(place("small.yaml")).read().replace("group_size: 32", "group_size: 16"))
    traced("build of a change", ["build", "small.yaml", "--jobs", "1"], "theirs", "theirs/lineage.git")
    traced("push of a change", ["push", place("remote.git")], "theirs", "remote.git")
    traced("pull", ["pull", place("remote.git")], "deep/er/store", ours)
    traced("tag --delete", ["tag", "--delete", "v1"], "theirs", "theirs/lineage.git")
    traced("gc", ["gc", "--keep-days", "0"], "theirs", "theirs/lineage.git")
