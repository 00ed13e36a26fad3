import { dirname, join } from "node:path";
import { enabledUnits, hostFiles, hostPrograms, realK3sFiles } from "../hosts/host_units.ts";
import { cacheDir } from "../paths.ts";
import { cached, hashTexts } from "./content_hash.ts";

/**
 * Makes the directory that is laid over the base image in every host: Tailscale's programs and the lab's
 * units, and what a real k3s needs where there is one. Returns its path.
 */
export async function buildHostLayer(
  tailscaleDir: string,
  { realK3s }: { readonly realK3s: boolean },
): Promise<string> {
  const files = { ...hostFiles, ...(realK3s ? realK3sFiles : {}) };
  const inputs = [
    tailscaleDir,
    ...[files, hostPrograms, enabledUnits].map((part) => JSON.stringify(part)),
  ];
  const { path } = await cached(join(cacheDir, "layer", hashTexts(...inputs)), async (dir) => {
    for (const [file, content] of Object.entries(files)) {
      await Deno.mkdir(dirname(join(dir, file)), { recursive: true });
      const mode = hostPrograms.includes(file) ? 0o755 : 0o644;
      await Deno.writeTextFile(join(dir, file), content, { mode });
    }
    for (const [link, target] of Object.entries(enabledUnits)) {
      await Deno.mkdir(dirname(join(dir, link)), { recursive: true });
      await Deno.symlink(target, join(dir, link));
    }
    await Deno.mkdir(join(dir, "usr/bin"), { recursive: true });
    await Deno.mkdir(join(dir, "usr/sbin"), { recursive: true });
    await Deno.copyFile(join(tailscaleDir, "tailscale"), join(dir, "usr/bin/tailscale"));
    await Deno.copyFile(join(tailscaleDir, "tailscaled"), join(dir, "usr/sbin/tailscaled"));
  });
  return path;
}
