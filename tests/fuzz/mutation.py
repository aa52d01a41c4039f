"""Damage: to bytes, to settings, and whole things that are not the file they should be."""

import copy
import os
import struct

NASTY_NUMBERS = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
NASTY_VALUES = (
    None, True, False, 0, -1, 1, 10**9, -(10**9), 2**63, 10**400, 1e308, -1e308, 1e-308, float("nan"), float("inf"),
    "", ".", "..", "/", "self", "\0", "a\nb", "\ud800", "²=x.png", "1e999999999s", "99999999999s", "1e9", "../../etc/x.mp4",
    "/dev/zero", "x" * 300, "x" * 100_000, "{}", "null", [], {}, [[]], [None], [0] * 5000, {"": 0}, {"a": {"a": {"a": 1}}},
)  # fmt: skip
HUGE = 1 << 34
"""Bytes that a sparse file claims: no reader may try to hold them."""


def mutate(rng, data):
    """Damage bytes in one to a few ways."""
    data = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 8, 30))):
        _WAYS[rng.randrange(len(_WAYS))](rng, data)
    return bytes(data)


def _at(rng, data):
    """A place; headers and indices, at the two ends, are hit more often."""
    size = max(len(data), 1)
    near = min(size, 512)
    way = rng.randrange(4)
    if way == 0:
        return rng.randrange(near)
    return size - 1 - rng.randrange(near) if way == 1 else rng.randrange(size)


def _flip(rng, data):
    if data:
        data[_at(rng, data)] ^= 1 << rng.randrange(8)


def _put(rng, data):
    at = _at(rng, data)
    data[at : at + 1] = bytes([rng.randrange(256)])


def _number(rng, data):
    at = _at(rng, data)
    form = rng.choice("<>") + rng.choice("BHI")
    number = rng.choice(NASTY_NUMBERS) & (256 ** struct.calcsize(form) - 1)
    data[at : at + struct.calcsize(form)] = struct.pack(form, number)


def _cut(rng, data):
    del data[_at(rng, data) :]


def _drop(rng, data):
    at = _at(rng, data)
    del data[at : at + rng.choice((1, 4, 16, 300))]


def _repeat(rng, data):
    at, size = _at(rng, data), rng.choice((1, 8, 64, 1000))
    data[at:at] = data[at : at + size] * rng.choice((1, 2, 50))


def _fill(rng, data):
    at, size = _at(rng, data), rng.choice((4, 64, 2000))
    data[at : at + size] = bytes([rng.choice((0, 255, 32))]) * min(size, len(data) - at)


def _noise(rng, data):
    at, size = _at(rng, data), rng.choice((4, 64, 2000))
    data[at : at + size] = rng.randbytes(min(size, max(len(data) - at, 0)))


def _move(rng, data):
    size = rng.choice((4, 16, 200))
    one, other = _at(rng, data), _at(rng, data)
    data[one : one + size] = data[other : other + size]


_WAYS = (_flip, _flip, _put, _number, _number, _cut, _drop, _repeat, _fill, _noise, _move)


def mutate_settings(rng, settings):
    """Settings of which one to a few are replaced, taken out, or added."""
    settings = copy.deepcopy(settings)
    for _ in range(rng.choice((1, 1, 1, 2, 5))):
        places = list(_places(settings))
        if not places:
            return rng.choice(NASTY_VALUES)
        holder, key = rng.choice(places)
        way = rng.randrange(8)
        if way == 0:
            del holder[key]
        elif way == 1 and isinstance(holder, dict):
            holder[rng.choice(("", "x", "\0", "a.b", "x" * 1000))] = rng.choice(NASTY_VALUES)
        elif way == 2:
            other, name = rng.choice(places)
            holder[key] = copy.deepcopy(other[name])
        else:
            holder[key] = copy.deepcopy(rng.choice(NASTY_VALUES))
    return settings


def _places(tree):
    """Every (holder, key) of nested dictionaries and lists."""
    if isinstance(tree, dict):
        keys = list(tree)
    elif isinstance(tree, list):
        keys = range(len(tree))
    else:
        return
    for key in keys:
        yield tree, key
        yield from _places(tree[key])


def odd_texts():
    """Whole texts that a parser of JSON or YAML may choke on."""
    deep, wide = 100_000, "[" + ",".join(["*a"] * 9) + "]"
    laughs = "a: &a [x,x,x,x,x,x,x,x,x]\n"
    for number in range(1, 12):
        one = "abcdefghijkl"[number]
        laughs += f"{one}: &{one} {wide.replace('a', 'abcdefghijkl'[number - 1])}\n"
    return (
        b"", b"\0", b"\xff\xfe", b"null", b"[]", b"0", b'"x"', b"{", b"{}" * 9, b"1" * 10_000,
        b"[" * deep, b"[" * deep + b"]" * deep, b'{"a":' * deep + b"1" + b"}" * deep, b"- " * deep, laughs.encode(),
        laughs.replace("a: ", "clips: ").replace("l: ", "sounds: ").encode(), b"clips: &a [*a]\n", b"&a [*a]",
        b"a: !!python/object/apply:os.system [ls]", b"? [x]\n: y", b"%YAML 9.9\n--- x", b" " * 3_000_000, b"{\"request\": []}",
        b'{"request": {"video": 1}}', b'{"request": {"video": "a", "sound": "b", "output": "o.mp4", "mask": []}}',
    )  # fmt: skip


def odd_things(folder):
    """Paths that are there and are no plain file with something in it; name -> path."""
    folder.mkdir()
    things = {
        name: folder / name
        for name in ("fifo", "loop", "empty", "folder", "sparse", "odd\nname", "unreadable")
    }
    os.mkfifo(things["fifo"])
    things["loop"].symlink_to(folder / "pool")
    (folder / "pool").symlink_to(things["loop"])
    things["empty"].touch()
    things["folder"].mkdir()
    with things["sparse"].open("wb") as file:
        file.truncate(HUGE)
    things["odd\nname"].write_bytes(b"no file of any kind\n")
    things["unreadable"].symlink_to("/proc/self/mem")
    for name in ("zero", "random", "full", "tty"):
        things[name] = folder / f"dev-{name}"
        things[name].symlink_to(f"/dev/{name}")
    things |= {
        "nul": "a\0b",
        "surrogate": "a\udcffb",
        "long": "x" * 300,
        "deep": "x/" * 3000,
        "nothing": "",
        "dots": "..",
    }
    return things
