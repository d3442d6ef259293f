/** `os/architecture[/variant]`, normalised as containerd does. */
import { invalidPlatform } from "../../errors/dockerfile.ts";

export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant: string | undefined;
}

const COMPONENT = /^[A-Za-z0-9_.-]+$/;
/** An operating system may carry a version and features, which mean nothing here. */
const OS_COMPONENT = /^([A-Za-z0-9_.-]*)(?:\([A-Za-z0-9_.%+-]*\))?$/;
const SYSTEMS: readonly string[] =
  "aix android darwin dragonfly freebsd hurd illumos ios js nacl netbsd openbsd plan9 linux solaris wasip1 windows zos".split(
    " ",
  );
const ARCHITECTURES: readonly string[] = (
  "386 amd64 amd64p32 arm armbe arm64 arm64be ppc64 ppc64le loong64 mips mipsle mips64 mips64le mips64p32 " +
  "mips64p32le ppc riscv riscv64 s390 s390x sparc sparc64 wasm"
).split(" ");

/** After expansion; what is left out is linux or amd64. Throws INVALID_PLATFORM. */
export function parsePlatform(text: string): Platform {
  const parts = text.split("/");
  const os = OS_COMPONENT.exec(parts[0]!)?.[1];
  if (os === undefined || parts.slice(1).some((part) => !COMPONENT.test(part))) {
    throw invalidPlatform(text, "an invalid component");
  }
  if (parts.length > 3) throw invalidPlatform(text, "too many components");
  const system = normaliseSystem(os);
  if (parts.length > 1) return { os: system, ...normaliseArchitecture(parts[1]!, parts[2] ?? "") };
  if (SYSTEMS.includes(system)) return { os: system, architecture: "amd64", variant: undefined };
  const architecture = normaliseArchitecture(parts[0]!, "");
  if (ARCHITECTURES.includes(architecture.architecture)) return { os: "linux", ...architecture };
  throw invalidPlatform(text, "unknown operating system or architecture");
}

function normaliseSystem(os: string): string {
  const lowered = os.toLowerCase();
  if (lowered === "") return "linux";
  return lowered === "macos" ? "darwin" : lowered;
}

function normaliseArchitecture(name: string, givenVariant: string): Omit<Platform, "os"> {
  const architecture = name.toLowerCase();
  const variant = givenVariant.toLowerCase().replace(/^v?([0-9])(?:\.0)?$/, "v$1");
  const result = (of: string, implied: string) => ({ architecture: of, variant: implied || undefined });
  switch (architecture) {
    case "i386":
      return result("386", "");
    case "x86_64":
    case "x86-64":
    case "amd64":
      return result("amd64", variant === "v1" ? "" : variant);
    case "aarch64":
    case "arm64":
      return result("arm64", variant === "v8" ? "" : variant);
    case "armhf":
      return result("arm", "");
    case "armel":
      return result("arm", "v6");
    case "arm":
      return result("arm", variant === "v7" ? "" : variant);
    default:
      return result(architecture, givenVariant.toLowerCase());
  }
}
