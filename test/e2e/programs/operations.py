"""Random file operations; prints what each one gives, with the names of errors, not their numbers.

    operations.py make DIRECTORY         makes the tree that the operations begin with
    operations.py run DIRECTORY SEED...  performs a sequence for each seed, each in a copy of the tree

The traces of two systems are equal where their files behave alike. Not in a trace, since it may differ: inode
numbers, sizes and link counts of directories, the order of entries, times that nobody has set.
"""

import errno
import os
import shutil
import stat
import sys
import time

NAMES = ["a", "b", "c", "d", "dir", "dir/a", "dir/b", "dir/sub", "dir/sub/a", "link", "to-dir", "to-dir/a", "loop"]
ODD = ["", ".", "..", "dir/", "a/", "link/", "to-dir/", "a/b", "dir/../a", "./dir//a", "dir/.", "dir/..", "new/"]
ODD += ["dir/sub/../../b", "dangling", "dangling/", "up/dir", "absent/x", "loop/x", "x" * 256, "x" * 255, "ü"]
FLAGS = ["O_CREAT", "O_EXCL", "O_TRUNC", "O_APPEND", "O_DIRECTORY", "O_NOFOLLOW"]
SET_TIMES = [1, 1_000_000_000, 1_600_000_000_123_456_789, 2_000_000_000 * 10**9]


def make(directory):
    os.makedirs(f"{directory}/dir/sub")
    for name in ("a", "b", "dir/a", "dir/sub/a"):
        with open(f"{directory}/{name}", "w") as file:
            file.write(f"the text of {name}\n" * (3000 if name == "b" else 1))
    os.symlink("a", f"{directory}/link")
    os.symlink("dir", f"{directory}/to-dir")
    os.symlink("loop", f"{directory}/loop")
    os.symlink("dir/absent", f"{directory}/dangling")
    os.symlink("..", f"{directory}/dir/up")
    os.link(f"{directory}/a", f"{directory}/hard")


def age(directory):
    """Sets all times, so that later changes show."""
    for name in os.listdir(directory):
        path = f"{directory}/{name}"
        if os.path.isdir(path) and not os.path.islink(path):
            age(path)
        os.utime(path, ns=(0, SET_TIMES[0]), follow_symlinks=False)


class Random:
    """The same numbers in every version of Python (a 64-bit linear congruential generator: Knuth's constants)."""

    def __init__(self, seed):
        self.state = seed

    def below(self, limit):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.state >> 33) % limit

    def choose(self, values):
        return values[self.below(len(values))]

    def chance(self, percent):
        return self.below(100) < percent


def time_of(nanoseconds):
    """The time that was set, or that the file has changed since."""
    return nanoseconds if nanoseconds in SET_TIMES else "recent" if nanoseconds / 1e9 > time.time() - 86400 else "old"


def describe(made):
    mode = stat.filemode(made.st_mode)
    if stat.S_ISDIR(made.st_mode):
        return mode, made.st_uid, made.st_gid
    return mode, made.st_nlink, made.st_uid, made.st_gid, made.st_size, time_of(made.st_mtime_ns)


def listing(directory):
    lines = []
    for name in sorted(os.listdir(directory)):
        path = f"{directory}/{name}"
        made = os.lstat(path)
        lines.append((path, describe(made)))
        if stat.S_ISLNK(made.st_mode):
            lines.append(os.readlink(path))
        elif stat.S_ISDIR(made.st_mode):
            lines.extend(listing(path))
        else:
            with open(path, "rb") as file:
                lines.append(sum(file.read()))
    return lines


class World:
    def __init__(self, random):
        self.random = random
        self.open_files = []
        self.paths = []

    def name(self):
        """A path whose last part can be made, renamed or removed: WASI's libc resolves "." before the call."""
        path = self.path()
        return "dir" if path in (".", "..", "") else path

    def path(self):
        path = self.random.choose(ODD if self.random.chance(20) else NAMES)
        self.paths.append(path)
        return path

    def data(self):
        return bytes([self.random.below(256)]) * self.random.choose([0, 1, 5, 100, 5000, 70_000])

    def file(self):
        return self.random.choose(self.open_files) if self.open_files else 77

    def offset(self):
        return self.random.choose([0, 0, 1, 10, 4095, 4096, 60_000, 200_000])

    def open(self):
        access = self.random.choose(["O_RDONLY", "O_WRONLY", "O_RDWR", "O_RDWR"])
        names = [name for name in FLAGS if self.random.chance(45 if name == "O_CREAT" else 18)]
        # Linux has changed what O_CREAT makes of it; and WASI's libc asks for writing whenever it opens a directory.
        if "O_DIRECTORY" in names and ("O_CREAT" in names or access != "O_RDONLY"):
            names.remove("O_DIRECTORY")
        # Truncating a file that is opened for reading is unspecified (POSIX, open).
        if access == "O_RDONLY" and "O_TRUNC" in names:
            names.remove("O_TRUNC")
        flags = sum(getattr(os, name) for name in [access, *names])
        self.open_files.append(os.open(self.path(), flags, 0o644))
        return "opened"

    def close(self):
        file = self.file()
        os.close(file)
        self.open_files.remove(file)

    def read(self):
        content = os.read(self.file(), self.random.choose([1, 10, 5000, 100_000]))
        return len(content), content[:20]

    def read_at(self):
        content = os.pread(self.file(), self.random.choose([1, 5000]), self.offset())
        return len(content), content[:20]

    def write(self):
        return os.write(self.file(), self.data())

    def write_at(self):
        return os.pwrite(self.file(), self.data(), self.offset())

    def seek(self):
        file, offset, whence = self.file(), self.random.choose([-5, 0, 7, 300_000]), self.random.below(3)
        # Positions in a directory are its file system's own.
        return "a directory" if stat.S_ISDIR(os.fstat(file).st_mode) else os.lseek(file, offset, whence)

    def truncate_open(self):
        return os.ftruncate(self.file(), self.offset())

    def sync(self):
        return os.fsync(self.file())

    def stat_open(self):
        return describe(os.fstat(self.file()))

    def set_times_of_open(self):
        return os.utime(self.file(), ns=(0, self.random.choose(SET_TIMES)))

    def truncate(self):
        return os.truncate(self.path(), self.offset())

    def stat(self):
        return describe(os.stat(self.path()))

    def lstat(self):
        return describe(os.lstat(self.path()))

    def names(self):
        return sorted(os.listdir(self.path()))

    def entries(self):
        with os.scandir(self.path()) as entries:
            return sorted((entry.name, entry.is_dir(), entry.is_file(), entry.is_symlink()) for entry in entries)

    def make_directory(self):
        return os.mkdir(self.name())

    def remove_directory(self):
        return os.rmdir(self.name())

    def unlink(self):
        return os.unlink(self.name())

    def rename(self):
        return os.rename(self.name(), self.name())

    def link(self):
        return os.link(self.path(), self.name(), follow_symlinks=False)

    def symlink(self):
        return os.symlink(self.path(), self.name())

    def read_link(self):
        return os.readlink(self.path())

    def change_mode(self):
        return os.chmod(self.path(), self.random.choose([0o644, 0o755, 0o600, 0o777, 0o4755, 0o2755, 0o1777]))

    def set_times(self):
        return os.utime(self.path(), ns=(0, self.random.choose(SET_TIMES)))

    def set_times_of_link(self):
        return os.utime(self.path(), ns=(0, self.random.choose(SET_TIMES)), follow_symlinks=False)

    def real_path(self):
        return os.path.relpath(os.path.realpath(self.path()))

    def copy(self):
        return shutil.copy2(self.path(), self.path())

    def copy_tree(self):
        # Never into itself, which would not end before paths are too long.
        source, target = self.random.choose(["dir", "dir/sub", "to-dir"]), self.random.choose(["b", "c", "d"])
        self.paths += [source, target]
        return shutil.copytree(source, target, symlinks=True)

    def move(self):
        return shutil.move(self.name(), self.name())

    def remove_tree(self):
        path = self.random.choose(["dir/sub", "d", "c", "link"])
        self.paths.append(path)
        # Python removes trees in two ways, by platform, which differ on links.
        return "a link" if os.path.islink(path) else shutil.rmtree(path)

    def change_mode_of_open(self):
        return os.fchmod(self.file(), self.random.choose([0o644, 0o600, 0o755]))

    def walk(self):
        return sorted((path, sorted(below), sorted(files)) for path, below, files in os.walk(self.path()))

    def relative_to_directory(self):
        directory = os.open(self.random.choose([".", "dir", "dir/sub", "to-dir"]), os.O_RDONLY | os.O_DIRECTORY)
        try:
            file = os.open(self.path(), os.O_RDWR | os.O_CREAT, 0o644, dir_fd=directory)
            os.close(file)
            return describe(os.stat(self.path(), dir_fd=directory))
        finally:
            os.close(directory)

    def enter(self):
        here = os.getcwd()
        os.chdir(self.path())
        try:
            return sorted(os.listdir(".")), sorted(os.listdir(".."))
        finally:
            os.chdir(here)

    def lines(self):
        with open(self.path(), self.random.choose(["r+", "a+", "w", "x", "r"])) as file:
            seen = file.read() if file.readable() else ""
            if file.writable():
                file.write("a line\n" * self.random.below(2000))
                file.seek(self.random.below(100))
                file.truncate()
            return len(seen)


KINDS = [name for name in vars(World) if name[0] != "_" and name not in ("name", "path", "data", "file", "offset")]


def attempt(action):
    try:
        return action()
    except shutil.Error as error:
        return "shutil.Error", len(error.args)
    except OSError as error:
        # Linux has two names for one number.
        return errno.errorcode.get(error.errno, type(error).__name__).replace("EOPNOTSUPP", "ENOTSUP")
    except (ValueError, RuntimeError) as error:
        return type(error).__name__


def run(directory, seeds):
    os.umask(0o022)
    for seed in seeds:
        place = f"{directory}/runs/{seed}/tree"
        os.makedirs(os.path.dirname(place))
        shutil.copytree(f"{directory}/tree", place, symlinks=True) if seed % 2 else os.rename(f"{directory}/tree", place)
        age(place)
        os.chdir(place)
        world = World(Random(seed))
        for number in range(400):
            kind = world.random.choose(KINDS)
            world.paths = []
            result = attempt(getattr(world, kind))
            print(seed, number, kind, [path[:20] for path in world.paths], result)
        for file in world.open_files:
            print(seed, "open", describe(os.fstat(file)))
            os.close(file)
        for line in listing("."):
            print(seed, line)
        os.chdir("/")


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(f"{sys.argv[2]}/tree")
    else:
        run(sys.argv[2], [int(seed) for seed in sys.argv[3:]])
