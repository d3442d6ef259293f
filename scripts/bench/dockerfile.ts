/** Parsing a long Dockerfile, and whether ten times as long takes ten times as long. */
import { parse } from "../../dist/src/dockerfile/index.js";
import { median, milliseconds, type Row, spread } from "./measure.ts";

const LINES = 10_000;
const ROUNDS = 9;

/** Every kind of line: words, JSON, flags, variables, continuations, comments, heredocs. Ten lines a turn. */
function dockerfile(lines: number): string {
  const turns = Array.from(
    { length: lines / 10 - 1 },
    (_, n) => `# turn ${n}
ENV NAME_${n}=value PATH=/opt/${n}/bin:$PATH
COPY --from=build --chown=1000:1000 ["src/a b ${n}", "src/c", "/dest/"]
RUN --mount=type=cache,target=/root/.cache set -e && \\
    echo "line ${n}" && \\
    # between
    make -C /src/\${NAME_${n}:-none} install
RUN <<EOF
echo \${HOME} "${n}"
EOF
`,
  );
  return ["FROM scratch AS build\n", "FROM scratch\n", "ARG VERSION=1\n\n\n\n\n\n\n\n", ...turns].join("");
}

export function benchDockerfile(): readonly Row[] {
  const measure = (text: string) => {
    const start = performance.now();
    parse(text);
    return performance.now() - start;
  };
  const [short, long] = [dockerfile(LINES), dockerfile(10 * LINES)];
  const first = measure(short);
  const shorts: number[] = [];
  const longs: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    shorts.push(measure(short));
    longs.push(measure(long));
  }
  const growth = median(longs) / median(shorts);
  const rate = LINES / median(shorts);
  return [
    { what: `parsing ${LINES} lines, first time in a process`, measured: milliseconds(first), goal: "—" },
    {
      what: `parsing ${LINES} lines, warm`,
      measured: `${spread(shorts, milliseconds)}, ${rate.toFixed(0)} lines/ms`,
      goal: "—",
    },
    {
      what: "ten times the lines, against that",
      measured: `× ${growth.toFixed(1)}`,
      goal: "linear: < 15",
      met: growth < 15,
    },
  ];
}
