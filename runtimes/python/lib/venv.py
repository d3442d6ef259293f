"""Virtual environments: `python -m venv DIRECTORY`, and the API that programs use of it.

The published interpreter comes without this module. An environment is what PEP 405 says: a pyvenv.cfg, links to the
interpreter, a site-packages of its own; pip is copied from the base installation instead of being installed by ensurepip.
"""

import argparse
import os
import shutil
import sys
import sysconfig
from types import SimpleNamespace

CORE_VENV_DEPS = ("pip",)

_VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
_LIBRARY = f"lib/python{_VERSION}/site-packages"

_ACTIVATE = """\
# Read this with `. bin/activate`; it changes the variables of the shell that reads it.
deactivate () {{
    if [ -n "${{_OLD_VIRTUAL_PATH:-}}" ] ; then
        PATH="${{_OLD_VIRTUAL_PATH}}"
        export PATH
        unset _OLD_VIRTUAL_PATH
    fi
    unset VIRTUAL_ENV
    unset VIRTUAL_ENV_PROMPT
    if [ "${{1:-}}" != nondestructive ] ; then
        unset -f deactivate
    fi
}}
deactivate nondestructive
VIRTUAL_ENV={directory}
export VIRTUAL_ENV
VIRTUAL_ENV_PROMPT={prompt}
export VIRTUAL_ENV_PROMPT
_OLD_VIRTUAL_PATH="$PATH"
PATH="$VIRTUAL_ENV/bin:$PATH"
export PATH
"""

_PIP = """\
#!{python}
import sys
from pip._internal.cli.main import main
if __name__ == "__main__":
    sys.exit(main())
"""


class EnvBuilder:
    """Makes environments; see the library reference. `symlinks` and `upgrade_deps` change nothing here."""

    def __init__(self, system_site_packages=False, clear=False, symlinks=False, upgrade=False, with_pip=False,
                 prompt=None, upgrade_deps=False):
        if clear and upgrade:
            raise ValueError("you cannot supply --upgrade and --clear together.")
        self.system_site_packages = system_site_packages
        self.clear = clear
        self.symlinks = symlinks
        self.upgrade = upgrade
        self.with_pip = with_pip
        self.prompt = os.path.basename(os.getcwd()) if prompt == "." else prompt
        self.upgrade_deps = upgrade_deps

    def create(self, env_dir):
        env_dir = os.path.abspath(os.fspath(env_dir))
        if os.pathsep in env_dir:
            raise ValueError(f"Refusing to create a venv in {env_dir} because it contains the PATH separator {os.pathsep}.")
        context = self.ensure_directories(env_dir)
        self.create_configuration(context)
        self.setup_python(context)
        if self.with_pip:
            self._setup_pip(context)
        self.setup_scripts(context)
        self.post_setup(context)

    def ensure_directories(self, env_dir):
        if os.path.exists(env_dir) and self.clear:
            self.clear_directory(env_dir)
        executable = getattr(sys, "_base_executable", None) or sys.executable
        context = SimpleNamespace(
            env_dir=env_dir,
            env_name=os.path.basename(env_dir),
            prompt=self.prompt if self.prompt is not None else os.path.basename(env_dir),
            executable=executable,
            python_dir=os.path.dirname(executable),
            python_exe=os.path.basename(executable),
            bin_path=os.path.join(env_dir, "bin"),
            bin_name="bin",
            inc_path=os.path.join(env_dir, "include"),
            lib_path=os.path.join(env_dir, _LIBRARY),
            env_exe=os.path.join(env_dir, "bin", "python"),
            env_exec_cmd=os.path.join(env_dir, "bin", "python"),
            cfg_path=os.path.join(env_dir, "pyvenv.cfg"),
        )
        for directory in (env_dir, context.bin_path, context.inc_path, context.lib_path):
            os.makedirs(directory, exist_ok=True)
        return context

    def clear_directory(self, path):
        for name in os.listdir(path):
            name = os.path.join(path, name)
            if os.path.isdir(name) and not os.path.islink(name):
                shutil.rmtree(name)
            else:
                os.remove(name)

    def create_configuration(self, context):
        lines = [
            f"home = {context.python_dir}",
            f"include-system-site-packages = {str(self.system_site_packages).lower()}",
            f"version = {'.'.join(map(str, sys.version_info[:3]))}",
            *([f"prompt = {self.prompt!r}"] if self.prompt is not None else []),
            f"executable = {os.path.realpath(context.executable)}",
            f"command = {context.executable} -m venv {context.env_dir}",
        ]
        with open(context.cfg_path, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")

    def setup_python(self, context):
        first = os.path.join(context.bin_path, "python")
        for name, target in (("python", os.path.realpath(context.executable)), ("python3", "python"), (f"python{_VERSION}", "python")):
            link = os.path.join(context.bin_path, name)
            if not os.path.lexists(link):
                os.symlink(target, link)
        # What the base installation's interpreter lacks is added by a .pth file, which an environment of its own does not see.
        addition = os.path.join(sysconfig.get_path("purelib", vars=_base_variables()), "boxwright.pth")
        if os.path.exists(addition):
            shutil.copy2(addition, context.lib_path)
        return first

    def _setup_pip(self, context):
        source = sysconfig.get_path("purelib", vars=_base_variables())
        for name in sorted(os.listdir(source)):
            if name == "pip" or name.startswith("pip-"):
                shutil.copytree(os.path.join(source, name), os.path.join(context.lib_path, name), symlinks=True, dirs_exist_ok=True)
        for name in ("pip", "pip3", f"pip{_VERSION}"):
            path = os.path.join(context.bin_path, name)
            with open(path, "w", encoding="utf-8") as file:
                file.write(_PIP.format(python=context.env_exe))
            os.chmod(path, 0o755)

    def setup_scripts(self, context):
        path = os.path.join(context.bin_path, "activate")
        with open(path, "w", encoding="utf-8") as file:
            file.write(_ACTIVATE.format(directory=_quote(context.env_dir), prompt=_quote(f"({context.prompt}) ")))

    def post_setup(self, context):
        """For subclasses."""


def create(env_dir, system_site_packages=False, clear=False, symlinks=False, with_pip=False, prompt=None, upgrade_deps=False):
    """Makes an environment in a directory."""
    EnvBuilder(system_site_packages, clear, symlinks, False, with_pip, prompt, upgrade_deps).create(env_dir)


def _base_variables():
    return {"base": sys.base_prefix, "platbase": sys.base_prefix}


def _quote(text):
    return "'" + text.replace("'", "'\"'\"'") + "'"


def main(args=None):
    parser = argparse.ArgumentParser(prog="venv", description="Creates virtual Python environments in one or more target directories.")
    parser.add_argument("dirs", metavar="ENV_DIR", nargs="+", help="A directory to create the environment in.")
    parser.add_argument("--system-site-packages", action="store_true", help="Give the environment access to the system site-packages.")
    parser.add_argument("--symlinks", action="store_true", help="Links, which are the only way here.")
    parser.add_argument("--copies", action="store_true", help="Has no effect: the interpreter is always a link.")
    parser.add_argument("--clear", action="store_true", help="Delete the contents of the directory first.")
    parser.add_argument("--upgrade", action="store_true", help="Make the environment use this interpreter.")
    parser.add_argument("--without-pip", dest="with_pip", action="store_false", help="Leave pip out.")
    parser.add_argument("--prompt", help="An alternative name for the prompt.")
    parser.add_argument("--upgrade-deps", action="store_true", help="Has no effect: pip is the base installation's.")
    options = parser.parse_args(args)
    if options.clear and options.upgrade:
        parser.error("you cannot supply --upgrade and --clear together.")
    builder = EnvBuilder(options.system_site_packages, options.clear, options.symlinks, options.upgrade, options.with_pip, options.prompt)
    for directory in options.dirs:
        builder.create(directory)


if __name__ == "__main__":
    try:
        main()
    except (OSError, ValueError) as error:
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(1)
