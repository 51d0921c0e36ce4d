import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    setupFiles: ["test/support/setup.ts"],
    exclude: ["test/interop/**", "node_modules/**"],
    testTimeout: 60_000,
  },
});
