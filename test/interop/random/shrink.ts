import type { Finding } from "./run.ts";
import type { Drawn } from "./steps.ts";

/** What can put messages to both servers again. */
export interface Replayer {
  replay(conf: string, messages: readonly Drawn[]): Promise<Finding | undefined>;
}

/** A statement: its text up to the semicolon, or its head and what is in its braces. */
type Statement = string | { readonly head: string; readonly body: Statement[] };

function parse(text: string, from = 0): { readonly body: Statement[]; readonly end: number } {
  const body: Statement[] = [];
  let start = from;
  let quoted = false;
  for (let at = from; at < text.length; at += 1) {
    const char = text[at];
    if (char === '"') quoted = !quoted;
    if (quoted) continue;
    if (char === ";") {
      body.push(text.slice(start, at + 1).trim());
      start = at + 1;
    } else if (char === "{" && (/^\s*(if|elsif|class|switch)/.test(text.slice(start, at)) || !text.slice(start, at).includes("="))) {
      const inner = parse(text, at + 1);
      body.push({ head: text.slice(start, at).trim(), body: inner.body });
      at = inner.end;
      start = at + 1;
    } else if (char === "}") {
      if (!/option \S+ code/.test(text.slice(start, at))) return { body, end: at };
    }
  }
  return { body, end: text.length };
}

const print = (body: readonly Statement[], indent = ""): string =>
  body
    .map((one) => (typeof one === "string" ? `${indent}${one}` : `${indent}${one.head} {\n${print(one.body, `${indent}  `)}\n${indent}}`))
    .join("\n");

/** Leaves out statements and messages as long as the same field still differs. */
export async function shrink(both: Replayer, finding: Finding): Promise<Finding> {
  const field = finding.differences[0]?.field;
  let best = finding;
  const attempt = async (conf: string, messages: Finding["messages"]): Promise<boolean> => {
    const found = await both.replay(conf, messages);
    const first = found?.differences[0];
    if (found === undefined || first?.field !== field || (field === "type" && first?.reference !== finding.differences[0]?.reference))
      return false;
    best = { ...found, conf };
    return true;
  };
  const tree = parse(finding.conf.replaceAll(/("(?:[^"\\\n]|\\.)*")|#[^\n]*/g, (_, string: string | undefined) => string ?? "")).body;
  if (!(await attempt(print(tree), best.messages))) return finding;
  let size = Math.max(1, best.messages.length >> 1);
  for (; size >= 1; size >>= 1) {
    for (let at = best.messages.length - 1 - size; at >= 0; at -= size)
      await attempt(best.conf, [...best.messages.slice(0, at), ...best.messages.slice(at + size)]);
    if (best.messages.length > 1 && size === 1 && best.messages.length <= 6) await attempt(best.conf, best.messages.slice(1));
  }
  const walk = async (body: Statement[]): Promise<void> => {
    for (let at = body.length - 1; at >= 0; at -= 1) {
      const [gone] = body.splice(at, 1) as [Statement];
      if (await attempt(print(tree), best.messages)) continue;
      body.splice(at, 0, gone);
      if (typeof gone !== "string") await walk(gone.body);
    }
  };
  await walk(tree);
  return best;
}
