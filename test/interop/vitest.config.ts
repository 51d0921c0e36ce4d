import { defineConfig } from "vitest/config";

/** Tests against other programs: real dhcpd, real clients, DynamoDB Local. One file at a time: they share the machine. */
export default defineConfig({
  test: { include: ["test/interop/**/*.test.ts"], testTimeout: 600_000, hookTimeout: 120_000, fileParallelism: false },
});
