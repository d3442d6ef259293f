import { invalidPort } from "../../errors/dockerfile.ts";

/** One EXPOSE word, taken apart. */
export interface PortWord {
  /** As the image configuration lists them: `80/tcp`. */
  readonly ports: readonly string[];
  /** The protocol as written, "tcp" where there is none. */
  readonly protocol: string;
  /** An address or host port is given: it means nothing in an image. */
  readonly hasHostPart: boolean;
}

const PROTOCOLS: readonly string[] = ["tcp", "udp", "sctp"];

/** `80`, `80/udp`, `8000-8010/tcp`, after expansion. Throws INVALID_PORT. */
export function parsePorts(word: string): readonly string[] {
  return parsePortWord(word).ports;
}

export function parsePortWord(word: string): PortWord {
  const parts = word.split(":");
  const last = parts.at(-1)!;
  const hostPort = parts.length > 1 ? parts.at(-2)! : "";
  const address = parts.slice(0, -2).join(":");
  const slash = last.indexOf("/");
  const range = slash === -1 ? last : last.slice(0, slash);
  const protocol = (slash === -1 ? "" : last.slice(slash + 1)) || "tcp";
  if (range === "") throw invalidPort(word, "no port specified");
  if (!PROTOCOLS.includes(protocol.toLowerCase())) throw invalidPort(word, `invalid proto: ${protocol}`);
  if (address !== "" && !isAddress(address)) throw invalidPort(word, `invalid IP address: ${address}`);
  const { start, end } = parseRange(word, range);
  if (hostPort !== "") {
    const host = parseRange(word, hostPort);
    // A range of host ports to choose from may stand for one port.
    if (host.end - host.start !== end - start && start !== end) {
      throw invalidPort(
        word,
        `invalid ranges specified for container and host Ports: ${range} and ${hostPort}`,
      );
    }
  }
  const ports = Array.from({ length: end - start + 1 }, (_, at) => `${start + at}/${protocol.toLowerCase()}`);
  return { ports, protocol, hasHostPart: address !== "" || hostPort !== "" };
}

function parseRange(word: string, text: string): { readonly start: number; readonly end: number } {
  const dash = text.indexOf("-");
  const start = parseNumber(word, dash === -1 ? text : text.slice(0, dash));
  const end = dash === -1 ? start : parseNumber(word, text.slice(dash + 1));
  if (end < start) throw invalidPort(word, `invalid port range: ${text}`);
  return { start, end };
}

function parseNumber(word: string, text: string): number {
  if (!/^\+?[0-9]{1,20}$/.test(text)) throw invalidPort(word, `invalid number '${text}'`);
  const port = Number(text);
  if (port > 65_535) throw invalidPort(word, "value out of range (0–65535)");
  return port;
}

function isAddress(text: string): boolean {
  const bare = text.startsWith("[") && text.endsWith("]") ? text.slice(1, -1) : text;
  const octets = bare.split(".");
  if (octets.length === 4)
    return octets.every((octet) => /^(0|[1-9][0-9]{0,2})$/.test(octet) && Number(octet) < 256);
  return /^[0-9A-Fa-f:.]+$/.test(bare) && bare.includes(":");
}
