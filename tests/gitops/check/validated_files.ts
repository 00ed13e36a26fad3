/**
 * Repositories that the tool did not make, by their files, and what `gitops validate` says of them.
 *
 * @module
 */

import { dirname } from "node:path";
import { runCommand } from "../../cli/fake_context.ts";

/** A repository by its files, or where they link to; `.git/config` makes a directory one of Git's. */
export type Files = Readonly<Record<string, string | { readonly to: string }>>;

/** Runs `gitops validate` on files, below `folder` where that is given; without kustomize. */
export async function validate(files: Files, folder = ".") {
  const home = await Deno.realPath(await Deno.makeTempDir());
  try {
    for (const [path, text] of Object.entries(files)) {
      await Deno.mkdir(dirname(`${home}/repo/${path}`), { recursive: true });
      const file = `${home}/repo/${path}`;
      await (typeof text === "string"
        ? Deno.writeTextFile(file, text)
        : Deno.symlink(text.to, file));
    }
    const argv = ["gitops", "validate", `repo/${folder}`, "-o", "json"];
    const { code, stdout, stderr } = await runCommand(argv, { directory: home });
    if (stdout === "") return { code, problems: [stderr], warnings: [], objects: 0 };
    const document = JSON.parse(stdout);
    const told = (list: { message: string; where: { file: string; line?: number } }[]) =>
      list.map(({ message, where }) => `${where.file}:${where.line ?? ""} ${message}`);
    return {
      code,
      problems: told(document.problems),
      warnings: told(document.warnings),
      objects: document.objects as number,
    };
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}

/** A Kustomization of Flux that applies a path. */
export function applies(
  path: string,
  { source = "flux-system", kind = "GitRepository", spec = "", name = "web" } = {},
): string {
  return `apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: ${name}, namespace: flux-system}
spec:
  interval: 10m
  path: ${path}
  prune: true
  sourceRef: {kind: ${kind}, name: ${source}}
${spec}`;
}

/** A Secret of one value. */
export const secret = (value: string, member = "stringData") =>
  `apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: web}\n${member}: {token: ${
    JSON.stringify(value)
  }}\n`;
