import { defineConfig } from "vitest/config";

export default defineConfig({
  // Where the host serves the bundle; every file inside refers to the others by this prefix.
  base: "/static/dist/",
  build: {
    outDir: "../diptych/static/dist",
    emptyOutDir: true,
    manifest: true,
    target: "es2022",
    // The host's content security policy allows no data: scripts, styles or fonts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // The participant's page, and the researcher's dashboard.
    rollupOptions: { input: ["src/main.ts", "src/dashboard/main.ts"] },
    chunkSizeWarningLimit: 1000,
  },
  test: {
    environment: "jsdom",
    environmentOptions: { jsdom: { pretendToBeVisual: true, url: "http://localhost/s/demo" } },
    include: ["tests/**/*.test.ts"],
    setupFiles: ["tests/setup.ts"],
    restoreMocks: true,
  },
});
