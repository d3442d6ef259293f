"""Prints what a program sees of its surroundings, one `name: value` a line: the same on every engine."""

import errno
import io
import locale
import os
import select
import sqlite3
import stat
import sys
import tempfile
import time

probes = []


def probe(function):
    probes.append(function)
    return function


def failure(action, *arguments):
    """The name of the error that an action ends with."""
    try:
        return f"no error: {action(*arguments)!r}"
    except OSError as error:
        return errno.errorcode[error.errno]


@probe
def interpreter():
    return sys.executable, sys.version_info[:2], sys.byteorder, sys.maxsize > 0


@probe
def module_path():
    return sys.path


@probe
def arguments():
    return sys.argv[1:]


@probe
def directory():
    return os.getcwd(), os.path.abspath("x"), os.listdir(".")


@probe
def change_directory():
    os.chdir("/tmp")
    os.mkdir("below")
    os.chdir("below")
    with open("relative", "w") as file:
        file.write("text")
    seen = os.getcwd(), os.listdir("."), os.path.getsize("../below/relative")
    os.chdir("/app")
    return seen


@probe
def environment():
    return {name: os.environ.get(name) for name in ("PATH", "LANG", "HOME", "GIVEN", "PWD", "TERM")}


@probe
def encodings():
    return (
        locale.getpreferredencoding(),
        sys.getfilesystemencoding(),
        sys.stdout.encoding,
        sys.getdefaultencoding(),
        "UTF-8" in locale.setlocale(locale.LC_ALL, ""),
    )


@probe
def user():
    import pwd

    return os.getuid(), os.getgid(), pwd.getpwuid(os.getuid()).pw_name, os.path.expanduser("~")


@probe
def terminals():
    return [os.isatty(descriptor) for descriptor in (0, 1, 2)]


@probe
def standard_input():
    return sys.stdin.read(), sys.stdin.read(), os.read(0, 10)


@probe
def devices():
    with open("/dev/null", "r+b", buffering=0) as null:
        nothing = null.write(b"gone"), null.read()
    with open("/dev/zero", "rb", buffering=0) as zero:
        zeros = zero.read(4)
    with open("/dev/urandom", "rb", buffering=0) as random:
        different = random.read(16) != random.read(16)
    with open("/dev/full", "wb", buffering=0) as full:
        refused = failure(full.write, b"x")
    return nothing, zeros, different, refused, sorted(os.listdir("/dev"))


@probe
def device_types():
    return {
        name: stat.filemode(os.stat(f"/dev/{name}").st_mode)[0] for name in ("null", "zero", "random", "full")
    }


@probe
def write_through_dev_stdout():
    sys.stdout.flush()
    with open("/dev/stdout", "w") as file:
        file.write("through /dev/stdout\n")
    with open("/dev/fd/1", "w") as file:
        file.write("through /dev/fd/1\n")
    return "done"


@probe
def temporary_files():
    with tempfile.NamedTemporaryFile("w+") as file:
        file.write("text")
        file.seek(0)
        seen = os.path.dirname(file.name), file.read()
    with tempfile.TemporaryDirectory() as directory:
        open(f"{directory}/a", "w").close()
    return seen, os.path.exists(file.name), os.path.exists(directory), stat.filemode(os.stat("/tmp").st_mode)


@probe
def database():
    connection = sqlite3.connect("/tmp/test.db")
    connection.execute("CREATE TABLE t (k INTEGER PRIMARY KEY, v TEXT)")
    with connection:
        connection.executemany("INSERT INTO t (v) VALUES (?)", [(f"value {n}",) for n in range(1000)])
    try:
        with connection:
            connection.execute("DELETE FROM t")
            raise LookupError
    except LookupError:
        pass
    connection.close()
    again = sqlite3.connect("/tmp/test.db")
    counted = again.execute("SELECT count(*), max(v) FROM t").fetchall()
    journals = ("truncate", "persist", "delete")
    modes = [again.execute(f"PRAGMA journal_mode={mode}").fetchone() for mode in journals]
    again.execute("VACUUM")
    checked = again.execute("PRAGMA integrity_check").fetchone()
    again.close()
    return counted, modes, checked, sorted(name for name in os.listdir("/tmp") if "test" in name)


@probe
def times_and_modes():
    path = "/tmp/times"
    before = time.time()
    open(path, "w").close()
    fresh = before - 1 < os.stat(path).st_mtime < time.time() + 1
    os.utime(path, ns=(1_000_000_001, 1_600_000_000_123_456_789))
    os.chmod(path, 0o640)
    made = os.stat(path)
    return fresh, made.st_atime_ns, made.st_mtime_ns, oct(made.st_mode), made.st_nlink, made.st_uid, made.st_gid


@probe
def image_files():
    made = os.stat("/app/probe.py")
    return oct(made.st_mode), made.st_mtime, made.st_uid, oct(os.stat("/usr/local/bin/python").st_mode)


@probe
def image_files_change():
    with open("/etc/hostname-of-test", "w") as file:
        file.write("new")
    with open("/app/operations.py", "a") as file:
        file.write("# appended\n")
    with open("/app/operations.py") as file:
        last = file.readlines()[-1]
    os.rename("/app/operations.py", "/app/renamed.py")
    os.unlink("/app/renamed.py")
    return last, os.listdir("/app")


@probe
def recursion():
    def down(depth):
        return 0 if depth == 0 else 1 + down(depth - 1)

    deep = down(900)
    try:
        down(100_000)
    except RecursionError:
        return deep, "RecursionError"


@probe
def recursion_in_c():
    nested = None
    for _ in range(100_000):
        nested = [nested]
    try:
        repr(nested)
    except RecursionError:
        return "RecursionError"


@probe
def waiting():
    start = time.monotonic()
    time.sleep(0.05)
    slept = time.monotonic() - start >= 0.05
    start = time.monotonic()
    nothing = select.select([], [], [], 0.05)
    return slept, nothing, time.monotonic() - start >= 0.05


@probe
def clocks():
    return time.time() > 1_600_000_000, time.perf_counter() <= time.perf_counter(), time.tzname, time.localtime(0)[:6]


@probe
def large_file():
    block = bytes(range(256)) * 4096
    with open("/tmp/large", "wb") as file:
        for _ in range(100):
            file.write(block)
        file.seek(50 << 20)
        file.write(b"middle")
    with open("/tmp/large", "rb") as file:
        file.seek((50 << 20) - 2)
        middle = file.read(10)
    size = os.path.getsize("/tmp/large")
    os.truncate("/tmp/large", 3)
    os.unlink("/tmp/large")
    return size, middle


@probe
def names():
    texts = ["ü", "日本語", "🎉", "a b", "quote'\"", "line\nbreak", "-dash", "e\u0301", "x" * 255]
    os.mkdir("/tmp/names")
    for name in texts:
        with open(f"/tmp/names/{name}", "w") as file:
            file.write(name)
    read = [open(f"/tmp/names/{name}").read() == name for name in texts]
    too_long = failure(open, "/tmp/names/" + "x" * 256)
    return sorted(os.listdir("/tmp/names")) == sorted(texts), all(read), too_long


@probe
def names_in_bytes():
    with open(b"/tmp/names/latin-\xe9", "w") as file:
        file.write("x")
    return b"latin-\xe9" in os.listdir(b"/tmp/names")


@probe
def errors():
    return [
        failure(os.listdir, "/missing"),
        failure(os.listdir, "/app/probe.py"),
        failure(os.mkdir, "/app"),
        failure(os.rmdir, "/app"),
        failure(os.unlink, "/app"),
        failure(open, "/app", "w"),
        failure(os.readlink, "/app"),
        failure(os.read, 99, 1),
        failure(os.stat, "/app/probe.py/x"),
        failure(os.rename, "/app", "/app/below"),
        failure(os.stat, ""),
        failure(os.rmdir, ""),
        failure(os.rename, "", "/tmp/x"),
    ]


@probe
def processes():
    import subprocess

    return failure(subprocess.run, ["true"])


@probe
def sockets():
    import socket

    return failure(lambda: socket.socket().connect(("127.0.0.1", 9)))


@probe
def threads():
    import threading

    thread = threading.Thread(target=print)
    try:
        thread.start()
    except RuntimeError as error:
        return str(error)


@probe
def unbuffered_input():
    return io.open(0, "rb", buffering=0, closefd=False).read(1)


if __name__ == "__main__":
    for function in probes:
        try:
            value = repr(function())
        except Exception as error:
            value = f"{type(error).__name__}: {error}"
        print(f"{function.__name__}: {value}", flush=True)
