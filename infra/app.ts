import { App, Validations } from "aws-cdk-lib";
import { AwsSolutionsChecks, ServerlessChecks } from "cdk-nag";
import { ControlPlaneStack } from "./control-plane-stack.ts";
import { acknowledgeFindings } from "./nag-suppressions.ts";

const app = new App({ analyticsReporting: false });
const stack = new ControlPlaneStack(app, "TandemControlPlane");
acknowledgeFindings(stack);
Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));
app.synth();
