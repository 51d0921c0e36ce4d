import { openDynamoLocal } from "../support/dynamo.ts";
import { ledgerContract } from "../support/ledger-contract.ts";

ledgerContract("the DynamoDB adapter on DynamoDB Local", openDynamoLocal);
