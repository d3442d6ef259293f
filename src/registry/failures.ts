import { BoxwrightError } from "../errors/index.ts";
import {
  certificateRefused,
  connectionLost,
  type FailedExchange,
  type ReportedError,
  unreachable,
} from "../errors/registry.ts";
import { isObject, own, ownString, parseJsonObject } from "./json.ts";

/** The address as it may be shown: without user, query and fragment. */
export function redactedAddress(url: URL): string {
  return `${url.origin}${url.pathname}`;
}

const lost = new Set(["ECONNRESET", "EPIPE", "ETIMEDOUT", "ECONNABORTED", "ENETRESET", "EAI_AGAIN"]);
const absent: Readonly<Record<string, string>> = {
  ENOTFOUND: "no such host",
  ECONNREFUSED: "nothing listens there",
  EHOSTUNREACH: "no route to the host",
  ENETUNREACH: "no route to its network",
};

/** Makes a coded error of whatever Node throws while talking HTTP. */
export function networkFailure(exchange: FailedExchange, cause: unknown): Error {
  if (cause instanceof BoxwrightError) return cause;
  const code = codeOf(cause);
  const text = cause instanceof Error ? cause.message : String(cause);
  if (lost.has(code)) return connectionLost(exchange, code, cause);
  if (absent[code] !== undefined) return unreachable(exchange, absent[code], cause);
  if (/CERT|^ERR_TLS|SELF_SIGNED|UNABLE_TO_(?:GET|VERIFY)/.test(code)) {
    return certificateRefused(exchange, code, cause);
  }
  if (code === "EPROTO" || code.startsWith("ERR_SSL")) {
    return certificateRefused(exchange, "what answers there does not speak TLS", cause);
  }
  if (code.startsWith("HPE_") || code === "ERR_STREAM_PREMATURE_CLOSE") {
    return connectionLost(exchange, "the answer is not whole", cause);
  }
  return unreachable(exchange, code === "" ? clean(text, 200) : code, cause);
}

/** Node wraps the attempts of several addresses (happy eyeballs) in an AggregateError. */
function codeOf(cause: unknown): string {
  if (typeof cause !== "object" || cause === null) return "";
  if ("code" in cause && typeof cause.code === "string") return cause.code;
  if (cause instanceof AggregateError) return codeOf(cause.errors[0]);
  return "";
}

/** The `errors` of a registry's answer (distribution-spec, "Error codes"), cleaned for a terminal. */
export function reportedErrors(body: Uint8Array): readonly ReportedError[] {
  let errors: unknown;
  try {
    errors = own(parseJsonObject(body), "errors");
  } catch {
    // An error page of something in between; its status says enough.
    return [];
  }
  if (!Array.isArray(errors)) return [];
  return errors
    .slice(0, 10)
    .filter(isObject)
    .map((error) => ({
      code: clean(ownString(error, "code") ?? "UNKNOWN", 64),
      message: clean(ownString(error, "message") ?? "", 300),
    }));
}

/** Control characters could draw on the terminal that shows the message. */
export function clean(text: string, limit: number): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ").slice(0, limit);
}
