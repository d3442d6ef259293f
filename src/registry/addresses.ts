import { BlockList, isIP } from "node:net";

/** Where an address lies; "link-local" holds the metadata services of clouds. */
export type AddressClass = "public" | "private" | "loopback" | "link-local";

const ranges: readonly { readonly kind: AddressClass; readonly list: BlockList }[] = [
  blockList("loopback", ["127.0.0.0/8", "0.0.0.0/8", "::1/128", "::/128"]),
  blockList("link-local", ["169.254.0.0/16", "fe80::/10"]),
  // RFC 1918, RFC 6598 (carrier-grade NAT), RFC 4193.
  blockList("private", ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"]),
];

function blockList(kind: AddressClass, subnets: readonly string[]) {
  const list = new BlockList();
  for (const subnet of subnets) {
    const [address = "", bits = ""] = subnet.split("/");
    list.addSubnet(address, Number(bits), isIP(address) === 6 ? "ipv6" : "ipv4");
  }
  return { kind, list };
}

/** The class of a literal address (IPv4 within IPv6 is seen through), or undefined for a name. */
export function classifyAddress(address: string): AddressClass | undefined {
  const bare = address.replace(/^\[|\]$/g, "").replace(/%.*$/, "");
  const version = isIP(bare);
  if (version === 0) return undefined;
  const found = ranges.find(({ list }) => list.check(bare, version === 6 ? "ipv6" : "ipv4"));
  return found?.kind ?? "public";
}

/** Whether a URL's host name is this machine by its spelling (RFC 6761 reserves `localhost`). */
export function isLoopbackHost(hostname: string): boolean {
  const name = hostname.toLowerCase().replace(/\.$/, "");
  if (name === "localhost" || name.endsWith(".localhost")) return true;
  return classifyAddress(hostname) === "loopback";
}

/** The classes that a registry of class `from` may send its clients to. */
export function reachFrom(from: AddressClass): readonly AddressClass[] {
  switch (from) {
    case "public":
      return ["public"];
    case "private":
      return ["public", "private"];
    case "loopback":
      return ["public", "private", "loopback"];
    case "link-local":
      return ["public", "private", "link-local"];
  }
}
