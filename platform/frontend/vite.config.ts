import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

/**
 * Packs scripts and styles once, as small as they get: the host serves NAME.br or NAME.gz to
 * browsers that take them. Fonts are packed already.
 */
function packed(): Plugin {
  return {
    name: "diptych:packed",
    apply: "build",
    writeBundle({ dir }, files) {
      for (const name of Object.keys(files)) {
        if (!/\.(js|css|svg)$/.test(name)) continue;
        const path = join(dir ?? ".", name);
        const content = readFileSync(path);
        if (content.length < 1024) continue;
        writeFileSync(`${path}.br`, brotliCompressSync(content));
        writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }));
      }
    },
  };
}

export default defineConfig({
  // Every file of the bundle finds the others from where it is itself: the host may be under a path.
  base: "./",
  plugins: [packed()],
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
