import { RemovalPolicy } from "aws-cdk-lib";
import { CfnStage, HttpApi, HttpMethod, HttpStage } from "aws-cdk-lib/aws-apigatewayv2";
import { HttpIamAuthorizer, HttpJwtAuthorizer } from "aws-cdk-lib/aws-apigatewayv2-authorizers";
import { HttpLambdaIntegration } from "aws-cdk-lib/aws-apigatewayv2-integrations";
import type { IFunction } from "aws-cdk-lib/aws-lambda";
import { LogGroup, type RetentionDays } from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";
import { ROUTE_NAMES, ROUTES } from "../../cloud/contract/api.ts";
import type { Route } from "../../cloud/contract/api-route.ts";
import { LedgerFunction } from "./ledger-function.ts";
import type { LedgerTable } from "./ledger-table.ts";

export interface ControlApiProps {
  readonly table: LedgerTable;
  readonly issuer: string;
  readonly audience: string;
  readonly retention: RetentionDays;
}

/** The HTTP API: a function for every route of the contract, behind a JWT authorizer for operators and IAM for agents. */
export class ControlApi extends Construct {
  readonly api: HttpApi;
  readonly functions: readonly IFunction[];

  constructor(scope: Construct, id: string, props: ControlApiProps) {
    super(scope, id);
    this.api = new HttpApi(this, "HttpApi", { createDefaultStage: false, description: "Tandem control plane" });
    const operators = new HttpJwtAuthorizer("Operators", props.issuer, { jwtAudience: [props.audience] });
    const agents = new HttpIamAuthorizer();
    this.functions = ROUTE_NAMES.map((name) => {
      const route: Route = ROUTES[name];
      const { function: handler } = new LedgerFunction(this, capitalised(name), {
        table: props.table,
        handler: `routes.${name}`,
        description: `${route.method} ${route.path}: ${route.summary}`,
        rights: route.rights,
        retention: props.retention,
      });
      const jwt = route.auth.kind === "jwt" ? { authorizer: operators, authorizationScopes: [route.auth.scope] } : { authorizer: agents };
      this.api.addRoutes({
        path: route.path,
        methods: [HttpMethod[route.method]],
        integration: new HttpLambdaIntegration(name, handler),
        ...jwt,
      });
      return handler;
    });
    this.#stage(props.retention);
  }

  #stage(retention: RetentionDays): void {
    const log = new LogGroup(this, "AccessLog", { retention, removalPolicy: RemovalPolicy.DESTROY });
    const stage = new HttpStage(this, "Stage", {
      httpApi: this.api,
      stageName: "$default",
      autoDeploy: true,
      throttle: { rateLimit: 200, burstLimit: 400 },
    });
    const line = {
      requestId: "$context.requestId",
      at: "$context.requestTime",
      route: "$context.routeKey",
      status: "$context.status",
      ms: "$context.responseLatency",
      error: "$context.authorizer.error",
    };
    if (stage.node.defaultChild instanceof CfnStage)
      stage.node.defaultChild.accessLogSettings = { destinationArn: log.logGroupArn, format: JSON.stringify(line) };
  }
}

const capitalised = (name: string): string => `${name.slice(0, 1).toUpperCase()}${name.slice(1)}`;
