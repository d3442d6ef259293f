import type { WorkingTree } from "../../filesystem/types.ts";
import type { GuestCall } from "../execute.ts";
import { errnoName } from "../shell/messages.ts";
import { absolutePath } from "../shell/paths.ts";

/**
 * Starts pip in the guest. pip itself is untouched; its sessions get a transport that hands each GET to
 * the builder through files (see bridge.ts), and os.chmod, which preview 1 lacks, is carried out the same
 * way. argv: this file, what pip shall see as argv[0], the first entry of sys.path, pip's arguments.
 */
export const PIP_DRIVER = `import json, os, sys

_own, _argv0, _path0 = sys.argv[:3]
sys.argv[:3] = [_argv0]
sys.path[0] = _path0
_root = os.path.dirname(_own)


def _chmod(path, mode, *, dir_fd=None, follow_symlinks=True):
    try:
        os.lstat(f"{_root}/chmod/{mode & 0o7777:o}{os.path.abspath(os.fspath(path))}")
    except FileNotFoundError:
        pass


os.chmod = _chmod

# Modules that a WASI Python has not, which pip imports at its top but does not need here.
for _name in ("mmap", "ssl", "fcntl", "termios", "readline"):
    try:
        __import__(_name)
    except ImportError:
        if _name == "mmap":
            sys.modules[_name] = type(sys)(_name)

from pip._internal.network import session as _session
from pip._vendor.requests.adapters import HTTPAdapter
from pip._vendor.requests.exceptions import ConnectionError
from pip._vendor.urllib3 import HTTPResponse

try:
    from pip._internal.models import search_scope as _search_scope

    _search_scope.has_tls = lambda: True
except ImportError:
    pass


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args, **kwargs):
        pass

    def close(self):
        pass

    def send(self, request, stream=False, timeout=None, verify=True, cert=None, proxies=None):
        if request.method not in ("GET", "HEAD"):
            raise ConnectionError(f"{request.method} is not allowed in a build step", request=request)
        wanted = {
            "url": request.url,
            "accept": request.headers.get("Accept", "*/*"),
            "authorization": request.headers.get("Authorization"),
        }
        with open(f"{_root}/request", "w") as file:
            json.dump(wanted, file)
        os.path.lexists(f"{_root}/fetch")
        with open(f"{_root}/response") as file:
            answer = json.load(file)
        if answer["kind"] != "response":
            raise ConnectionError(answer["message"], request=request)
        headers = {"Content-Type": answer["contentType"], "Content-Length": str(answer["size"])}
        raw = HTTPResponse(
            body=open(answer["body"], "rb"),
            headers=headers,
            status=answer["status"],
            preload_content=False,
            request_method=request.method,
        )
        response = self.build_response(request, raw)
        response.url = answer["url"]
        return response


_init = _session.PipSession.__init__


def _initialise(self, *args, **kwargs):
    _init(self, *args, **kwargs)
    for scheme in ("https://", "http://"):
        self.mount(scheme, _Adapter())


_session.PipSession.__init__ = _initialise

from pip._internal.cli.main import main

sys.exit(main())
`;

/** Options of the interpreter that take the next word as their value. */
const WITH_VALUE = new Set(["-X", "-W", "--check-hash-based-pycs"]);

/** Whether a file is one of pip's console scripts: by what it imports, whatever it is called. */
function isPipScript(tree: WorkingTree, path: string): boolean {
  if (!/(^|\/)pip[0-9.]*$/.test(path)) return false;
  try {
    const head = new Uint8Array(4096);
    const count = tree.read(tree.resolve(path), 0, head);
    return /from pip\._internal|import pip\b/.test(new TextDecoder().decode(head.subarray(0, count)));
  } catch (error) {
    if (errnoName(error) === undefined) throw error;
    return false;
  }
}

/** The interpreter's command line rewritten to start pip through `driver`, or undefined if it is not pip. */
export function pipArguments(
  tree: WorkingTree,
  call: GuestCall,
  driver: string,
): readonly string[] | undefined {
  const { words, workingDirectory } = call;
  let at = 1;
  while (at < words.length && /^-[^cm-]/.test(words[at]!)) at += WITH_VALUE.has(words[at]!) ? 2 : 1;
  const interpreter = words.slice(0, at);
  const word = words[at];
  if (word === "-m" && words[at + 1] === "pip") {
    return [...interpreter, driver, "pip/__main__.py", workingDirectory, ...words.slice(at + 2)];
  }
  if (word === undefined || word.startsWith("-")) return undefined;
  const script = absolutePath(workingDirectory, word);
  if (!isPipScript(tree, script)) return undefined;
  const directory = script.slice(0, script.lastIndexOf("/")) || "/";
  return [...interpreter, driver, word, directory, ...words.slice(at + 1)];
}
