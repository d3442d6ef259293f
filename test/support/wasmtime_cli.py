#!/usr/bin/env python3
"""`wasmtime run` on the wasmtime library of the Python package index, for machines without its command line tool.

Understands what the tests need: run [--env K=V]... [--] FILE [ARG...]. The engine, its WASI and its component model are
wasmtime's own; only the command line is ours.
"""
import os
import sys
from pathlib import Path

import wasmtime
from wasmtime import component


def parse(arguments):
    if arguments[:1] == ["run"]:
        arguments = arguments[1:]
    environment = []
    while arguments and arguments[0].startswith("--"):
        flag = arguments.pop(0)
        if flag == "--":
            break
        name, separator, value = flag.partition("=")
        if name != "--env":
            sys.exit(f"wasmtime stand-in: unknown flag {flag}")
        environment.append(tuple((value if separator else arguments.pop(0)).split("=", 1)))
    if not arguments:
        sys.exit("wasmtime stand-in: no file")
    return environment, arguments


def main():
    environment, arguments = parse(sys.argv[1:])
    config = wasmtime.Config()
    # Compiling an interpreter takes half a minute; the tests run it many times.
    config.cache = True
    wasi = wasmtime.WasiConfig()
    wasi.argv = arguments
    wasi.env = environment
    wasi.inherit_stdin()
    wasi.inherit_stdout()
    wasi.inherit_stderr()
    engine = wasmtime.Engine(config)
    store = wasmtime.Store(engine)
    store.set_wasi(wasi)
    file = Path(arguments[0])
    with file.open("rb") as source:
        is_component = source.read(8)[4:] == b"\x0d\x00\x01\x00"
    try:
        if is_component:
            linker = component.Linker(engine)
            linker.add_wasip2()
            instance = linker.instantiate(store, component.Component.from_file(engine, str(file)))
            interface = instance.get_export_index(store, "wasi:cli/run@0.2.0")
            run = instance.get_func(store, instance.get_export_index(store, "run", interface))
            outcome = run(store)
            run.post_return(store)
            return 0 if outcome is None or getattr(outcome, "tag", "ok") == "ok" else 1
        linker = wasmtime.Linker(engine)
        linker.define_wasi()
        instance = linker.instantiate(store, wasmtime.Module.from_file(engine, str(file)))
        instance.exports(store)["_start"](store)
        return 0
    except wasmtime.ExitTrap as exit_trap:
        return exit_trap.code


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)
