import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A package index on this machine, with wheels made by hand. */
export interface FakeIndex {
  readonly url: string;
  readonly requests: readonly string[];
  readonly close: () => Promise<void>;
}

export interface FakePackage {
  readonly name: string;
  /** File name to bytes. */
  readonly files: Readonly<Record<string, Uint8Array>>;
  /** Digests that the page claims instead of the right ones. */
  readonly claimed?: Readonly<Record<string, string>>;
}

const CRC_TABLE = Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = (value & 1) === 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value >>> 0;
});

function crc32(bytes: Uint8Array): number {
  let value = 0xffffffff;
  for (const byte of bytes) value = (value >>> 8) ^ CRC_TABLE[(value ^ byte) & 0xff]!;
  return (value ^ 0xffffffff) >>> 0;
}

/** A zip archive of stored files (APPNOTE.TXT 4.3). */
export function zip(files: Readonly<Record<string, string>>): Uint8Array {
  const chunks: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, text] of Object.entries(files)) {
    const [path, data] = [Buffer.from(name), Buffer.from(text)];
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(0x21, 8);
    common.writeUInt32LE(crc32(data), 10);
    common.writeUInt32LE(data.length, 14);
    common.writeUInt32LE(data.length, 18);
    common.writeUInt16LE(path.length, 22);
    const local = Buffer.concat([Buffer.from("PK\x03\x04"), common, path, data]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    directory.push(Buffer.concat([Buffer.from("PK\x01\x02"), Buffer.from([20, 3]), common, tail, path]));
    chunks.push(local);
    offset += local.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", "latin1");
  end.writeUInt16LE(directory.length, 8);
  end.writeUInt16LE(directory.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...chunks, central, end]);
}

/** A pure-Python wheel with one module and, if asked for, a console script. */
export function wheel(
  name: string,
  version: string,
  options: { requires?: readonly string[]; script?: string } = {},
): Uint8Array {
  const info = `${name}-${version}.dist-info`;
  const requires = (options.requires ?? []).map((line) => `Requires-Dist: ${line}\n`).join("");
  return zip({
    [`${name}.py`]: `version = "${version}"\ndef main():\n    print("${name} " + version)\n`,
    [`${info}/METADATA`]: `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\nProvides-Extra: more\n${requires}`,
    [`${info}/WHEEL`]: "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    ...(options.script === undefined
      ? {}
      : { [`${info}/entry_points.txt`]: `[console_scripts]\n${options.script} = ${name}:main\n` }),
    [`${info}/RECORD`]: "",
  });
}

export const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

/** Serves PEP 503 pages, or PEP 691 where `json` is set. */
export async function startFakeIndex(packages: readonly FakePackage[], json: boolean): Promise<FakeIndex> {
  const requests: string[] = [];
  const entries = (one: FakePackage) =>
    Object.entries(one.files).map(([filename, bytes]) => ({
      filename,
      hash: one.claimed?.[filename] ?? sha256(bytes),
    }));

  function page(one: FakePackage, response: ServerResponse): void {
    if (json) {
      response.setHeader("content-type", "application/vnd.pypi.simple.v1+json");
      const files = entries(one).map(({ filename, hash }) => ({
        filename,
        url: `../../files/${filename}`,
        hashes: { sha256: hash },
        yanked: false,
      }));
      response.end(JSON.stringify({ meta: { "api-version": "1.0" }, name: one.name, files }));
      return;
    }
    response.setHeader("content-type", "text/html; charset=utf-8");
    const links = entries(one).map(
      ({ filename, hash }) => `<a href="../../files/${filename}#sha256=${hash}">${filename}</a><br>`,
    );
    response.end(`<!DOCTYPE html><html><body>${links.join("\n")}</body></html>`);
  }

  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const path = request.url ?? "";
    requests.push(`${request.method} ${path}`);
    const project = packages.find(({ name }) => path === `/simple/${name}/`);
    const file = packages
      .flatMap(({ files }) => Object.entries(files))
      .find(([name]) => path === `/files/${name}`);
    if (path.startsWith("/moved/")) {
      response.writeHead(302, { location: path.replace("/moved/", "/simple/") }).end();
    } else if (project !== undefined) page(project, response);
    else if (file !== undefined) response.end(file[1]);
    else response.writeHead(404, { "content-type": "text/html" }).end("not found");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
