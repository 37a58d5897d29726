import { availableParallelism } from "node:os";
import { defineConfig, type ViteUserConfig } from "vitest/config";

type Project = { name: string; include: string[]; exclude?: string[]; retry?: number };

/** Each test file is in exactly one project, so that `npm run test:all` runs it once. */
const projects: Project[] = [
  {
    name: "gateway",
    include: ["gateway/**/*.test.ts", "bench/line/*.test.ts"],
    exclude: [
      "gateway/test/{clients,agents,install,page}/**",
      "gateway/test/conversion/conversion.test.ts",
    ],
  },
  {
    name: "clients",
    include: [
      "gateway/test/{clients,agents}/*.test.ts",
      "gateway/test/conversion/conversion.test.ts",
    ],
  },
  {
    name: "page",
    include: ["gateway/test/page/*.test.ts"],
    // Chromium drops its requests when a network of the machine comes or goes, as containers' do.
    retry: 1,
  },
  {
    name: "install",
    include: ["gateway/test/install/{install,doc-commands}.test.ts"],
  },
  { name: "journeys", include: ["gateway/test/install/*-journey.test.ts"] },
  { name: "bench", include: ["bench/*.test.ts"] },
];

const config: ViteUserConfig = defineConfig({
  test: {
    projects: projects.map((project) => ({
      test: {
        ...project,
        setupFiles: ["gateway/test/support/around-each-file.ts"],
        // Journeys start real servers; two slow cores need patience, not more workers.
        testTimeout: 30_000,
        hookTimeout: 30_000,
        pool: "forks",
        // Loading the gateway anew for each file would take half of the time of all tests.
        isolate: false,
        maxWorkers: Math.max(2, availableParallelism()),
      },
    })),
    coverage: {
      include: ["gateway/**/*.ts"],
      exclude: ["gateway/**/*.test.ts", "gateway/test/**"],
    },
  },
});

export default config;
