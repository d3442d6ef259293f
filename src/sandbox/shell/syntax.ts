import type { parse } from "just-bash";

/** The syntax tree of just-bash's parser: the grammar is its, running it is ours. */
export type Script = ReturnType<typeof parse>;
export type Statement = Script["statements"][number];
export type Pipeline = Statement["pipelines"][number];
export type Command = Pipeline["commands"][number];
export type SimpleCommand = Extract<Command, { type: "SimpleCommand" }>;
export type FunctionDefinition = Extract<Command, { type: "FunctionDef" }>;
export type CompoundCommand = Exclude<Command, SimpleCommand | FunctionDefinition>;
export type CommandOf<Type extends Command["type"]> = Extract<Command, { type: Type }>;
export type Word = SimpleCommand["args"][number];
export type WordPart = Word["parts"][number];
export type PartOf<Type extends WordPart["type"]> = Extract<WordPart, { type: Type }>;
export type Assignment = SimpleCommand["assignments"][number];
export type Redirection = SimpleCommand["redirections"][number];
export type HereDocument = Exclude<Redirection["target"], Word>;
export type ParameterOperation = NonNullable<PartOf<"ParameterExpansion">["operation"]>;
export type Conditional = CommandOf<"ConditionalCommand">["expression"];
