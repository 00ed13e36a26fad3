/**
 * The program as minified chunks, split where it imports lazily.
 *
 * `deno bundle` runs esbuild too, but its imports cannot be redirected, and that is where the start-up time
 * lies: the first module of Node costs Deno a third of an empty program's start, `node:fs` more than a whole
 * one. So what `version`, `--help` and `node list` load is bundled without any of them.
 *
 * @module
 */

import { isBuiltin } from "node:module";
import { build, type Plugin, stop } from "esbuild";

const here = (file: string) => new URL(file, import.meta.url).pathname;

/** CommonJS packages ask for modules of Node when they run; nothing of Node is loaded before. */
const REQUIRE = "var require=(name)=>process.getBuiltinModule(name);";

/** ink asks for React's developer tools where DEV=true is set; they are no part of the program. */
const leaveDeveloperToolsOut: Plugin = {
  name: "leave-developer-tools-out",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^react-devtools-core$/ }, ({ path }) => ({ path, namespace: "left-out" }));
    onLoad({ filter: /.*/, namespace: "left-out" }, () => ({ contents: "export default {};" }));
  },
};

/**
 * The validators of `kubernetes-models` bring formats along that no object of Kubernetes has (addresses of mail
 * in any script, among others): 85 kB, and a module of Node that warns of its age when it is loaded.
 */
const leaveForeignFormatsOut: Plugin = {
  name: "leave-foreign-formats-out",
  setup({ onResolve, onLoad }) {
    const namespace = "foreign-formats";
    onResolve({ filter: /^ajv-formats-draft2019\// }, ({ path }) => ({ path, namespace }));
    onLoad({ filter: /.*/, namespace }, () => ({ contents: "export default {};" }));
  },
};

const redirectNodeModules: Plugin = {
  name: "redirect-node-modules",
  setup({ onResolve }) {
    onResolve({ filter: /^[a-z_/]+$|^node:/ }, ({ path, importer, kind }) => {
      if (!isBuiltin(path)) return undefined;
      if (importer.includes("/commander/")) return { path: here("commander_runtime.ts") };
      // A lazy import happens after the start, and a CommonJS stand-in would have no names to take.
      if (/^(?:node:)?path$/.test(path) && kind !== "dynamic-import") {
        return { path: here("../node_modules/path-browserify/index.js") };
      }
      if (kind === "require-call") return { path, external: true };
      return { path: path.startsWith("node:") ? path : `node:${path}`, external: true };
    });
  },
};

/** Bundles one entry point into a folder. */
export async function bundle(
  entryPoint: string,
  { outdir }: { readonly outdir: string },
): Promise<void> {
  try {
    await build({
      entryPoints: [entryPoint],
      outdir,
      bundle: true,
      splitting: true,
      minify: true,
      format: "esm",
      platform: "node",
      target: "esnext",
      banner: { js: REQUIRE },
      jsx: "automatic",
      // React has a build for production and one that takes four times the time.
      define: { "process.env.NODE_ENV": '"production"' },
      logLevel: "warning",
      plugins: [leaveDeveloperToolsOut, leaveForeignFormatsOut, redirectNodeModules],
    });
  } finally {
    await stop();
  }
}
