import { err, ok } from "../values/result.ts";
import type { OmapiChange } from "./change.ts";
import type { ObjectType } from "./objects.ts";
import { RESULT, refuse } from "./result-codes.ts";
import { integerValue, readInteger } from "./wire/message.ts";

const RUNNING = 1;
const SHUTDOWN = 2;

/** "control": one object; setting its state to 2 ends the server in good order (the partner is told). */
export const controlObject: ObjectType<OmapiChange> = {
  find: () => ok({ type: "control", name: "control" }),
  create: () => err(refuse(RESULT.permissionDenied)),
  read: () => [{ name: "state", value: integerValue(RUNNING) }],
  update(_reference, values) {
    const changes: OmapiChange[] = [];
    for (const { name, value } of values) {
      if (name !== "state") return err(refuse(RESULT.unknownAttribute, "can't update object"));
      if (readInteger(value) !== SHUTDOWN) return err(refuse(RESULT.invalidArgument, "can't update object"));
      changes.push({ kind: "shutdown" });
    }
    return ok(changes);
  },
  remove: () => err(refuse(RESULT.permissionDenied)),
};

/** Types whose handles show up in leases but which nobody can open, as with dhcpd. */
export const opaqueObject: ObjectType<OmapiChange> = {
  find: () => err(refuse(RESULT.notImplemented, "can't create new object")),
  create: () => err(refuse(RESULT.notImplemented, "can't create new object")),
  read: () => [],
  update: () => err(refuse(RESULT.unknownAttribute, "can't update object")),
  remove: () => err(refuse(RESULT.notImplemented)),
};
