"""The password database, read from /etc/passwd (CPython's WASI port has no pwd module)."""

from collections import namedtuple as _namedtuple

struct_passwd = _namedtuple(
    "struct_passwd", "pw_name pw_passwd pw_uid pw_gid pw_gecos pw_dir pw_shell", module="pwd"
)


def _entries():
    try:
        with open("/etc/passwd", encoding="utf-8", errors="surrogateescape") as file:
            lines = file.read().split("\n")
    except OSError:
        return
    for line in lines:
        fields = line.split(":")
        if len(fields) != 7:
            continue
        try:
            uid, gid = int(fields[2]), int(fields[3])
        except ValueError:
            continue
        yield struct_passwd(fields[0], fields[1], uid, gid, *fields[4:])


def getpwall():
    return list(_entries())


def getpwnam(name, /):
    if not isinstance(name, str):
        raise TypeError(f"getpwnam() argument must be str, not {type(name).__name__}")
    for entry in _entries():
        if entry.pw_name == name:
            return entry
    raise KeyError(f"getpwnam(): name not found: {name!r}")


def getpwuid(uid, /):
    uid = uid.__index__()
    for entry in _entries():
        if entry.pw_uid == uid:
            return entry
    raise KeyError(f"getpwuid(): uid not found: {uid}")
