import { defineConfig } from "vitest/config";

/** Tests against other programs: real dhcpd, real clients, DynamoDB Local. Two files at a time: they keep real time and share the machine. */
export default defineConfig({
  test: {
    include: ["test/interop/**/*.test.ts"],
    setupFiles: ["test/support/setup.ts"],
    pool: "forks",
    maxWorkers: 2,
    // Real clocks and real peers on a machine that may be busy with others: CI tries a second time, and shows that it did.
    retry: process.env["CI"] === undefined ? 0 : 1,
    testTimeout: 600_000,
    hookTimeout: 120_000,
  },
});
