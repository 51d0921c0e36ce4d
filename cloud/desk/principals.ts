import { createHash, randomBytes } from "node:crypto";
import type { ServerName } from "../contract/tables.ts";
import { type Ask, allowed, type Statement } from "./iam.ts";
import type { Template } from "./template.ts";

/** Credentials on the desk, as the AWS SDK takes them. */
export interface DeskCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}
/** Who a key stands for: the statements of his role, and what his certificate says of him. */
export interface Principal {
  readonly arn: string;
  readonly statements: readonly Statement[];
  readonly tags: Readonly<Record<string, string>>;
  /** Of an agent: SITE.SERVER. */
  readonly agent: string | undefined;
}
/** Everybody who may sign on this desk. */
export interface Principals {
  secretOf(accessKey: string): string | undefined;
  of(accessKey: string): Principal | undefined;
  may(principal: Principal, ask: Omit<Ask, "tags">): boolean;
  /** Credentials of a function's role, made at the first asking. */
  forFunction(handler: string): DeskCredentials;
}

const ACCOUNT = "000000000000";
export const TABLE_ARN = `arn:aws:dynamodb:local:${ACCOUNT}:table/tandem-ledger`;
export const INVOKE_ARN = `arn:aws:execute-api:local:${ACCOUNT}:desk/$default`;

/** An agent's credentials on any desk: what IAM Roles Anywhere gives out for the certificate `OU=site, CN=server`. They are derived from the
 *  name, so that an agent keeps them when the desk is started again; they open nothing but a desk. */
export function deskCredentials(site: string, server: ServerName): DeskCredentials {
  const accessKeyId = Buffer.from(`${site}.${server}`).toString("hex");
  return { accessKeyId, secretAccessKey: secretFor(accessKeyId) };
}
const secretFor = (accessKeyId: string): string => createHash("sha256").update(`tandem desk ${accessKeyId}`).digest("hex").slice(0, 40);

/** The site and server that an agent's key stands for. The subject is checked as the CA must check it. */
function agentOf(accessKey: string): { readonly site: string; readonly server: string } | undefined {
  const name = /^(?:[0-9a-f]{2})+$/.test(accessKey) ? Buffer.from(accessKey, "hex").toString() : "";
  const [, site, server] = /^([A-Z0-9-]{2,24})\.([AB])$/.exec(name) ?? [];
  return site === undefined || server === undefined ? undefined : { site, server };
}

/** The principals of a synthesized stack: its agents' role, and the role of each function. */
export function createPrincipals(template: Template): Principals {
  const functions = new Map<string, { readonly secret: string; readonly principal: Principal }>();
  const resolve = arnsOf(template);
  return {
    secretOf: (accessKey) => functions.get(accessKey)?.secret ?? (agentOf(accessKey) === undefined ? undefined : secretFor(accessKey)),
    of: (accessKey) => {
      const known = functions.get(accessKey);
      if (known !== undefined) return known.principal;
      const agent = agentOf(accessKey);
      if (agent === undefined) return undefined;
      const name = `${agent.site}.${agent.server}`;
      const tags = { "x509Subject/O": "branch-dhcp", "x509Subject/OU": agent.site, "x509Subject/CN": agent.server };
      return { arn: `arn:aws:sts::${ACCOUNT}:assumed-role/tandem-agent/${name}`, statements: template.agentStatements, tags, agent: name };
    },
    may: (principal, ask) => allowed(principal.statements, { ...ask, tags: principal.tags }, resolve),
    forFunction: (handler) => {
      const accessKeyId = `FN${handler.replaceAll(/[^A-Za-z]/g, "")}`;
      const secret = functions.get(accessKeyId)?.secret ?? randomBytes(20).toString("hex");
      const arn = `arn:aws:sts::${ACCOUNT}:assumed-role/${handler}/desk`;
      const statements = template.functions.get(handler)?.statements ?? [];
      functions.set(accessKeyId, { secret, principal: { arn, statements, tags: {}, agent: undefined } });
      return { accessKeyId, secretAccessKey: secret };
    },
  };
}

/** ARNs as the template writes them, for an account that is nowhere. */
function arnsOf(template: Template): (resource: unknown) => string {
  const pseudo: Record<string, string> = { "AWS::Partition": "aws", "AWS::Region": "local", "AWS::AccountId": ACCOUNT };
  const resolve = (resource: unknown): string => {
    if (typeof resource === "string") return resource;
    const {
      Ref,
      "Fn::GetAtt": get,
      "Fn::Join": join,
    } = resource as { Ref?: string; "Fn::GetAtt"?: [string, string]; "Fn::Join"?: [string, unknown[]] };
    if (join !== undefined) return join[1].map(resolve).join(join[0]);
    if (get !== undefined) return get[0] === template.tableId ? TABLE_ARN : `arn:aws:other:${get.join(".")}`;
    return pseudo[Ref ?? ""] ?? "desk";
  };
  return resolve;
}
