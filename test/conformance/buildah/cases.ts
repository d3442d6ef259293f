/**
 * Dockerfiles that buildah and Boxwright must turn into the same tree and the same configuration.
 * `BASE` in a Dockerfile is an image made from Debian's base-files and base-passwd.
 */

export type ContextEntry =
  | string
  | { readonly content: string; readonly mode: number }
  | { readonly link: string }
  | { readonly hardLink: string }
  | { readonly directoryMode: number }
  /** A tar with these entries, compressed as said. */
  | { readonly tar: Readonly<Record<string, string>>; readonly compression?: "gzip" | "bzip2" | "xz" };

export interface Case {
  readonly name: string;
  readonly context?: Readonly<Record<string, ContextEntry>>;
  readonly dockerfile: string;
  readonly buildArguments?: readonly string[];
  readonly target?: string;
  /** Where BuildKit, whose semantics are ours, differs from buildah: docs/compatibility.md explains each. */
  readonly difference?: Difference;
}

export type Difference =
  /** BuildKit gives an image from scratch the working directory "/". */
  | "scratch-working-directory"
  /** buildah makes the directory of a VOLUME while building, BuildKit leaves that to the start of the container. */
  | "volume-directories"
  /** buildah 1.28 uses /bin/sh for the shell form of CMD whatever SHELL says. */
  | "shell-of-command"
  /** BuildKit follows a link at the destination (fsutil's copy), buildah puts the file in its place. */
  | "link-at-destination";

const tree: Readonly<Record<string, ContextEntry>> = {
  "a.txt": "a",
  "b.txt": "b",
  "run.sh": { content: "#!/bin/sh\n", mode: 0o755 },
  "dir/one.txt": "1",
  "dir/two.txt": { content: "2", mode: 0o600 },
  "dir/sub/three.md": "3",
  "dir/sub/deep/four.txt": "4",
  empty: { directoryMode: 0o750 },
  "link-to-a": { link: "a.txt" },
  "dir/link-up": { link: "../a.txt" },
  "link-to-dir": { link: "dir" },
};

const archive: ContextEntry = { tar: { "x/y.txt": "y", "z.txt": "z" } };

export const cases: readonly Case[] = [
  {
    name: "an empty image with a label",
    difference: "scratch-working-directory",
    dockerfile: "FROM scratch\nLABEL a=b\nCOPY a.txt /",
    context: tree,
  },
  {
    name: "a file into a directory with a slash",
    dockerfile: "FROM BASE\nCOPY a.txt /opt/new/",
    context: tree,
  },
  { name: "a file to a new name", dockerfile: "FROM BASE\nCOPY a.txt /opt/new/name", context: tree },
  { name: "a file over a file", dockerfile: "FROM BASE\nCOPY a.txt /f\nCOPY b.txt /f", context: tree },
  { name: "a file into a directory that exists", dockerfile: "FROM BASE\nCOPY a.txt /opt", context: tree },
  { name: "a directory as its contents", dockerfile: "FROM BASE\nCOPY dir /opt/d", context: tree },
  { name: "a directory with slashes", dockerfile: "FROM BASE\nCOPY dir/ /opt/d/", context: tree },
  { name: "the whole context", dockerfile: "FROM BASE\nCOPY . /ctx/", context: tree },
  { name: "two directories into one", dockerfile: "FROM BASE\nCOPY dir dir/sub /opt/d/", context: tree },
  { name: "two files", dockerfile: "FROM BASE\nCOPY a.txt b.txt /two/", context: tree },
  { name: "an empty directory's mode", dockerfile: "FROM BASE\nCOPY empty /e", context: tree },
  { name: "a wildcard", dockerfile: "FROM BASE\nCOPY *.txt /w/", context: tree },
  { name: "a wildcard over directories", dockerfile: "FROM BASE\nCOPY d* /w/", context: tree },
  { name: "a wildcard in the middle", dockerfile: "FROM BASE\nCOPY dir/*/three.md /w/", context: tree },
  { name: "a question mark and a class", dockerfile: "FROM BASE\nCOPY ?.txt [b]*.txt /w/", context: tree },
  {
    name: "a symbolic link as a source is followed",
    dockerfile: "FROM BASE\nCOPY link-to-a /l",
    context: tree,
  },
  { name: "a link to a directory as a source", dockerfile: "FROM BASE\nCOPY link-to-dir /l", context: tree },
  { name: "links inside are kept", dockerfile: "FROM BASE\nCOPY dir /l", context: tree },
  {
    name: "a relative destination",
    dockerfile: "FROM BASE\nWORKDIR /srv\nCOPY a.txt rel/\nCOPY b.txt .",
    context: tree,
  },
  {
    name: "a relative workdir chain",
    dockerfile: "FROM BASE\nWORKDIR /srv\nWORKDIR a\nWORKDIR ../b\nCOPY a.txt ./",
    context: tree,
  },
  { name: "a workdir from a variable", dockerfile: "FROM BASE\nENV W=/w/x\nWORKDIR $W/y", context: tree },
  { name: "chown by number", dockerfile: "FROM BASE\nCOPY --chown=12:34 dir /o", context: tree },
  { name: "chown by name", dockerfile: "FROM BASE\nCOPY --chown=games:www-data dir /o", context: tree },
  { name: "chown by user alone", dockerfile: "FROM BASE\nCOPY --chown=games a.txt /o", context: tree },
  { name: "chown by number alone", dockerfile: "FROM BASE\nCOPY --chown=77 a.txt /o", context: tree },
  { name: "chmod of files", dockerfile: "FROM BASE\nCOPY --chmod=640 a.txt b.txt /o/", context: tree },
  {
    name: "the owner is root whatever USER says",
    dockerfile: "FROM BASE\nUSER games\nCOPY a.txt /o",
    context: tree,
  },
  {
    name: "onto a link to a file",
    dockerfile: "FROM BASE\nCOPY a.txt /a.txt\nCOPY dir /l/\nCOPY b.txt /l/link-up",
    context: tree,
    difference: "link-at-destination",
  },
  {
    name: "onto a link to a directory",
    dockerfile: "FROM BASE\nCOPY . /l/\nCOPY b.txt /l/link-to-dir\nCOPY dir/sub /l/link-to-dir",
    context: tree,
  },
  {
    name: "through a link in the image",
    dockerfile: "FROM BASE\nCOPY dir /real/\nCOPY link-to-dir /real2\nCOPY a.txt /real/sub/\n",
    context: tree,
  },
  {
    name: "options: names of one file in a directory",
    dockerfile: "FROM BASE\nCOPY d /o",
    context: { "d/one": "x", "d/two": { hardLink: "d/one" }, "d/sub/other": "y" },
  },
  {
    name: "options: chmod below a directory",
    dockerfile: "FROM BASE\nCOPY --chmod=750 dir /o",
    context: tree,
  },
  {
    name: "options: chmod with set-id bits",
    dockerfile: "FROM BASE\nCOPY --chmod=6711 run.sh /o",
    context: tree,
  },
  {
    name: "options: chown of a wildcard",
    dockerfile: "FROM BASE\nCOPY --chown=games:5 *.txt /o/",
    context: tree,
  },
  {
    name: "options: chown of what is made on the way",
    dockerfile: "FROM BASE\nCOPY --chown=7 a.txt /p/q/a",
    context: tree,
  },
  {
    name: "options: through a link of the image that leads above the root",
    dockerfile: "FROM BASE\nCOPY l /l/\nCOPY a.txt /l/up/etc/a.txt",
    context: { ...tree, "l/up": { link: "../../../.." } },
  },
  { name: "add is like copy for files", dockerfile: "FROM BASE\nADD a.txt dir /added/", context: tree },
  { name: "add unpacks a tar", dockerfile: "FROM BASE\nADD t.tar /t/", context: { "t.tar": archive } },
  {
    name: "add unpacks gzip",
    dockerfile: "FROM BASE\nADD t.tgz /t/",
    context: { "t.tgz": { tar: { a: "1" }, compression: "gzip" } },
  },
  {
    name: "add unpacks bzip2",
    dockerfile: "FROM BASE\nADD t.tbz /t/",
    context: { "t.tbz": { tar: { a: "1" }, compression: "bzip2" } },
  },
  {
    name: "add unpacks xz",
    dockerfile: "FROM BASE\nADD t.txz /t/",
    context: { "t.txz": { tar: { a: "1" }, compression: "xz" } },
  },
  { name: "copy does not unpack", dockerfile: "FROM BASE\nCOPY t.tar /t/", context: { "t.tar": archive } },
  {
    name: "add keeps what looks like a tar only by name",
    dockerfile: "FROM BASE\nADD t.tar /t/",
    context: { "t.tar": "not a tar" },
  },
  {
    name: "ignore a pattern",
    dockerfile: "FROM BASE\nCOPY . /c/",
    context: { ...tree, ".dockerignore": "*.txt\nempty\n" },
  },
  {
    name: "ignore with exceptions",
    dockerfile: "FROM BASE\nCOPY . /c/",
    context: { ...tree, ".dockerignore": "dir\n!dir/sub\ndir/sub/deep\n" },
  },
  {
    name: "ignore everywhere",
    dockerfile: "FROM BASE\nCOPY . /c/",
    context: { ...tree, ".dockerignore": "**/*.txt\n!dir/one.txt\n" },
  },
  {
    name: "ignore all but one",
    dockerfile: "FROM BASE\nCOPY . /c/",
    context: { ...tree, ".dockerignore": "*\n!a.txt\n" },
  },
  {
    name: "ignore with slashes and comments",
    dockerfile: "FROM BASE\nCOPY . /c/",
    context: { ...tree, ".dockerignore": "# comment\n/dir/\n\n  b.txt  \n./run.sh\n" },
  },
  {
    name: "from a stage",
    dockerfile:
      "FROM BASE AS one\nCOPY dir /src\nFROM BASE\nCOPY --from=one /src /dst\nCOPY --from=0 /src/one.txt /",
    context: tree,
  },
  {
    name: "from a stage with a wildcard",
    dockerfile: "FROM BASE AS one\nCOPY dir /src\nFROM BASE\nCOPY --from=one /src/*.txt /dst/",
    context: tree,
  },
  {
    name: "a stage on a stage",
    dockerfile: "FROM BASE AS one\nENV A=1\nCOPY a.txt /\nFROM one\nENV B=$A\nCOPY b.txt /",
    context: tree,
  },
  {
    name: "a target in the middle",
    target: "mid",
    dockerfile: "FROM BASE AS one\nCOPY a.txt /\nFROM one AS mid\nCOPY b.txt /\nFROM mid\nCOPY dir /d",
    context: tree,
  },
  {
    name: "owners survive copying from a stage",
    dockerfile: "FROM BASE AS one\nCOPY --chown=1:2 dir /src\nFROM BASE\nCOPY --from=one /src /dst",
    context: tree,
  },
  {
    name: "environment of one line uses values from before",
    dockerfile: "FROM BASE\nENV A=1\nENV A=2 B=$A C=${A}x\nENV D=$B$C",
  },
  { name: "the old form of ENV", dockerfile: 'FROM BASE\nENV A one two  three\nENV B "quoted"' },
  {
    name: "quotes and escapes in ENV",
    dockerfile: 'FROM BASE\nENV A="x y" B=\'$A\' C=a\\ b D="\\$A" E="a\\"b"',
  },
  {
    name: "modifiers",
    dockerfile: "FROM BASE\nENV A=1\nENV B=${A:-x} C=${Z:-y} D=${A:+z} E=${Z:+w} F=${Z:-${A}}",
  },
  {
    name: "build arguments",
    buildArguments: ["--build-arg", "V=2"],
    dockerfile: "FROM BASE\nARG V=1\nARG U=u\nENV V=$V U=$U\nLABEL v=$V",
  },
  {
    name: "a build argument before FROM",
    buildArguments: ["--build-arg", "T=two"],
    dockerfile:
      "ARG T=one\nFROM BASE AS one\nLABEL l=1\nFROM BASE AS two\nLABEL l=2\nFROM ${T}\nARG T\nLABEL t=$T",
  },
  { name: "labels", dockerfile: 'FROM BASE\nLABEL a=1 b="two words" "c d"=e\nLABEL a=3 multi="x \\\n y"' },
  { name: "commands in exec form", dockerfile: 'FROM BASE\nENTRYPOINT ["/e", "a b"]\nCMD ["c"]' },
  { name: "commands in shell form", dockerfile: 'FROM BASE\nENTRYPOINT echo $HOME\nCMD echo "x"  y' },
  {
    name: "an entry point clears an inherited command",
    dockerfile: 'FROM BASE AS b\nCMD ["x"]\nFROM b\nENTRYPOINT ["e"]',
  },
  {
    name: "the last command wins",
    dockerfile: 'FROM BASE\nCMD a\nCMD ["b"]\nENTRYPOINT x\nENTRYPOINT ["y"]',
  },
  { name: "a malformed exec form is a shell form", dockerfile: "FROM BASE\nCMD ['a', 'b']" },
  { name: "ports", dockerfile: "FROM BASE\nEXPOSE 80 443/tcp 53/udp\nEXPOSE 80" },
  {
    name: "volumes",
    difference: "volume-directories",
    dockerfile: 'FROM BASE\nVOLUME /a /b\nVOLUME ["/c d"]',
  },
  { name: "user and stop signal", dockerfile: "FROM BASE\nUSER games:www-data\nSTOPSIGNAL SIGQUIT" },
  { name: "a maintainer", dockerfile: "FROM BASE\nMAINTAINER someone <s@example.com>" },
  {
    name: "a health check",
    dockerfile: "FROM BASE\nHEALTHCHECK --interval=5s --timeout=1m --retries=2 CMD curl x\n",
  },
  { name: "no health check", dockerfile: "FROM BASE\nHEALTHCHECK CMD x\nHEALTHCHECK NONE" },
  {
    name: "a shell",
    difference: "shell-of-command",
    dockerfile: 'FROM BASE\nSHELL ["/bin/bash", "-c"]\nCMD echo x',
  },
  { name: "triggers", dockerfile: "FROM BASE\nONBUILD COPY . /app\nONBUILD ENV A=1" },
  {
    name: "triggers run in the child",
    dockerfile: "FROM BASE AS p\nONBUILD COPY a.txt /trig/\nONBUILD ENV A=1\nFROM p\nENV B=$A",
    context: tree,
  },
  { name: "continuations and comments", dockerfile: "FROM BASE\nENV A=1 \\\n# comment\n  B=2 \\\n\n  C=3\n" },
  {
    name: "a copy replaces a file by a directory tree",
    dockerfile: "FROM BASE\nCOPY dir /x/\nCOPY a.txt /x/sub/three.md",
    context: tree,
  },
  {
    name: "names that need care",
    dockerfile: 'FROM BASE\nCOPY ["with space.txt", "ümlaut.txt", "/n/"]',
    context: { "with space.txt": "s", "ümlaut.txt": "u" },
  },
  {
    name: "long names",
    dockerfile: `FROM BASE\nCOPY . /n/`,
    context: { [`${"d".repeat(120)}/${"f".repeat(130)}.txt`]: "long" },
  },
  {
    name: "an empty file and a large one",
    dockerfile: "FROM BASE\nCOPY . /n/",
    context: { zero: "", large: "x".repeat(300_000) },
  },
];
