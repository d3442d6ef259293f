"""The group database, read from /etc/group (CPython's WASI port has no grp module)."""

from collections import namedtuple as _namedtuple

struct_group = _namedtuple("struct_group", "gr_name gr_passwd gr_gid gr_mem", module="grp")


def _entries():
    try:
        with open("/etc/group", encoding="utf-8", errors="surrogateescape") as file:
            lines = file.read().split("\n")
    except OSError:
        return
    for line in lines:
        fields = line.split(":")
        if len(fields) != 4:
            continue
        try:
            gid = int(fields[2])
        except ValueError:
            continue
        yield struct_group(fields[0], fields[1], gid, [name for name in fields[3].split(",") if name])


def getgrall():
    return list(_entries())


def getgrnam(name):
    if not isinstance(name, str):
        raise TypeError(f"getgrnam() argument must be str, not {type(name).__name__}")
    for entry in _entries():
        if entry.gr_name == name:
            return entry
    raise KeyError(f"getgrnam(): name not found: {name!r}")


def getgrgid(id):
    gid = id.__index__()
    for entry in _entries():
        if entry.gr_gid == gid:
            return entry
    raise KeyError(f"getgrgid(): gid not found: {gid}")
