import { BoxwrightError } from "./index.ts";

/** What to do where a command is not there, by its name. */
const HINTS: Readonly<Record<string, string>> = {
  "apt-get":
    "system packages cannot be installed: there is no native code in a component; use pure-Python packages, or COPY the files that you need from another image",
  apt: "system packages cannot be installed: there is no native code in a component; use pure-Python packages, or COPY the files that you need from another image",
  apk: "system packages cannot be installed: there is no native code in a component; use pure-Python packages, or COPY the files that you need from another image",
  dpkg: "system packages cannot be installed: there is no native code in a component",
  yum: "system packages cannot be installed: there is no native code in a component",
  dnf: "system packages cannot be installed: there is no native code in a component",
  gcc: "there is no compiler: use packages that are pure Python, or build in another image and COPY the result",
  cc: "there is no compiler: use packages that are pure Python, or build in another image and COPY the result",
  "g++":
    "there is no compiler: use packages that are pure Python, or build in another image and COPY the result",
  make: "there is no make: run its commands in RUN, or build in another image and COPY the result",
  curl: "use ADD with a URL's checksum, or fetch the file before the build and COPY it",
  wget: "use ADD with a URL's checksum, or fetch the file before the build and COPY it",
  git: "use ADD with a git source, or clone before the build and COPY it",
  uv: "uv is a native program: use pip install",
  poetry: "install it with pip first if it is pure Python, or export requirements.txt and use pip install -r",
  conda: "conda installs native packages: use pip install with pure-Python packages",
  npm: "this image's runtime is Python: build the assets in another stage or before the build, and COPY them",
  node: "this image's runtime is Python: build the assets in another stage or before the build, and COPY them",
  sudo: "a build step runs as the image's user: leave sudo out",
  systemctl: "there are no services in a component: start the program with CMD",
  service: "there are no services in a component: start the program with CMD",
};

const GENERAL_HINT =
  "a build step has a POSIX shell with the usual file and text commands, and the image's runtime; COPY a script that does the work, or use the runtime";

/** A step failed, and a command that it called is not there. */
export function commandNotFound(name: string, exitCode: number): BoxwrightError {
  return new BoxwrightError({
    code: "COMMAND_NOT_FOUND",
    message: `${name}: command not found in the build sandbox (the step ended with exit code ${exitCode})`,
    hint: HINTS[name.split("/").at(-1)!] ?? GENERAL_HINT,
  });
}

/** A step failed, and a program that it called is native code. */
export function foreignProgram(path: string, format: string, exitCode: number): BoxwrightError {
  return new BoxwrightError({
    code: "FOREIGN_PROGRAM",
    message: `${path} is a native program (${format}), which the build sandbox cannot run (the step ended with exit code ${exitCode})`,
    hint: "use a package or script for the image's runtime instead, or build in another image and COPY the result",
  });
}

export function packageNeedsCompiler(
  name: string,
  version: string | undefined,
  platforms: readonly string[],
): BoxwrightError {
  const shown = platforms.slice(0, 4).join(", ") + (platforms.length > 4 ? ", …" : "");
  return new BoxwrightError({
    code: "PACKAGE_NEEDS_COMPILER",
    message: `package ${name}${version === undefined ? "" : ` ${version}`} has native code: its wheels are compiled for ${shown}`,
    hint: "use a package that is pure Python (a wheel whose name ends in -none-any.whl), or a version that has such a wheel",
  });
}

export function packageNeedsBuild(
  name: string,
  version: string | undefined,
  archives: readonly string[],
): BoxwrightError {
  return new BoxwrightError({
    code: "PACKAGE_NEEDS_BUILD",
    message: `package ${name}${version === undefined ? "" : ` ${version}`} comes only as source (${archives[0] ?? "an archive"}), which could not be built here: only builds that need nothing but Python can`,
    hint: "build its wheel beforehand (pip wheel), COPY it and install the file; if that wheel ends in -none-any.whl it will work",
  });
}

export function projectNeedsBuild(name: string): BoxwrightError {
  return new BoxwrightError({
    code: "PROJECT_NEEDS_BUILD",
    message: `the project ${name} could not be built here: only builds that need nothing but Python can`,
    hint: "read what its build printed; a project without native code can also be copied to a directory on PYTHONPATH, or built to a wheel beforehand",
  });
}

export function packageFetchFailed(url: string, cause: unknown): BoxwrightError {
  return new BoxwrightError({
    code: "PACKAGE_FETCH_FAILED",
    message: `cannot fetch ${url}: ${cause instanceof Error ? cause.message : String(cause)}`,
    hint: "check the network and the index that pip is configured for (PIP_INDEX_URL, pip.conf, --index-url)",
    exitCode: 3,
    cause,
  });
}

export function unknownUser(user: string): BoxwrightError {
  return new BoxwrightError({
    code: "UNKNOWN_USER",
    message: `unable to find user ${user}: no matching entries in passwd file`,
    hint: "add it with RUN useradd, or use a number",
  });
}

export function unsupportedShell(shell: string): BoxwrightError {
  return new BoxwrightError({
    code: "UNSUPPORTED_SHELL",
    message: `SHELL ${shell}: the build sandbox has sh and bash only`,
    hint: 'use SHELL ["/bin/sh", "-c"] or SHELL ["/bin/bash", "-c"]',
  });
}

export function sandboxCrashed(cause: unknown): BoxwrightError {
  return new BoxwrightError({
    code: "SANDBOX_CRASHED",
    message: "the build sandbox ended unexpectedly while it ran this step",
    hint: "if the step needs much memory, make it smaller; otherwise this is a fault of Boxwright: please report it with the Dockerfile",
    cause,
  });
}

export function guestUnusable(file: string, cause: unknown): BoxwrightError {
  return new BoxwrightError({
    code: "GUEST_UNUSABLE",
    message: `the runtime's guest cannot be loaded: ${file}`,
    hint: "build the runtimes again: npm run build:runtimes",
    cause,
  });
}
