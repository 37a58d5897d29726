import { defineConfig, type ViteUserConfig } from "vitest/config";

const config: ViteUserConfig = defineConfig({
  test: {
    include: ["gateway/**/*.test.ts", "bench/**/*.test.ts"],
    // Journeys start real servers; two slow cores need patience, not more workers.
    testTimeout: 30_000,
    hookTimeout: 30_000,
    pool: "forks",
    coverage: {
      include: ["gateway/**/*.ts"],
      exclude: ["gateway/**/*.test.ts", "gateway/test/**"],
    },
  },
});

export default config;
