import assert from "node:assert/strict";
import { describe as suite, test } from "node:test";
import fc from "fast-check";
import {
  applyFileMode,
  expandMount,
  type Mount,
  parse,
  parseDuration,
  parseFileMode,
  parsePlatform,
  parsePorts,
  parseSignal,
} from "../../src/dockerfile/index.ts";

suite("durations", () => {
  const GOOD: readonly (readonly [string, number])[] = [
    ["0", 0],
    ["1ns", 1],
    ["1us", 1e3],
    ["1µs", 1e3],
    ["1μs", 1e3],
    ["250ms", 25e7],
    ["1.5s", 15e8],
    [".5m", 3e10],
    ["1h2m3s", 3_723e9],
    ["-1m", -6e10],
    ["+2h", 72e11],
  ];
  for (const [text, nanoseconds] of GOOD) {
    test(`${text} is ${nanoseconds} ns`, () => assert.equal(parseDuration(text), nanoseconds));
  }
  for (const text of ["", "1", "s", "1x", "1s 2m", "1.s.", ".s", "-", "3000000h", "1e3s"]) {
    test(`${JSON.stringify(text)} is refused`, () => {
      assert.throws(() => parseDuration(text), { code: "INVALID_DURATION" });
    });
  }
});

suite("ports", () => {
  const GOOD: readonly (readonly [string, readonly string[]])[] = [
    ["80", ["80/tcp"]],
    ["53/udp", ["53/udp"]],
    ["9/SCTP", ["9/sctp"]],
    ["8000-8002/tcp", ["8000/tcp", "8001/tcp", "8002/tcp"]],
    ["7-7", ["7/tcp"]],
    ["8080:80", ["80/tcp"]],
    ["127.0.0.1:8080:80/udp", ["80/udp"]],
    ["[::1]:8080:80", ["80/tcp"]],
    ["0", ["0/tcp"]],
  ];
  for (const [word, ports] of GOOD) {
    test(word, () => assert.deepEqual(parsePorts(word), ports));
  }
  for (const word of [
    "",
    "/tcp",
    "80/http",
    "x",
    "-1",
    "65536",
    "9-8",
    "1-2-3",
    "a:80",
    "1.2.3:1:80",
    "1-3:80-81",
  ]) {
    test(`${JSON.stringify(word)} is refused`, () => {
      assert.throws(() => parsePorts(word), { code: "INVALID_PORT" });
    });
  }
});

suite("file modes", () => {
  const MODES: readonly (readonly [string, number, "file" | "directory", number])[] = [
    ["755", 0o600, "file", 0o755],
    ["0644", 0o777, "file", 0o644],
    ["7777", 0, "directory", 0o7777],
    ["u=rwX,go=rX", 0o600, "file", 0o644],
    ["u=rwX,go=rX", 0o700, "file", 0o755],
    ["u=rwX,go=rX", 0o600, "directory", 0o755],
    ["+x", 0o644, "file", 0o755],
    ["a-w", 0o666, "file", 0o444],
    ["go=", 0o777, "file", 0o700],
    ["g=u", 0o741, "file", 0o771],
    ["o+g", 0o750, "file", 0o755],
    ["u=u", 0o640, "file", 0o640],
    ["u+s,g+s", 0o755, "file", 0o6755],
    ["+t", 0o777, "directory", 0o1777],
    ["o+s", 0o755, "file", 0o755],
    ["+rt", 0o200, "directory", 0o1200],
    ["=t", 0o2331, "directory", 0o3331],
    ["u+r-w", 0o200, "file", 0o400],
    ["=r", 0o777, "file", 0o444],
  ];
  for (const [text, before, kind, after] of MODES) {
    test(`${text} makes a ${kind} of 0${before.toString(8)} 0${after.toString(8)}`, () => {
      assert.equal(applyFileMode(parseFileMode(text), before, kind === "directory"), after);
    });
  }
  for (const text of ["", "10000", "888", "0o755", "u", "u=z", "rwx", "u=r,", ",u=r", "x+r"]) {
    test(`${JSON.stringify(text)} is refused`, () => {
      assert.throws(() => parseFileMode(text), { code: "INVALID_FILE_MODE" });
    });
  }

  test("no mode leaves the permission bits' range", () => {
    const clause = fc.stringMatching(/^[ugoa]{0,3}([-+=][rwxXstugo]{0,4}){1,2}$/);
    fc.assert(
      fc.property(
        fc.array(clause, { minLength: 1 }),
        fc.integer({ min: 0, max: 0o7777 }),
        (clauses, current) => {
          const mode = applyFileMode(parseFileMode(clauses.join(",")), current, false);
          assert.ok(mode >= 0 && mode <= 0o7777);
        },
      ),
      { seed: 7, numRuns: 500 },
    );
  });
});

suite("stop signals", () => {
  for (const [text, number] of [
    ["SIGTERM", 15],
    ["term", 15],
    ["9", 9],
    ["SIGRTMIN+3", 37],
    ["RTMAX-14", 50],
    ["SIGPOLL", 29],
  ] as const) {
    test(`${text} is ${number}`, () => assert.equal(parseSignal(text), number));
  }
  for (const text of ["", "0", "SIGNOPE", "SIGRTMIN+16", "SIG"]) {
    test(`${JSON.stringify(text)} is refused`, () => {
      assert.throws(() => parseSignal(text), { code: "INVALID_SIGNAL" });
    });
  }
});

suite("platforms", () => {
  const written = (text: string) => {
    const { os, architecture, variant } = parsePlatform(text);
    return [os, architecture, ...(variant === undefined ? [] : [variant])].join("/");
  };
  for (const [text, normal] of [
    ["linux/amd64", "linux/amd64"],
    ["Linux/x86_64", "linux/amd64"],
    ["linux/arm64/v8", "linux/arm64"],
    ["linux/arm/7", "linux/arm"],
    ["linux/armel", "linux/arm/v6"],
    ["aarch64", "linux/arm64"],
    ["macos/arm64", "darwin/arm64"],
    ["windows(10.0.17763)/amd64", "windows/amd64"],
    ["wasip1/wasm", "wasip1/wasm"],
    ["linux", "linux/amd64"],
  ] as const) {
    test(`${text} is ${normal}`, () => assert.equal(written(text), normal));
  }
  for (const text of ["nope", "linux/", "linux/a b", "a/b/c/d", "*"]) {
    test(`${JSON.stringify(text)} is refused`, () => {
      assert.throws(() => parsePlatform(text), { code: "INVALID_PLATFORM" });
    });
  }
});

function mountOf(options: string): Mount {
  const run = parse(`FROM a\nRUN --mount=${options} x\n`).stages[0]!.instructions[0]!;
  assert.ok(run.kind === "RUN");
  return run.mounts[0]!;
}

suite("mounts", () => {
  test("are bound, and read-only, by default", () => {
    const { type, target, readOnly, required } = mountOf("target=/x");
    assert.deepEqual(
      { type, target, readOnly, required },
      { type: "bind", target: "/x", readOnly: true, required: false },
    );
  });

  for (const [type, readOnly] of [
    ["bind", true],
    ["secret", true],
    ["ssh", true],
    ["cache", false],
    ["tmpfs", false],
  ] as const) {
    test(`${type} is ${readOnly ? "read-only" : "writable"} unless it says otherwise`, () => {
      assert.equal(mountOf(`type=${type},target=/x`).readOnly, readOnly);
      assert.equal(mountOf(`type=${type},target=/x,${readOnly ? "rw" : "ro"}`).readOnly, !readOnly);
      assert.equal(mountOf(`type=${type},target=/x,readonly=${!readOnly}`).readOnly, !readOnly);
    });
  }

  test("a cache is known by its cleaned target, unless it has an id", () => {
    assert.equal(mountOf("type=cache,dst=/a//b/../c/").id, "/a/c");
    assert.equal(mountOf("type=cache,dst=/a,id=x").id, "x");
    assert.equal(mountOf("type=cache,dst=/a").sharing, "shared");
  });

  test("a secret is known by its id, its source or the end of its target", () => {
    assert.equal(mountOf("type=secret,id=s,env=TOKEN,required").id, "s");
    assert.equal(mountOf("type=secret,src=s").id, "s");
    assert.equal(mountOf("type=secret,target=/run/s").id, "s");
    assert.equal(mountOf("type=secret,id=s,env=TOKEN").environmentVariable, "TOKEN");
  });

  test("sizes are binary, modes octal", () => {
    assert.equal(mountOf("type=tmpfs,target=/x,size=1.5kb").sizeLimit, 1536);
    assert.equal(mountOf("type=tmpfs,target=/x,size=2GiB").sizeLimit, 2 ** 31);
    const { mode, uid, gid } = mountOf("type=cache,target=/x,mode=0750,uid=1,gid=2");
    assert.deepEqual({ mode, uid, gid }, { mode: 0o750, uid: 1, gid: 2 });
  });

  test("options are comma-separated values, with quotes around a whole field", () => {
    const run = parse('FROM a\nRUN --mount=type=bind,\\"target=/a,b\\" x\n').stages[0]!.instructions[0]!;
    assert.ok(run.kind === "RUN");
    assert.equal(run.mounts[0]!.target, "/a,b");
  });

  test("variables are resolved by expandMount, in typed options too", () => {
    const mount = mountOf("type=$T,target=/$D,uid=$U,ro=$R");
    assert.equal(mount.target, "/$D");
    const values: Readonly<Record<string, string>> = { $T: "cache", "/$D": "/d/", $U: "7", $R: "true" };
    const { type, target, uid, readOnly, id } = expandMount(mount, (value) => values[value] ?? value);
    assert.deepEqual(
      { type, target, uid, readOnly, id },
      { type: "cache", target: "/d/", uid: 7, readOnly: true, id: "/d" },
    );
    assert.throws(() => expandMount(mount, () => "nonsense"), { code: "INVALID_MOUNT" });
  });

  for (const options of [
    "type=cach,target=/x",
    "type=bind,target=/x,sise=1",
    "type=bind,target=/x,size=1",
    "type=bind,target=/x,required",
    "type=bind,target=/x,mode=755",
    "type=cache,target=/x,mode=9",
    "type=cache,target=/x,sharing=none",
    "type=bind,target=/x,sharing=shared",
    "type=secret",
    "type=secret,id=a,src=b",
    "type=secret,id=a,from=b",
    "type=bind,target=/x,ro=maybe",
    "type=bind,target",
    "target=/x,from=$A",
  ]) {
    test(`${options} is refused`, () => {
      assert.throws(() => mountOf(options), { code: "INVALID_MOUNT" });
    });
  }
});
