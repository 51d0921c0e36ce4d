import { Duration, Stack } from "aws-cdk-lib";
import type { HttpApi } from "aws-cdk-lib/aws-apigatewayv2";
import type { ITableV2 } from "aws-cdk-lib/aws-dynamodb";
import { Policy, PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { CfnProfile, CfnTrustAnchor } from "aws-cdk-lib/aws-rolesanywhere";
import { Construct } from "constructs";

/** Subject of an agent's certificate: `O=branch-dhcp, OU=<site>, CN=<A|B>`. The CA must refuse anything outside `[A-Z0-9-]` in OU and CN: the
 *  characters `*`, `?`, `#` and `$` would mean something in a policy. */
// biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of IAM's policy language
const SITE = "${aws:PrincipalTag/x509Subject/OU}";
// biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of IAM's policy language
const SERVER = "${aws:PrincipalTag/x509Subject/CN}";
const ORGANISATION = "branch-dhcp";

export interface AgentIdentityProps {
  readonly table: ITableV2;
  readonly api: HttpApi;
  /** PEM. */
  readonly caCertificate: string;
}

/** Who the agents are: certificates of the operator's CA, exchanged by IAM Roles Anywhere for sessions of one role, which the certificate's
 *  subject confines to the agent's own site, and within it to its own server item. */
export class AgentIdentity extends Construct {
  readonly anchor: CfnTrustAnchor;
  readonly role: Role;
  readonly profile: CfnProfile;

  constructor(scope: Construct, id: string, props: AgentIdentityProps) {
    super(scope, id);
    this.anchor = new CfnTrustAnchor(this, "TrustAnchor", {
      name: "tandem-agents",
      enabled: true,
      source: { sourceType: "CERTIFICATE_BUNDLE", sourceData: { x509CertificateData: props.caCertificate } },
    });
    const service = new ServicePrincipal("rolesanywhere.amazonaws.com", {
      conditions: {
        ArnEquals: { "aws:SourceArn": this.anchor.attrTrustAnchorArn },
        StringEquals: { "aws:PrincipalTag/x509Subject/O": ORGANISATION },
      },
    });
    this.role = new Role(this, "Role", {
      assumedBy: service,
      maxSessionDuration: Duration.hours(12),
      description: "Tandem agents, confined by their certificates",
    });
    this.role.assumeRolePolicy?.addStatements(
      new PolicyStatement({ actions: ["sts:TagSession", "sts:SetSourceIdentity"], principals: [service] }),
    );
    new Policy(this, "Policy", { roles: [this.role], statements: agentStatements(this, props) });
    // Long sessions let an agent work through an outage of the credential service. The session is named by the certificate's serial number.
    this.profile = new CfnProfile(this, "Profile", {
      name: "tandem-agents",
      enabled: true,
      roleArns: [this.role.roleArn],
      durationSeconds: 43_200,
      acceptRoleSessionName: false,
    });
  }
}

/** `ForAllValues` is true where there is no leading key at all (a Scan), hence the `Null` guard; `#` after the site keeps S1 from matching S10. */
function agentStatements(scope: Construct, { table, api }: AgentIdentityProps): PolicyStatement[] {
  const keys = (...patterns: string[]) => ({
    "ForAllValues:StringLike": { "dynamodb:LeadingKeys": patterns },
    Null: { "dynamodb:LeadingKeys": "false" },
  });
  const statement = (sid: string, actions: string[], ...patterns: string[]) =>
    new PolicyStatement({
      sid,
      actions: actions.map((action) => `dynamodb:${action}`),
      resources: [table.tableArn],
      conditions: keys(...patterns),
    });
  const invoke = Stack.of(scope).formatArn({
    service: "execute-api",
    resource: api.apiId,
    resourceName: `*/POST/v1/agent/sites/${SITE}/servers/${SERVER}/*`,
  });
  return [
    statement("OwnServerItem", ["GetItem", "UpdateItem"], `S#${SITE}#V#${SERVER}`),
    statement("ReadSite", ["GetItem", "BatchGetItem", "Query"], `S#${SITE}`, `S#${SITE}#*`),
    statement("WriteLeases", ["PutItem"], `S#${SITE}#L`, `S#${SITE}#H#*`, `S#${SITE}#X`),
    new PolicyStatement({ sid: "CallSwitch", actions: ["execute-api:Invoke"], resources: [invoke] }),
  ];
}
