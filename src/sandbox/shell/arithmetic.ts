import { ShellError } from "./signals.ts";

/** Arithmetic expansion (POSIX 2.6.4): signed 64-bit integers, C's operators and precedence. */

export interface ArithmeticVariables {
  get(name: string): string | undefined;
  set(name: string, value: string): void;
}

const TOKEN =
  /\s*(?:(0[xX][0-9a-fA-F]+|\d+#[0-9A-Za-z]+|\d+)|([A-Za-z_][A-Za-z0-9_]*)|(<<=|>>=|\*\*|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|[-+*/%&|^~!<>=?:(),]))/y;

const BINARY: readonly (readonly string[])[] = [
  ["||"],
  ["&&"],
  ["|"],
  ["^"],
  ["&"],
  ["==", "!="],
  ["<", "<=", ">", ">="],
  ["<<", ">>"],
  ["+", "-"],
  ["*", "/", "%"],
];

const MAX_DEPTH = 200;

function tokenize(text: string): readonly string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  const end = text.trimEnd().length;
  while (TOKEN.lastIndex < end) {
    const from = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (match === null)
      throw new ShellError(`arithmetic expression: syntax error: "${text.slice(from)}"`, 2, true);
    tokens.push(match[0].trim());
  }
  return tokens;
}

function number(text: string): bigint {
  const based = /^(\d+)#(.+)$/.exec(text);
  if (based === null) {
    if (/^0\d/.test(text)) {
      if (!/^[0-7]+$/.test(text)) throw new ShellError(`arithmetic expression: bad number: ${text}`, 2, true);
      return BigInt(`0o${text.slice(1)}`);
    }
    return BigInt.asIntN(64, BigInt(text));
  }
  const base = Number(based[1]);
  const value = Number.parseInt(based[2]!, base);
  if (base < 2 || base > 36 || Number.isNaN(value)) {
    throw new ShellError(`arithmetic expression: bad number: ${text}`, 2, true);
  }
  return BigInt(value);
}

const truth = (value: boolean) => (value ? 1n : 0n);

function apply(operator: string, left: bigint, right: bigint): bigint {
  switch (operator) {
    case "+":
      return left + right;
    case "-":
      return left - right;
    case "*":
      return left * right;
    case "/":
    case "%":
      if (right === 0n) throw new ShellError("arithmetic expression: division by zero", 2, true);
      return operator === "/" ? left / right : left % right;
    case "<<":
      return left << (right & 63n);
    case ">>":
      return left >> (right & 63n);
    case "<":
      return truth(left < right);
    case "<=":
      return truth(left <= right);
    case ">":
      return truth(left > right);
    case ">=":
      return truth(left >= right);
    case "==":
      return truth(left === right);
    case "!=":
      return truth(left !== right);
    case "&":
      return left & right;
    case "|":
      return left | right;
    case "^":
      return left ^ right;
    default:
      throw new ShellError(`arithmetic expression: unexpected ${operator}`, 2, true);
  }
}

/** Evaluates an expression whose expansions are done; returns the value in decimal. */
export function evaluateArithmetic(text: string, variables: ArithmeticVariables, depth = 0): string {
  if (depth > MAX_DEPTH) throw new ShellError("arithmetic expression: recursion is too deep", 2, true);
  const tokens = tokenize(text);
  let at = 0;
  let skipping = 0;

  const fail = (): never => {
    throw new ShellError(`arithmetic expression: expecting primary: "${text}"`, 2, true);
  };
  const read = (name: string): bigint => {
    const value = variables.get(name)?.trim() ?? "";
    if (skipping > 0 || value === "") return 0n;
    return /^[-+]?\d+$/.test(value)
      ? BigInt(evaluateSigned(value))
      : BigInt(evaluateArithmetic(value, variables, depth + 1));
  };
  const evaluateSigned = (value: string) =>
    value.startsWith("-") ? -number(value.slice(1)) : number(value.replace(/^\+/, ""));
  const assign = (name: string, value: bigint): bigint => {
    const wrapped = BigInt.asIntN(64, value);
    if (skipping === 0) variables.set(name, String(wrapped));
    return wrapped;
  };

  function primary(): bigint {
    const token = tokens[at++];
    if (token === undefined) return fail();
    if (token === "(") {
      const value = comma();
      if (tokens[at++] !== ")") fail();
      return value;
    }
    if (token === "++" || token === "--") {
      const name = tokens[at++] ?? "";
      if (!/^[A-Za-z_]/.test(name)) fail();
      return assign(name, read(name) + (token === "++" ? 1n : -1n));
    }
    if (token === "-") return -unary();
    if (token === "+") return unary();
    if (token === "!") return truth(unary() === 0n);
    if (token === "~") return ~unary();
    if (/^\d/.test(token)) return number(token);
    if (!/^[A-Za-z_]/.test(token)) return fail();
    const next = tokens[at];
    if (next === "++" || next === "--") {
      at++;
      const value = read(token);
      assign(token, value + (next === "++" ? 1n : -1n));
      return value;
    }
    return read(token);
  }

  function unary(): bigint {
    const base = primary();
    if (tokens[at] !== "**") return base;
    at++;
    const exponent = unary();
    if (exponent < 0n || exponent > 1024n)
      throw new ShellError("arithmetic expression: exponent is out of range", 2, true);
    return BigInt.asIntN(64, base ** exponent);
  }

  /** Evaluates the operand without its side effects where a logical operator does not reach it. */
  function unless(skip: boolean, operand: () => bigint): bigint {
    if (skip) skipping++;
    try {
      return operand();
    } finally {
      if (skip) skipping--;
    }
  }

  function binary(level: number): bigint {
    const operators = BINARY[level];
    if (operators === undefined) return unary();
    let left = binary(level + 1);
    for (
      let operator = tokens[at];
      operator !== undefined && operators.includes(operator);
      operator = tokens[at]
    ) {
      at++;
      const known = left;
      if (operator === "&&")
        left = truth(unless(known === 0n, () => binary(level + 1)) !== 0n && known !== 0n);
      else if (operator === "||")
        left = truth(unless(known !== 0n, () => binary(level + 1)) !== 0n || known !== 0n);
      else {
        const right = binary(level + 1);
        left = skipping > 0 && right === 0n ? 0n : BigInt.asIntN(64, apply(operator, left, right));
      }
    }
    return left;
  }

  function assignment(): bigint {
    const name = tokens[at];
    const operator = tokens[at + 1];
    if (
      name !== undefined &&
      /^[A-Za-z_]/.test(name) &&
      operator !== undefined &&
      /^([-+*/%&|^]|<<|>>)?=$/.test(operator)
    ) {
      at += 2;
      const value = assignment();
      return assign(name, operator === "=" ? value : apply(operator.slice(0, -1), read(name), value));
    }
    const condition = binary(0);
    if (tokens[at] !== "?") return condition;
    at++;
    const consequent = unless(condition === 0n, assignment);
    if (tokens[at++] !== ":") fail();
    const alternate = unless(condition !== 0n, assignment);
    return condition !== 0n ? consequent : alternate;
  }

  function comma(): bigint {
    let value = assignment();
    while (tokens[at] === ",") {
      at++;
      value = assignment();
    }
    return value;
  }

  if (tokens.length === 0) return "0";
  const value = comma();
  if (at < tokens.length) fail();
  return String(BigInt.asIntN(64, value));
}
