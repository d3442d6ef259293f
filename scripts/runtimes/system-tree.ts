/**
 * The part of an embedded base image that does not depend on its language: the directories, accounts and command
 * names of a slim Debian image, as programs see them. No file of Debian is in it.
 */

import type { TreeEntry } from "./archive.ts";

/** [path, mode, gid]. The gids are Debian's: 8 mail, 50 staff. */
const DIRECTORIES: readonly (readonly [path: string, mode?: number, gid?: number])[] = [
  ["boot"],
  ["dev"],
  ["etc"],
  ["etc/profile.d"],
  ["etc/skel"],
  ["etc/ssl"],
  ["etc/ssl/certs"],
  ["home"],
  ["media"],
  ["mnt"],
  ["opt"],
  ["proc"],
  ["root", 0o700],
  ["run"],
  ["run/lock", 0o1777],
  ["srv"],
  ["sys"],
  ["tmp", 0o1777],
  ["usr"],
  ["usr/bin"],
  ["usr/games"],
  ["usr/include"],
  ["usr/lib"],
  ["usr/lib64"],
  ["usr/libexec"],
  ["usr/local"],
  ["usr/local/bin"],
  ["usr/local/etc"],
  ["usr/local/games"],
  ["usr/local/include"],
  ["usr/local/lib"],
  ["usr/local/sbin"],
  ["usr/local/share"],
  ["usr/local/share/man"],
  ["usr/local/src"],
  ["usr/sbin"],
  ["usr/share"],
  ["usr/share/zoneinfo"],
  ["usr/src"],
  ["var"],
  ["var/backups"],
  ["var/cache"],
  ["var/lib"],
  ["var/local", 0o2775, 50],
  ["var/log"],
  ["var/mail", 0o2775, 8],
  ["var/opt"],
  ["var/spool"],
  ["var/tmp", 0o1777],
];

const LINKS: Readonly<Record<string, string>> = {
  bin: "usr/bin",
  lib: "usr/lib",
  lib64: "usr/lib64",
  sbin: "usr/sbin",
  "etc/mtab": "/proc/mounts",
  "etc/localtime": "/usr/share/zoneinfo/Etc/UTC",
  "usr/bin/sh": "dash",
  "usr/local/man": "share/man",
  "var/lock": "/run/lock",
  "var/run": "/run",
};

/** Commands that a RUN step has (its shell brings them) and that scripts look for in the file system. */
const COMMANDS = (
  "[ base64 basename bash cat chgrp chmod chown cmp comm cp cut dash date dd df diff dirname du echo egrep expand " +
  "expr false fgrep find fold grep groups gunzip gzip head hostname id install join ln ls md5sum mkdir mktemp mv nl " +
  "nproc od paste printenv printf pwd readlink realpath rm rmdir sed seq sha1sum sha256sum sleep sort split stat sync " +
  "tac tail tar tee test timeout touch tr true tty uname unexpand uniq wc which whoami xargs yes zcat"
).split(" ");
const ADMINISTRATION = "addgroup adduser groupadd groupdel useradd userdel usermod".split(" ");

/** name, id, home, shell: Debian's base-passwd gives each account the group of the same id, but for these. */
const ACCOUNTS: readonly (readonly [name: string, uid: number, gid: number, home: string, shell: string])[] =
  [
    ["root", 0, 0, "/root", "/bin/bash"],
    ["daemon", 1, 1, "/usr/sbin", "/usr/sbin/nologin"],
    ["bin", 2, 2, "/bin", "/usr/sbin/nologin"],
    ["sys", 3, 3, "/dev", "/usr/sbin/nologin"],
    ["sync", 4, 65534, "/bin", "/bin/sync"],
    ["games", 5, 60, "/usr/games", "/usr/sbin/nologin"],
    ["man", 6, 12, "/var/cache/man", "/usr/sbin/nologin"],
    ["lp", 7, 7, "/var/spool/lpd", "/usr/sbin/nologin"],
    ["mail", 8, 8, "/var/mail", "/usr/sbin/nologin"],
    ["news", 9, 9, "/var/spool/news", "/usr/sbin/nologin"],
    ["uucp", 10, 10, "/var/spool/uucp", "/usr/sbin/nologin"],
    ["proxy", 13, 13, "/bin", "/usr/sbin/nologin"],
    ["www-data", 33, 33, "/var/www", "/usr/sbin/nologin"],
    ["backup", 34, 34, "/var/backups", "/usr/sbin/nologin"],
    ["list", 38, 38, "/var/list", "/usr/sbin/nologin"],
    ["irc", 39, 39, "/run/ircd", "/usr/sbin/nologin"],
    ["_apt", 42, 65534, "/nonexistent", "/usr/sbin/nologin"],
    ["nobody", 65534, 65534, "/nonexistent", "/usr/sbin/nologin"],
  ];

const GROUPS: Readonly<Record<string, number>> = {
  root: 0,
  daemon: 1,
  bin: 2,
  sys: 3,
  adm: 4,
  tty: 5,
  disk: 6,
  lp: 7,
  mail: 8,
  news: 9,
  uucp: 10,
  man: 12,
  proxy: 13,
  kmem: 15,
  dialout: 20,
  fax: 21,
  voice: 22,
  cdrom: 24,
  floppy: 25,
  tape: 26,
  sudo: 27,
  audio: 29,
  dip: 30,
  "www-data": 33,
  backup: 34,
  operator: 37,
  list: 38,
  irc: 39,
  src: 40,
  shadow: 42,
  utmp: 43,
  video: 44,
  sasl: 45,
  plugdev: 46,
  staff: 50,
  games: 60,
  users: 100,
  nogroup: 65534,
};
const SHADOW = 42;

/** Days from 1970 to the accounts' last password change: of no meaning, but the field must be there. */
const PASSWORD_CHANGED = 19632;

export function systemTree(): readonly TreeEntry[] {
  const file = (path: string, text: string, mode = 0o644, gid = 0): TreeEntry => {
    return { kind: "file", path, mode, gid, content: Buffer.from(text) };
  };
  const lines = (rows: readonly string[]) => `${rows.join("\n")}\n`;
  return [
    ...DIRECTORIES.map(
      ([path, mode = 0o755, gid = 0]): TreeEntry => ({ kind: "directory", path, mode, gid }),
    ),
    ...Object.entries(LINKS).map(([path, target]): TreeEntry => ({ kind: "symlink", path, target })),
    file("usr/bin/env", "A command of Boxwright's build shell, which the component knows too.\n", 0o755),
    ...COMMANDS.map((name) => commandOfBuildShell(`usr/bin/${name}`)),
    ...ADMINISTRATION.map((name) => commandOfBuildShell(`usr/sbin/${name}`)),
    file(
      "etc/passwd",
      lines(
        ACCOUNTS.map(([name, uid, gid, home, shell]) => `${name}:x:${uid}:${gid}:${name}:${home}:${shell}`),
      ),
    ),
    file("etc/group", lines(Object.entries(GROUPS).map(([name, gid]) => `${name}:x:${gid}:`))),
    file(
      "etc/shadow",
      lines(ACCOUNTS.map(([name]) => `${name}:*:${PASSWORD_CHANGED}:0:99999:7:::`)),
      0o640,
      SHADOW,
    ),
    file("etc/gshadow", lines(Object.keys(GROUPS).map((name) => `${name}:*::`)), 0o640, SHADOW),
    file(
      "etc/shells",
      lines(["/bin/sh", "/usr/bin/sh", "/bin/bash", "/usr/bin/bash", "/bin/dash", "/usr/bin/dash"]),
    ),
    file("etc/hostname", "boxwright\n"),
    file("etc/hosts", lines(["127.0.0.1\tlocalhost", "::1\tlocalhost"])),
    file("etc/nsswitch.conf", lines(["passwd: files", "group: files", "shadow: files", "hosts: files dns"])),
    file("etc/timezone", "Etc/UTC\n"),
    file("etc/debian_version", "12.0\n"),
    file(
      "etc/os-release",
      lines([
        'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"',
        'NAME="Debian GNU/Linux"',
        'VERSION_ID="12"',
        'VERSION="12 (bookworm)"',
        "VERSION_CODENAME=bookworm",
        "ID=debian",
        'VARIANT="Boxwright"',
        "VARIANT_ID=boxwright",
      ]),
    ),
  ];
}

/**
 * Not a script, and not a format that anything executes: running it in a component is exit code 126. The build
 * shell (src/sandbox) knows its commands by the first words.
 */
function commandOfBuildShell(path: string): TreeEntry {
  const content = Buffer.from(
    "A command of Boxwright's build shell: it works in RUN, not in the component.\n",
  );
  return { kind: "file", path, mode: 0o755, content };
}
