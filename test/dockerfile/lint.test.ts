import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe as suite, test } from "node:test";
import { type LintOptions, lint, lintError, lintRules, parse } from "../../src/dockerfile/index.ts";

/** `line rule: message` of each finding. */
function findings(text: string, options: LintOptions = {}): readonly string[] {
  return lint(parse(text), options).lints.map(
    ({ range, rule, message }) => `${range.start.line} ${rule}: ${message}`,
  );
}

const none: readonly string[] = [];

/** Rule → a Dockerfile, and what is found in it. Messages are BuildKit's. */
const CASES: readonly (readonly [
  name: string,
  text: string,
  found: readonly string[],
  options?: LintOptions,
])[] = [
  [
    "StageNameCasing",
    "FROM scratch AS Base\nFROM base AS x\n",
    ["1 StageNameCasing: Stage name 'Base' should be lowercase"],
  ],
  [
    "FromAsCasing",
    "FROM scratch as x\nFROM x AS y\n",
    ["1 FromAsCasing: 'as' and 'FROM' keywords' casing do not match"],
  ],
  [
    "NoEmptyContinuation",
    "FROM scratch\nRUN a \\\n\n  b\n",
    ["4 NoEmptyContinuation: Empty continuation line"],
  ],
  [
    "ConsistentInstructionCasing",
    "FROM scratch\nrun a\nRUN b\nEnV c=d\n",
    [
      "2 ConsistentInstructionCasing: Command 'run' should match the case of the command majority (uppercase)",
      "4 ConsistentInstructionCasing: Command 'EnV' should match the case of the command majority (uppercase)",
    ],
  ],
  [
    "DuplicateStageName",
    "FROM scratch AS a\nFROM scratch AS a\n",
    ['2 DuplicateStageName: Duplicate stage name "a", stage names should be unique'],
  ],
  [
    "ReservedStageName",
    "FROM a AS context\n",
    ['1 ReservedStageName: Stage name should not use the same name as reserved stage "context"'],
  ],
  [
    "JSONArgsRecommended",
    'FROM scratch\nCMD a\nFROM scratch\nSHELL ["x"]\nCMD a\nFROM scratch\nENTRYPOINT ["a"]\n',
    [
      "2 JSONArgsRecommended: JSON arguments recommended for CMD to prevent unintended behavior related to OS signals",
    ],
  ],
  [
    "MaintainerDeprecated",
    "FROM scratch\nMAINTAINER x\n",
    ["2 MaintainerDeprecated: Maintainer instruction is deprecated in favor of using label"],
  ],
  [
    "UndefinedArgInFrom",
    "ARG VERSION=1\nFROM a:${VERSON} AS x\nFROM a:$VERSION\nFROM --platform=$BUILDPLATFORM a\n",
    [
      "2 InvalidDefaultArgInFrom: Default value for ARG a:${VERSON} results in empty or invalid base image name",
      "2 UndefinedArgInFrom: FROM argument 'VERSON' is not declared (did you mean VERSION?)",
    ],
  ],
  [
    "WorkdirRelativePath",
    "FROM scratch AS a\nWORKDIR app\nWORKDIR sub\nFROM a\nWORKDIR more\nFROM scratch\nWORKDIR /x\nWORKDIR y\n",
    ['2 WorkdirRelativePath: Relative workdir "app" can have unexpected results if the base image changes'],
  ],
  [
    "UndefinedVar",
    "FROM scratch\nARG FOO\nENV BAR=1\nCOPY $FOO $BRA /\nWORKDIR /$PATH\nRUN $X\nENV A=$A\nCOPY <<E /\n$Y\nE\n",
    [
      "4 UndefinedVar: Usage of undefined variable '$BRA' (did you mean $BAR?)",
      "7 UndefinedVar: Usage of undefined variable '$A' (did you mean $BAR?)",
      "8 UndefinedVar: Usage of undefined variable '$Y' (did you mean $A?)",
    ],
  ],
  [
    "UndefinedVar: what the base image or the stage before sets is defined",
    "FROM base AS a\nENV X=1\nFROM a\nWORKDIR /$X/$LANG\n",
    none,
    { baseImage: () => ({ environment: ["LANG=C"], hasShell: false, platform: undefined }) },
  ],
  [
    "MultipleInstructionsDisallowed",
    'FROM scratch\nCMD ["a"]\nENTRYPOINT ["b"]\nCMD ["c"]\nFROM scratch\nCMD ["a"]\n',
    [
      "2 MultipleInstructionsDisallowed: Multiple CMD instructions should not be used in the same stage because only the last one will be used",
    ],
  ],
  [
    "LegacyKeyValueFormat",
    "FROM scratch\nENV a b\nLABEL c d\nENV e=f\n",
    [
      '2 LegacyKeyValueFormat: "ENV key=value" should be used instead of legacy "ENV key value" format',
      '3 LegacyKeyValueFormat: "LABEL key=value" should be used instead of legacy "LABEL key value" format',
    ],
  ],
  [
    "InvalidBaseImagePlatform",
    "FROM a\n",
    [
      '1 InvalidBaseImagePlatform: Base image a was pulled with platform "linux/arm64", expected "linux/amd64" for current build',
    ],
    { baseImage: () => ({ environment: [], hasShell: false, platform: "linux/arm64" }) },
  ],
  [
    "RedundantTargetPlatform",
    "FROM --platform=$TARGETPLATFORM a\nFROM --platform=${BUILDPLATFORM} b\n",
    [
      "1 RedundantTargetPlatform: Setting platform to predefined $TARGETPLATFORM in FROM is redundant as this is the default behavior",
    ],
  ],
  [
    "SecretsUsedInArgOrEnv",
    "FROM scratch\nARG API_TOKEN\nENV PASSWORD=x PUBLIC_KEY=y TOKENIZER=z KEY_FILE=f\n",
    [
      '2 SecretsUsedInArgOrEnv: Do not use ARG or ENV instructions for sensitive data (ARG "API_TOKEN")',
      '3 SecretsUsedInArgOrEnv: Do not use ARG or ENV instructions for sensitive data (ENV "PASSWORD")',
    ],
  ],
  [
    "InvalidDefaultArgInFrom",
    "ARG TAG\nARG BASE=python\nFROM $BASE:$TAG\n",
    [
      "3 InvalidDefaultArgInFrom: Default value for ARG $BASE:$TAG results in empty or invalid base image name",
    ],
    { buildArguments: { TAG: "3.12" } },
  ],
  [
    "FromPlatformFlagConstDisallowed",
    "FROM --platform=linux/amd64 a AS x\nFROM --platform=linux/arm64 a AS on-arm64\n",
    ['1 FromPlatformFlagConstDisallowed: FROM --platform flag should not use constant value "linux/amd64"'],
  ],
  [
    "CopyIgnoredFile",
    "FROM scratch AS a\nCOPY ./x/y z /\nADD https://e.com/x w.tar /\nCOPY . /\nCOPY --from=a x /\n",
    [
      '2 CopyIgnoredFile: Attempting to Copy file "x/y" that is excluded by .dockerignore',
      '3 CopyIgnoredFile: Attempting to Add file "w.tar" that is excluded by .dockerignore',
    ],
    { ignore: { patterns: ["x", "w.tar"], excludes: (path) => /^(x\b|w\.tar)/.test(path) } },
  ],
  [
    "CopyIgnoredFile: nothing is said where there are exceptions",
    "FROM scratch\nCOPY x /\n",
    none,
    { ignore: { patterns: ["x", "!x/y"], excludes: () => true } },
  ],
  ["InvalidDefinitionDescription is experimental", "# nothing to do with it\nFROM scratch AS a\n", none],
  [
    "InvalidDefinitionDescription",
    "# A the argument\nARG A\n#\n# some remark\nARG B\n# x the stage\nFROM scratch AS x\n# remark\nARG C D\n",
    [
      "5 InvalidDefinitionDescription: Comment for ARG should follow the format: `# B <description>`",
      "9 InvalidDefinitionDescription: Comment for ARG should follow the format: `# <arg_key> <description>`",
    ],
    { check: "experimental=InvalidDefinitionDescription" },
  ],
  [
    "ExposeProtoCasing",
    "FROM scratch\nEXPOSE 80/TCP 81/udp\n",
    ["2 ExposeProtoCasing: Defined protocol '80/TCP' in EXPOSE instruction should be lowercase"],
  ],
  [
    "ExposeInvalidFormat",
    "FROM scratch\nEXPOSE 8080:80\n",
    [
      "2 ExposeInvalidFormat: EXPOSE instruction should not define an IP address or host-port mapping, found '8080:80'",
    ],
  ],
  [
    "WasmUnavailableCommand",
    'FROM scratch\nRUN set -e; A=1 apt-get update && \\\n  if true; then /usr/bin/gcc x.c; fi # make\nRUN echo "apk; yum" \'dnf\'\nRUN ["make", "all"]\n',
    [
      "2 WasmUnavailableCommand: Command 'apt-get' does not exist in WebAssembly: it installs native programs; use the language's own packages, or COPY files",
      "2 WasmUnavailableCommand: Command 'gcc' does not exist in WebAssembly: it makes native programs; build them elsewhere, or use packages without compiled parts",
      "5 WasmUnavailableCommand: Command 'make' does not exist in WebAssembly: it makes native programs; build them elsewhere, or use packages without compiled parts",
    ],
  ],
  [
    "WasmUnavailableCommand",
    "FROM scratch\nRUN useradd a && groupadd b && wget http://x/y\n",
    [
      "2 WasmUnavailableCommand: Command 'groupadd' does not exist in WebAssembly: there is no system to administer; set users, files and modes with USER and COPY",
      "2 WasmUnavailableCommand: Command 'wget' does not exist in WebAssembly: steps have no network but for packages; fetch files with ADD",
    ],
    { hasCommand: (name) => name === "useradd" },
  ],
  [
    "WasmNativeBase",
    "FROM golang:1 AS build\nRUN go-thing\nFROM data AS files\nFROM python:3.12\nCOPY --from=files / /\n",
    [
      "1 WasmNativeBase: No WebAssembly runtime stands in for golang:1: its files can be copied, its programs cannot be run",
    ],
    { hasRuntime: (image) => image.startsWith("python:") },
  ],
  [
    "WasmUnsupportedRunOption",
    "FROM scratch\nRUN --network=host --security=insecure --device=a/b=c x\n",
    [
      "2 WasmUnsupportedRunOption: RUN --security=insecure asks for what the sandbox does not have",
      "2 WasmUnsupportedRunOption: RUN --network=host asks for what the sandbox does not have",
      "2 WasmUnsupportedRunOption: RUN --device asks for what the sandbox does not have",
    ],
  ],
  [
    "WasmSingleProcess",
    'FROM scratch\nENTRYPOINT ["/usr/bin/tini", "--", "app"]\nCMD ["app"]\n',
    [
      "2 WasmSingleProcess: 'tini' supervises processes, and a component is one process: start the application itself",
    ],
  ],
  [
    "WasmHealthcheckIgnored",
    "FROM scratch AS a\nHEALTHCHECK CMD x\nFROM scratch\nHEALTHCHECK NONE\n",
    ["2 WasmHealthcheckIgnored: HEALTHCHECK is kept in the image configuration, but no WASI runtime runs it"],
  ],
];

suite("rules", () => {
  for (const [name, text, expected, options] of CASES) {
    test(name, () => assert.deepEqual(findings(text, options), expected));
  }

  test("every rule has a case here", () => {
    const covered = new Set(CASES.flatMap(([, , found]) => found.map((line) => line.split(/[ :]/)[1])));
    assert.deepEqual(
      lintRules.map((rule) => rule.name).filter((name) => !covered.has(name)),
      [],
    );
  });

  test("every rule has a page, and every page a rule", () => {
    const pages = new URL("../../docs/lint/", import.meta.url);
    for (const { name } of lintRules) {
      assert.ok(existsSync(new URL(`${name}.md`, pages)), name);
      assert.match(readFileSync(new URL(`${name}.md`, pages), "utf8"), new RegExp(`^# ${name}\n`));
    }
    const names = readdirSync(pages).map((file) => file.replace(/\.md$/, ""));
    assert.deepEqual(names.filter((name) => !lintRules.some((rule) => rule.name === name)).sort(), [
      "README",
    ]);
  });
});

suite("# check=", () => {
  const FAULTY = "FROM scratch\nMAINTAINER x\nENV a b\n";

  test("skips rules", () => {
    assert.deepEqual(findings(`# check=skip=MaintainerDeprecated,LegacyKeyValueFormat\n${FAULTY}`), none);
    assert.deepEqual(findings(`# check=skip=all\n${FAULTY}`), none);
    assert.equal(findings(`# check=skip=MaintainerDeprecated\n${FAULTY}`).length, 1);
  });

  test("makes findings fail the build", () => {
    const report = lint(parse(`# check=error=true\n${FAULTY}`));
    assert.equal(report.fails, true);
    assert.match(lintError(report).message, /MaintainerDeprecated, LegacyKeyValueFormat/);
    assert.equal(lint(parse("# check=error=true\nFROM scratch\n")).fails, false);
    assert.equal(lint(parse(FAULTY)).fails, false);
  });

  test("in the comment above an instruction skips rules for it alone", () => {
    const text = "FROM scratch\n# check=skip=MaintainerDeprecated\nMAINTAINER x\nMAINTAINER y\n";
    assert.deepEqual(
      findings(text).map((line) => line.split(" ")[0]),
      ["4"],
    );
  });

  test("is replaced by the caller's", () => {
    assert.deepEqual(findings(`# check=error=true\n${FAULTY}`, { check: "skip=all" }), none);
  });

  for (const check of ["skip", "what=x", "error=perhaps"]) {
    test(`${check} is refused`, () => {
      assert.throws(() => lint(parse(`# check=${check}\n${FAULTY}`)), { code: "INVALID_CHECK_DIRECTIVE" });
    });
  }
});

suite("a report", () => {
  test("is about the target's stages, but for how the text is written", () => {
    const text =
      "FROM scratch AS a\nWORKDIR x\nFROM scratch AS B\nWORKDIR y\nCOPY --from=a / /\nFROM scratch\nWORKDIR z\n";
    const lines = (target: string) => findings(text, { target }).map((line) => line.split(":")[0]);
    assert.deepEqual(lines("a"), ["2 WorkdirRelativePath", "3 StageNameCasing"]);
    assert.deepEqual(lines("b"), ["2 WorkdirRelativePath", "3 StageNameCasing", "4 WorkdirRelativePath"]);
    assert.deepEqual(lines("2"), ["3 StageNameCasing", "7 WorkdirRelativePath"]);
  });

  test("has the error that would stop the build", () => {
    const report = lint(parse("FROM scratch\nWORKDIR ${X:?needed}\nMAINTAINER x\n"));
    assert.equal(report.error?.code, "VARIABLE_REQUIRED");
    assert.equal(report.error?.range?.start.line, 2);
    assert.equal(report.lints.length, 1);
  });
});
