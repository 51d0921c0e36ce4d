import fc from "fast-check";
import { encodeMessage } from "../../edge-agent/failover/wire/message.ts";
import {
  FAILOVER_OPTIONS,
  MESSAGE_OPTIONS,
  MESSAGE_TYPES,
  type MessageType,
  type OptionName,
  type Options,
} from "../../edge-agent/failover/wire/options.ts";
import { connectTerms } from "./failover-peer.ts";

const anyOptions = (type: MessageType) => {
  const fields = Object.fromEntries((MESSAGE_OPTIONS[type] as readonly OptionName[]).map((name) => [name, anyValue(name)]));
  return fc.record(fields, { requiredKeys: [] }) as fc.Arbitrary<Options>;
};
function anyValue(name: OptionName): fc.Arbitrary<unknown> {
  const { size, read } = FAILOVER_OPTIONS[name].field as { size: number | undefined; read(bytes: Uint8Array): unknown };
  if (name === "assignedIpAddress") return fc.integer({ min: 0x0a4d0060, max: 0x0a4d00d0 });
  if (name === "bindingStatus") return fc.integer({ min: 0, max: 9 });
  if (name === "serverState") return fc.integer({ min: 0, max: 12 });
  if (name === "ipFlags") return fc.constantFrom(0, 0, 0, 1, 2);
  if (
    name === "leaseExpirationTime" ||
    name === "potentialExpirationTime" ||
    name === "startTimeOfState" ||
    name === "clientLastTransactionTime"
  )
    return fc.oneof(
      fc.integer({ min: 0, max: 2 ** 31 }),
      fc.integer({ min: -300, max: 300 }).map((offset) => Math.floor(Date.now() / 1000) + offset),
    );
  return fc.uint8Array({ minLength: size ?? 0, maxLength: size ?? 24 }).map((bytes) => read.call(FAILOVER_OPTIONS[name].field, bytes));
}
const TYPES = (Object.keys(MESSAGE_TYPES) as MessageType[]).filter(
  (type) => type !== "DISCONNECT" && type !== "CONNECT" && type !== "CONNECTACK",
);
const legal = fc.oneof(
  ...["BNDUPD", "BNDUPD", "BNDUPD", "BNDACK", ...TYPES].map((type) =>
    fc
      .tuple(anyOptions(type as MessageType), fc.integer({ min: 0, max: 50 }))
      .map(([options, xid]) => encodeMessage({ type: type as MessageType, xid, time: Math.floor(Date.now() / 1000), options })),
  ),
);
/** What ends a connection: bytes changed, lengths that can not be, types that nobody knows, messages that come too late. */
const illegal = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 80 }),
  fc
    .tuple(legal, fc.nat(), fc.integer({ min: 0, max: 255 }))
    .map(([frame, at, byte]) => frame.map((old, index) => (index === at % frame.length ? byte : old))),
  fc
    .tuple(fc.constantFrom<MessageType>("CONNECT", "CONNECTACK", "DISCONNECT"), fc.nat(9))
    .map(([type, xid]) => encodeMessage({ type, xid, time: 0, options: type === "DISCONNECT" ? { rejectReason: 17 } : connectTerms() })),
);
/** What a hostile partner says on one connection: legal messages of any content, and perhaps a last one that ends it. */
export const session = fc
  .array(legal, { minLength: 150, maxLength: 400, size: "max" })
  .chain((frames) => fc.option(illegal).map((last) => (last === null ? frames : [...frames, last])));
