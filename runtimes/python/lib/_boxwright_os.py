"""What `os` has on Linux and CPython's WASI port leaves out, as far as a sandbox can keep the promise.

WASI has no users, no umask and no owners, so CPython compiles none of these calls. Programs that are written for
a Linux image call them without a second thought (pip itself: os.getuid, os.umask), so they are supplied here:
who runs is who owns /dev/fd, as on Linux. What would need another process stays away, so that
`hasattr(os, "fork")` goes on telling the truth.
"""

import errno as _errno
import os


def _owner():
    """Of this process's own directory of descriptors, which is the process's user, as on Linux."""
    try:
        status = os.stat("/dev/fd")
    except OSError:
        return 0, 0
    return status.st_uid, status.st_gid


def getuid():
    return _owner()[0]


def getgid():
    return _owner()[1]


def geteuid():
    return getuid()


def getegid():
    return getgid()


def getresuid():
    return (getuid(),) * 3


def getresgid():
    return (getgid(),) * 3


def getgroups():
    return [getgid()]


def getppid():
    return 0


_mask = 0o022


def umask(mask, /):
    global _mask
    previous, _mask = _mask, mask & 0o777
    return previous


def _refuse_other_owner(path, uid, gid):
    if uid not in (-1, getuid()) or gid not in (-1, getgid()):
        raise PermissionError(_errno.EPERM, os.strerror(_errno.EPERM), path)


def chown(path, uid, gid, *, dir_fd=None, follow_symlinks=True):
    os.stat(path, dir_fd=dir_fd, follow_symlinks=follow_symlinks)
    _refuse_other_owner(path, uid, gid)


def lchown(path, uid, gid):
    os.lstat(path)
    _refuse_other_owner(path, uid, gid)


def fchown(fd, uid, gid):
    os.fstat(fd)
    _refuse_other_owner(None, uid, gid)


def fchmod(fd, mode):
    os.fstat(fd)


def get_terminal_size(fd=1, /):
    if not os.isatty(fd):
        raise OSError(_errno.ENOTTY, os.strerror(_errno.ENOTTY))
    try:
        return os.terminal_size((int(os.environ["COLUMNS"]), int(os.environ["LINES"])))
    except (KeyError, ValueError):
        return os.terminal_size((80, 24))


def register_at_fork(*, before=None, after_in_child=None, after_in_parent=None):
    """Nothing ever forks here."""


def _supply():
    for name, value in list(globals().items()):
        if not name.startswith("_") and name != "os" and not hasattr(os, name):
            value.__module__ = "posix"
            setattr(os, name, value)
            os.__all__.append(name)


_supply()
