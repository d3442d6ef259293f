import { expandToPattern, expandToString } from "./expand.ts";
import { compilePattern, matchesPattern, unescapePattern } from "./pattern.ts";
import type { Shell } from "./shell.ts";
import { setVariable } from "./state.ts";
import type { Conditional } from "./syntax.ts";
import { binaryTest, unaryTest } from "./test-operators.ts";

/** bash's `[[ … ]]`: no splitting, patterns on the right of `==`, a regular expression on that of `=~`. */
export async function evaluateConditional(shell: Shell, node: Conditional): Promise<boolean> {
  const { expander } = shell;
  switch (node.type) {
    case "CondGroup":
      return evaluateConditional(shell, node.expression);
    case "CondNot":
      return !(await evaluateConditional(shell, node.operand));
    case "CondAnd":
      return (await evaluateConditional(shell, node.left)) && (await evaluateConditional(shell, node.right));
    case "CondOr":
      return (await evaluateConditional(shell, node.left)) || (await evaluateConditional(shell, node.right));
    case "CondWord":
      return (await expandToString(expander, node.word)) !== "";
    case "CondUnary":
      return unaryTest(shell, node.operator, await expandToString(expander, node.operand));
    case "CondBinary": {
      const left = await expandToString(expander, node.left);
      if (node.operator === "=" || node.operator === "==" || node.operator === "!=") {
        const equal = matchesPattern(await expandToPattern(expander, node.right), left);
        return node.operator === "!=" ? !equal : equal;
      }
      if (node.operator !== "=~") {
        return binaryTest(shell, left, node.operator, await expandToString(expander, node.right));
      }
      const source = unescapePattern(await expandToPattern(expander, node.right));
      const match = compilePattern(source).exec(left);
      setVariable(shell.state, "BASH_REMATCH", match === null ? [] : [...match].map((group) => group ?? ""));
      return match !== null;
    }
  }
}
