"""Does cases of the fuzzer one after the other, and says on stdout how each went: ``python tests/fuzz/worker.py FIRST LAST``.

A line ``begin N KIND`` before each case and ``end N`` or ``fail N WHY`` after it: whoever reads them knows which one hangs.
"""

import hashlib
import os
import resource
import shutil
import sys
import tempfile
import traceback
from pathlib import Path

sys.dont_write_bytecode = True
sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]

MEMORY = 12 << 30
"""Bytes of address space: what asks for more is a defect, and the machine is not to suffer from it."""
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_CHANGES = {"os.rename": 2, "os.remove": 1, "os.mkdir": 1, "os.rmdir": 1, "os.link": 2}


class Fence:
    """Notes every attempt to write outside some folders; the interpreter tells of all that Python opens, moves or removes."""

    def __init__(self):
        self.inside: tuple[str, ...] = ()
        self.broken = []
        sys.addaudithook(self._hear)

    def _hear(self, event, arguments):
        if not self.inside:
            return
        if event == "open":
            path, _, flags = arguments
            paths = [path] if flags & _WRITING and not isinstance(path, int) else []
        else:
            paths = arguments[: _CHANGES.get(event, 0)]
        for path in paths:
            name = Path(os.fsdecode(path))
            if event != "open" and arguments[-1] >= 0:  # as seen from an open folder
                name = Path(f"/proc/self/fd/{arguments[-1]}").readlink() / name
            follows = event == "open" and not arguments[-1] & os.O_NOFOLLOW
            real = Path(os.path.realpath(name)) if follows else name.parent.resolve() / name.name
            if not str(real).startswith(self.inside) and str(real) != os.devnull:
                self.broken.append(f"{event} {name}")


def snapshot(folder):
    """What lies in a folder: names, and hashes of the plain files that are not huge."""
    found = {}
    for path in sorted(folder.rglob("*")):
        plain = path.is_file() and not path.is_symlink() and path.stat().st_size < 1 << 26
        found[str(path)] = hashlib.sha256(path.read_bytes()).hexdigest() if plain else ""
    return found


def do(number, material, space, pack, fence, real):
    """Do one case and return what is wrong with how it went, or None."""
    from cases import Case

    folder = space / f"case{number}"
    for name in ("in", "out", "tmp", "here"):
        (folder / name).mkdir(parents=True)
    os.chdir(folder / "here")
    os.environ["SOUNDINI_HOME"] = str(folder / "out" / "home")
    tempfile.tempdir = str(folder / "tmp")
    case = Case(number, material, folder, pack)
    act = case.prepared()
    before = snapshot(folder / "in")
    log = (folder / "log").open("w+b")
    sys.stdout.flush()
    os.dup2(log.fileno(), 1)
    os.dup2(log.fileno(), 2)
    trouble, code = None, None
    fence.broken, fence.inside = [], (f"{folder}/out/", f"{folder}/tmp")
    try:
        code = act()
    except BaseException:
        trouble = f"leaked a traceback: {traceback.format_exc()}"
    finally:
        fence.inside = ()
        sys.stdout.flush()
        sys.stderr.flush()
        os.dup2(real[0], 1)
        os.dup2(real[1], 2)
    log.seek(0)
    said = log.read().decode(errors="replace")
    log.close()
    if trouble is None and snapshot(folder / "in") != before:
        trouble = "changed its inputs"
    return trouble or judge(case, folder, code, said)


def judge(case, folder, code, said):
    """What is wrong with an exit code, what was said and what lies there."""
    errors = [line for line in said.splitlines() if line.startswith("soundini: ")]
    if code not in (0, 1, 2):
        return f"ended with {code}: {said}"
    if "Traceback" in said:
        return f"printed a traceback: {said}"
    if code == 2 and (len(errors) != 1 or len(errors[0]) > 2000):
        return f"did not say in one line what is wrong: {said[:3000]}"
    if "memory is full" in said:
        return f"filled the memory: {said}"
    for place in ("tmp", "here"):
        if left := list((folder / place).iterdir()):
            return f"left {left}"
    parts = [p for p in (folder / "out").rglob("*") if ".part" in p.name]
    if parts and case.kind.__name__ != "jobs":
        return f"left {parts} half written"
    outputs = [p for p in (folder / "out").iterdir() if p.name.startswith("out")]
    if code and outputs:
        return f"failed, and left {outputs}"
    return None


def main():
    """Do the cases from the first up to the last."""
    first, last = map(int, sys.argv[1:3])
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    from material import make_material

    space = Path(tempfile.mkdtemp(prefix="soundini-fuzz-")).resolve()
    material = space / "material"
    os.environ["SOUNDINI_HOME"] = str(space / "home")
    try:
        make_material(material)
        from soundini.packs.loading import load_pack

        pack = load_pack("debug")
        before = snapshot(material)
        real, fence = (os.dup(1), os.dup(2)), Fence()
        for number in range(first, last):
            print(f"begin {number}", flush=True)
            why = do(number, material, space, pack, fence, real)
            if why is None and number % 50 == 0 and snapshot(material) != before:
                why = "changed its inputs, or one of the 49 cases before did"
            folder = space / f"case{number}"
            if why is None and fence.broken:
                why = f"wrote outside its folder: {fence.broken}"
            shutil.rmtree(folder)
            print(
                f"fail {number} {' | '.join(why.splitlines())}" if why else f"end {number}",
                flush=True,
            )
    finally:
        os.chdir("/")
        shutil.rmtree(space, ignore_errors=True)


if __name__ == "__main__":
    main()
