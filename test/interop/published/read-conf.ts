/*
 * What a configuration says of networks, hosts and clients, read without the product's own parser: enough to talk to a server that
 * runs on it. What is not understood is passed over.
 */

/** A word, string or sign of the file. */
interface Token {
  readonly kind: "word" | "string" | "sign";
  readonly text: string;
}

export interface SubnetFacts {
  readonly address: number;
  readonly mask: number;
  /** The shared network it is part of; a number of its own for a subnet that stands alone. */
  readonly network: number;
}

export interface HostFacts {
  readonly mac?: string;
  /** Hexadecimal. */
  readonly id?: string;
  readonly addresses: readonly string[];
}

/** A value that an expression compares something of the client's message with. */
export interface TestFacts {
  /** Option name, or "hardware". */
  readonly about: string;
  /** Which bytes of it, where a substring is compared. */
  readonly offset: number;
  /** Hexadecimal; "" where the option's presence alone is asked for. */
  readonly value: string;
}

export interface ConfFacts {
  readonly subnets: readonly SubnetFacts[];
  readonly ranges: readonly (readonly [number, number])[];
  readonly hosts: readonly HostFacts[];
  readonly tests: readonly TestFacts[];
  /** Options that the file defines: code and format by name. */
  readonly definitions: ReadonlyMap<string, { readonly code: number; readonly format: string }>;
  /** Names that stand where an address could. */
  readonly names: readonly string[];
  readonly hasFailover: boolean;
}

export const parseIp = (text: string | undefined): number | undefined => {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text ?? "");
  if (!parts) return undefined;
  return parts.slice(1).reduce((sum, part) => sum * 256 + Number(part), 0);
};
export const ipText = (address: number): string => [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join(".");

function tokens(conf: string): Token[] {
  const pattern = /#[^\n]*|"((?:\\.|[^"\\\n])*)"|([A-Za-z0-9_.:/+-]+)|([{}();,=~!])/g;
  return [...conf.matchAll(pattern)].flatMap(([all, string, word, sign]): Token[] => {
    if (all.startsWith("#")) return [];
    if (string !== undefined) return [{ kind: "string", text: string }];
    return word === undefined ? [{ kind: "sign", text: sign as string }] : [{ kind: "word", text: word }];
  });
}

const latin = (text: string): string => Buffer.from(text, "latin1").toString("hex");
const isHex = (text: string): boolean => /^[0-9a-fA-F]{1,2}(:[0-9a-fA-F]{1,2})+$/.test(text);
export const hexOf = (text: string): string =>
  text
    .split(":")
    .map((byte) => byte.padStart(2, "0"))
    .join("")
    .toLowerCase();

interface Scope {
  readonly head: readonly Token[];
  host?: { mac?: string; id?: string; addresses: string[] };
}

/** Reads `conf`. */
export function readConf(conf: string): ConfFacts {
  const reader = new Reader();
  const all = tokens(conf);
  let from = 0;
  for (let at = 0; at < all.length; at += 1) {
    const { kind, text } = all[at] as Token;
    if (kind !== "sign") continue;
    const statement = all.slice(from, at);
    if (text === "{" && statement[0]?.text === "option" && statement.some((one) => one.text === "code")) {
      while (at < all.length && all[at]?.text !== "}") at += 1;
      continue;
    }
    if (text === "{") reader.open(statement);
    else if (text === "}") reader.close();
    else if (text === ";") reader.statement(statement);
    else continue;
    from = at + 1;
  }
  return reader;
}

class Reader implements ConfFacts {
  readonly subnets: SubnetFacts[] = [];
  readonly ranges: [number, number][] = [];
  readonly hosts: HostFacts[] = [];
  readonly tests: TestFacts[] = [];
  readonly definitions = new Map<string, { code: number; format: string }>();
  readonly names: string[] = [];
  hasFailover = false;
  readonly #scopes: Scope[] = [];
  readonly #matches = new Map<string, { about: string; offset: number }>();
  #networks = 0;
  #shared = 0;

  open(head: readonly Token[]): void {
    const [first, second] = head.map(({ text }) => text);
    const scope: Scope = { head };
    if (first === "shared-network") this.#shared = this.#newNetwork();
    if (first === "subnet") this.#subnet(head);
    if (first === "host") scope.host = { addresses: [] };
    if (first === "subclass") this.#subclass(head);
    if (first === "failover" && second === "peer") this.hasFailover = true;
    if (["if", "elsif", "switch", "else"].includes(first ?? "")) this.#compared(head);
    this.#scopes.push(scope);
  }

  close(): void {
    const scope = this.#scopes.pop();
    if (scope?.host) this.hosts.push(scope.host);
    if (scope?.head[0]?.text === "shared-network") this.#shared = 0;
  }

  statement(all: readonly Token[]): void {
    const words = all.map(({ text }) => text);
    const [first, second] = words;
    if (first === "range" || first === "dynamic-bootp") this.#range(words);
    if (first === "subclass") this.#subclass(all);
    if (first === "option" && words[2] === "code")
      this.definitions.set(second as string, { code: Number(words[3]), format: words.slice(5).join(" ") });
    if (first === "match" || first === "spawn") this.#match(all);
    const host = this.#scopes.at(-1)?.host;
    if (host) hostStatement(host, all);
    this.#compared(all);
    if (["fixed-address", "next-server", "option", "server-identifier"].includes(first ?? ""))
      for (const { kind, text } of all.slice(1))
        if (kind === "word" && /^[a-z][a-z0-9-]*(\.[a-z0-9-]+)*$/i.test(text) && !isHex(text)) this.names.push(text);
  }

  #newNetwork(): number {
    this.#networks += 1;
    return this.#networks;
  }

  #subnet(head: readonly Token[]): void {
    const [address, mask] = [parseIp(head[1]?.text), parseIp(head[3]?.text)];
    if (address === undefined || mask === undefined) return;
    const network = this.#shared === 0 ? this.#newNetwork() : this.#shared;
    this.subnets.push({ address, mask, network });
  }

  #range(words: readonly string[]): void {
    const [low, high] = words.map(parseIp).filter((one) => one !== undefined);
    if (low !== undefined) this.ranges.push([Math.min(low, high ?? low), Math.max(low, high ?? low)]);
  }

  /** What a class compares, for its subclasses. */
  #match(all: readonly Token[]): void {
    const scope = this.#scopes.at(-1);
    const about = subject(all, all.length);
    if (scope?.head[0]?.text === "class" && about) this.#matches.set(scope.head[1]?.text ?? "", about);
    if (about) this.tests.push({ ...about, value: "" });
  }

  #subclass(all: readonly Token[]): void {
    const about = this.#matches.get(all[1]?.text ?? "");
    const value = literal(all[2]);
    if (about && value !== undefined) this.tests.push({ ...about, value });
  }

  #compared(all: readonly Token[]): void {
    for (const [at, { kind, text }] of all.entries()) {
      if (kind === "word" && text === "exists" && all[at + 1])
        this.tests.push({ about: all[at + 1]?.text as string, offset: 0, value: "" });
      const compares = kind === "sign" && (text === "=" || text === "~") && at > 0 && all[0]?.text !== "set";
      if (!compares && !(kind === "word" && text === "case")) continue;
      const right = all[at + 1]?.text === "=" ? all[at + 2] : all[at + 1];
      const about = subject(all, at) ?? (text === "case" ? this.#switched() : undefined);
      const value = literal(right);
      if (about && value !== undefined) this.tests.push({ ...about, value });
    }
  }

  #switched(): { about: string; offset: number } | undefined {
    const scope = this.#scopes.findLast(({ head }) => head[0]?.text === "switch");
    return scope && subject(scope.head, scope.head.length);
  }
}

/** The option or hardware address that stands last before `end`, and from where on it is compared. */
function subject(all: readonly Token[], end: number): { about: string; offset: number } | undefined {
  for (let at = end - 1; at >= 0; at -= 1) {
    const { kind, text } = all[at] as Token;
    if (kind !== "word" || (text !== "option" && text !== "hardware")) continue;
    const about = text === "option" ? all[at + 1]?.text : text;
    if (about === undefined) return undefined;
    const after = at + (text === "option" ? 2 : 1);
    const inSubstring = all[at - 2]?.text === "substring" && all[after]?.text === ",";
    return { about, offset: inSubstring ? Number(all[after + 1]?.text) || 0 : 0 };
  }
  return undefined;
}

function literal(token: Token | undefined): string | undefined {
  if (!token || token.kind === "sign") return undefined;
  if (token.kind === "string") return isHex(token.text) ? hexOf(token.text) : latin(token.text);
  if (isHex(token.text)) return hexOf(token.text);
  return /^\d+$/.test(token.text) ? `number ${token.text}` : undefined;
}

function hostStatement(host: NonNullable<Scope["host"]>, all: readonly Token[]): void {
  const words = all.map(({ text }) => text);
  if (words[0] === "hardware" && isHex(words[2] ?? "")) host.mac = hexOf(words[2] as string);
  const identifier = words[0] === "option" && words[1] === "dhcp-client-identifier" ? all[2] : words[0] === "uid" ? all[1] : undefined;
  const value = literal(identifier);
  if (value !== undefined && !value.startsWith("number")) host.id = value;
  if (words[0] === "fixed-address") host.addresses.push(...words.slice(1).filter((one) => parseIp(one) !== undefined));
}
