/**
 * Starts pip, and what pip starts, in the guest. pip itself is untouched. What preview 1 has no function
 * for is asked of the sandbox: the driver writes a request beside itself and looks up a name there (see
 * bridge.ts). argv: this file, the command line as the interpreter would have it after its own options.
 *
 * - `os.chmod` works.
 * - `subprocess` starts other Python processes, each to its end at once: build backends need no more.
 *   Whatever is not Python is not found.
 * - pip's sessions get a transport that hands each GET to the builder.
 */
export const DRIVER = `import io, json, os, sys

_own = sys.argv.pop(0)
_root = os.path.dirname(_own)


def _ask(operation, question):
    with open(f"{_root}/request", "w", encoding="utf-8") as file:
        json.dump(question, file)
    os.path.lexists(f"{_root}/{operation}")
    with open(f"{_root}/response", encoding="utf-8") as file:
        return json.load(file)


def _chmod(path, mode, *, dir_fd=None, follow_symlinks=True):
    target = os.path.abspath(os.fspath(path))
    os.stat(target)
    _ask("chmod", {"path": target, "mode": mode & 0o7777})


os.chmod = _chmod

import subprocess as _subprocess

_PIPE, _STDOUT, _DEVNULL = _subprocess.PIPE, _subprocess.STDOUT, _subprocess.DEVNULL


class _Popen:
    """Runs the process to its end: at once, or where its input is a pipe, when that is closed."""

    def __init__(self, args, bufsize=-1, executable=None, stdin=None, stdout=None, stderr=None, *ignored,
                 shell=False, cwd=None, env=None, text=None, universal_newlines=None, encoding=None,
                 errors=None, **others):
        self.args = args
        if isinstance(args, (str, bytes, os.PathLike)):
            args = ["/bin/sh", "-c", args] if shell else [args]
        self._words = [os.fsdecode(arg) for arg in args]
        if executable is not None:
            self._words[0] = os.fsdecode(executable)
        self._cwd = os.getcwd() if cwd is None else os.path.abspath(os.fsdecode(cwd))
        self._env = {os.fsdecode(k): os.fsdecode(v) for k, v in (os.environ if env is None else env).items()}
        self._targets = {"stdout": stdout, "stderr": stderr}
        self._text = None
        if text or universal_newlines or encoding or errors:
            self._text = {"encoding": encoding or "utf-8", "errors": errors}
        self.pid = 1
        self.returncode = None
        self.stdin = self.stdout = self.stderr = None
        if not _ask("find", {"words": self._words, "cwd": self._cwd, "env": self._env})["found"]:
            raise FileNotFoundError(2, "No such file or directory", self._words[0])
        for name, target in self._targets.items():
            if target == _PIPE:
                setattr(self, name, self._wrap(io.BufferedReader(_Output(self, name))))
        if stdin == _PIPE:
            self.stdin = self._wrap(_Input(self))
        else:
            data = stdin.read() if hasattr(stdin, "read") else b""
            self._start(data.encode() if isinstance(data, str) else data)

    def _wrap(self, stream):
        return io.TextIOWrapper(stream, **self._text) if self._text else stream

    def _start(self, data):
        if self.returncode is not None:
            return
        self.returncode = -1
        with open(f"{_root}/stdin", "wb") as file:
            file.write(data)
        sys.stdout.flush()
        sys.stderr.flush()
        names = {None: "inherit", _DEVNULL: "null", _STDOUT: "stdout"}
        kinds = {
            name: names[target] if target is None or target in (_DEVNULL, _STDOUT) else "pipe"
            for name, target in self._targets.items()
        }
        answer = _ask("spawn", {"words": self._words, "cwd": self._cwd, "env": self._env, **kinds})
        self.returncode = answer["returncode"]
        self._captured = {name: answer.get(name) for name in self._targets}
        for name, target in self._targets.items():
            if kinds[name] != "pipe" or target == _PIPE:
                continue
            data = self._read(name)
            if isinstance(target, int):
                os.write(target, data)
            else:
                target.write(data.decode() if isinstance(target, io.TextIOBase) else data)

    def _read(self, name):
        if self.stdin is not None and not self.stdin.closed:
            self.stdin.close()
        with open(self._captured[name], "rb") as file:
            return file.read()

    def communicate(self, input=None, timeout=None):
        if self.stdin is not None and not self.stdin.closed:
            if input:
                self.stdin.write(input)
            self.stdin.close()
        return tuple(None if stream is None else stream.read() for stream in (self.stdout, self.stderr))

    def poll(self):
        return self.returncode

    def wait(self, timeout=None):
        if self.stdin is not None and not self.stdin.closed:
            self.stdin.close()
        return self.returncode

    def kill(self):
        pass

    def terminate(self):
        pass

    def send_signal(self, signal):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.wait()
        for stream in (self.stdout, self.stderr):
            if stream is not None:
                stream.close()

    def __class_getitem__(cls, item):
        return cls


class _Input(io.BytesIO):
    def __init__(self, process):
        super().__init__()
        self._process = process

    def close(self):
        if not self.closed:
            data = self.getvalue()
            super().close()
            self._process._start(data)


class _Output(io.RawIOBase):
    def __init__(self, process, name):
        self._process, self._name, self._data = process, name, None

    def readable(self):
        return True

    def readinto(self, buffer):
        if self._data is None:
            self._data = io.BytesIO(self._process._read(self._name))
        return self._data.readinto(buffer)


_subprocess.Popen = _Popen


# Build tools that come to nothing without a compiler: the build is refused before they are fetched.
_NATIVE = {
    "cffi", "cmake", "maturin", "meson", "meson-python", "nanobind", "ninja", "numpy", "oldest-supported-numpy",
    "pybind11", "scikit-build", "scikit-build-core", "setuptools-rust", "sip",
}


def _refuse_native_builds():
    import re
    from pip._internal.exceptions import InstallationError
    from pip._internal.req import req_install
    load = req_install.load_pyproject_toml

    def checked(*args, **kwargs):
        details = load(*args, **kwargs)
        for requirement in details.requires if details else ():
            tool = re.sub(r"[-_.]+", "-", re.match(r"\\s*[A-Za-z0-9._-]*", requirement).group().strip()).lower()
            if tool in _NATIVE:
                whole = str(kwargs.get("req_name", args[-1] if args else ""))
                name = re.match(r"[A-Za-z0-9._-]*", whole).group() or "the project"
                raise InstallationError(f"{name} needs a compiler: it is built with {tool}")
        return details

    req_install.load_pyproject_toml = checked


def _prepare_pip():
    # pip imports mmap at its top but does not need it here; a WASI Python has none.
    try:
        import mmap
    except ImportError:
        sys.modules["mmap"] = type(sys)("mmap")
        sys.modules["mmap"].mmap = type("mmap", (), {})

    from pip._internal.network import session
    from pip._vendor.requests.adapters import HTTPAdapter
    from pip._vendor.requests.exceptions import ConnectionError
    from pip._vendor.urllib3 import HTTPResponse

    # The builder speaks TLS for it.
    try:
        from pip._internal.models import search_scope
        search_scope.has_tls = lambda: True
    except ImportError:
        pass
    try:
        from pip._internal.cli import index_command
        index_command._create_truststore_ssl_context = lambda: None
    except ImportError:
        pass

    _refuse_native_builds()

    class Adapter(HTTPAdapter):
        def init_poolmanager(self, *args, **kwargs):
            pass

        def close(self):
            pass

        def send(self, request, stream=False, timeout=None, verify=True, cert=None, proxies=None):
            if request.method not in ("GET", "HEAD"):
                raise ConnectionError(f"{request.method} is not allowed in a build step", request=request)
            answer = _ask("fetch", {
                "url": request.url,
                "accept": request.headers.get("Accept", "*/*"),
                "authorization": request.headers.get("Authorization"),
            })
            if answer["kind"] != "response":
                raise ConnectionError(answer["message"], request=request)
            raw = HTTPResponse(
                body=open(answer["body"], "rb"),
                headers={"Content-Type": answer["contentType"], "Content-Length": str(answer["size"])},
                status=answer["status"],
                preload_content=False,
                request_method=request.method,
            )
            response = self.build_response(request, raw)
            response.url = answer["url"]
            return response

    adapter = Adapter()
    choose = session.PipSession.get_adapter

    # Trusted hosts would have adapters of their own.
    def get_adapter(self, url):
        return adapter if url.lower().startswith(("https://", "http://")) else choose(self, url)

    session.PipSession.get_adapter = get_adapter


def _run():
    import runpy
    words = sys.argv
    first = words[0]
    if first == "-c":
        sys.argv = ["-c", *words[2:]]
        sys.path[0] = ""
        exec(compile(words[1], "<string>", "exec"), {"__name__": "__main__"})
        return
    module = words[1] if first == "-m" else None
    sys.path[0] = os.getcwd() if module else os.path.dirname(os.path.abspath(first))
    name = os.path.basename(first)
    if module == "pip" or name == "__pip-runner__.py" or name.rstrip("0123456789.") == "pip":
        sys.argv = [first if module is None else "pip/__main__.py", *words[2 if module else 1:]]
        if name == "__pip-runner__.py":
            sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(first)))
        _prepare_pip()
        from pip._internal.cli.main import main
        sys.exit(main())
    if module:
        sys.argv = [module, *words[2:]]
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    else:
        runpy.run_path(first, run_name="__main__")


_run()
`;
