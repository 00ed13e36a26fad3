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
import { dirname } from "node:path";
import { build, type Metafile, type Plugin, stop } from "esbuild";

const here = (file: string) => new URL(file, import.meta.url).pathname;

/**
 * CommonJS packages ask for modules of Node when they run; nothing of Node is loaded before. They also try
 * optional packages (`ws`: `bufferutil`), and do without them only if told that those are missing.
 */
const REQUIRE =
  "var require=(name)=>{const found=process.getBuiltinModule(name);if(found)return found;" +
  "throw Object.assign(new Error(`Cannot find module '${name}'`),{code:'MODULE_NOT_FOUND'})};";

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

/**
 * A lazy import of a CommonJS package gives only `default` once it is bundled, where Deno gives every name.
 * So each package that is imported lazily goes through a module that gives out the names Deno finds in it.
 */
const keepNamesOfLazyImports: Plugin = {
  name: "keep-names-of-lazy-imports",
  setup({ onResolve, onLoad, resolve }) {
    const namespace = "lazy-import";
    onResolve(
      { filter: /^[@a-z]/ },
      async ({ path, kind, resolveDir, importer, namespace: from }) => {
        if (kind !== "dynamic-import" || from === namespace || isBuiltin(path)) return undefined;
        const found = await resolve(path, { kind: "import-statement", resolveDir, importer });
        return { path: found.path, namespace, errors: found.errors };
      },
    );
    onLoad({ filter: /.*/, namespace }, async ({ path }) => {
      const names = Object.keys(await import(path)).filter((name) => /^[\w$]+$/.test(name));
      const contents = `export { ${names.join(", ")} } from ${JSON.stringify(path)};`;
      return { contents, resolveDir: dirname(path) };
    });
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
    const { metafile } = await build({
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
      metafile: true,
      plugins: [
        leaveDeveloperToolsOut,
        leaveForeignFormatsOut,
        keepNamesOfLazyImports,
        redirectNodeModules,
      ],
    });
    refuseNamelessImports(metafile);
  } finally {
    await stop();
  }
}

/** @throws {Error} where a lazy import would give nothing but `default`, so that it shows before it is shipped */
function refuseNamelessImports({ inputs }: Metafile): void {
  const nameless = Object.entries(inputs).flatMap(([importer, { imports }]) =>
    imports
      .filter(({ path, kind }) => kind === "dynamic-import" && inputs[path]?.format === "cjs")
      .map(({ path }) => `${importer} imports ${path}`)
  );
  if (nameless.length > 0) {
    throw new Error(`Lazy imports of CommonJS modules:\n${nameless.join("\n")}`);
  }
}
