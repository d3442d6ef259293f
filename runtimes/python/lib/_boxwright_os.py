"""What `os` has on Linux and CPython's WASI port leaves out, as far as a sandbox can keep the promise.

WASI has no users, no umask and no owners, so CPython compiles none of these calls. Programs that are written for
a Linux image call them without a second thought (pip itself: os.getuid, os.umask), so they are supplied here:
who runs is who owns /dev/fd, as on Linux. What would need another process stays away, so that
`hasattr(os, "fork")` goes on telling the truth.
"""

import errno as _errno
import os
import sys as _sys


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


_link = os.link


def link(src, dst, *, src_dir_fd=None, dst_dir_fd=None, follow_symlinks=True):
    """wasi-libc's linkat resolves two relative paths into one buffer, and then links the second to itself."""
    if src_dir_fd is None and dst_dir_fd is None:
        # CPython then calls link, which follows nothing, as on Linux.
        follow_symlinks = True
    _link(src, dst, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd, follow_symlinks=follow_symlinks)


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
    try:
        os.chmod(f"/dev/fd/{fd}", mode)
    except FileNotFoundError:
        # While building, only components have the files of /dev/fd: the mode stays as it is.
        pass


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
    link.__module__ = "posix"
    os.link = link
    for functions in (os.supports_dir_fd, os.supports_follow_symlinks):
        functions.discard(_link)
        functions.add(link)


_supply()


class _ScriptDirectory:
    """Makes sys.path[0], the script's directory, absolute: CPython does it where it has realpath, which WASI lacks.

    Python puts it there when all that is loaded at the start is loaded. So this waits as a finder for the program's
    first import; then it goes away.
    """

    def __init__(self, script):
        self._relative = os.path.dirname(script)
        self._absolute = os.path.dirname(os.path.realpath(script))

    def find_spec(self, name, path=None, target=None):
        if _sys.path and _sys.path[0] == self._relative:
            _sys.path[0] = self._absolute
            _sys.meta_path.remove(self)

    @classmethod
    def install(cls):
        script = _sys.argv[0] if getattr(_sys, "argv", None) else ""
        if script not in ("", "-", "-c", "-m") and not os.path.isabs(script) and not _sys.flags.safe_path:
            _sys.meta_path.insert(0, cls(script))


_ScriptDirectory.install()
