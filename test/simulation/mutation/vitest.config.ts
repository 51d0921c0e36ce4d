import { defineConfig } from "vitest/config";
import { GUARDS } from "../guards.ts";
import { editsOf, sourceWithout } from "./edits.ts";

const guard = GUARDS.find(({ name }) => name === process.env["WITHOUT_GUARD"]);

/** Unit tests on a product that lacks one guard. */
export default defineConfig({
  plugins: [
    {
      name: "without-guard",
      enforce: "pre",
      load: (id) =>
        guard !== undefined && editsOf(guard).some(({ file }) => id.endsWith(`/${file}`)) ? sourceWithout(guard, id) : undefined,
    },
  ],
  test: {
    include: ["test/**/*.test.ts"],
    setupFiles: ["test/support/setup.ts"],
    testTimeout: 60_000,
    // kept between runs, a file would stay as it was loaded first: with a guard or without it
    fsModuleCache: false,
  },
});
