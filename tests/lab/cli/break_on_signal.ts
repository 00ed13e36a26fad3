/**
 * Loaded before the tool (`deno run --preload`), it breaks it on SIGURG as a defect would: somewhere in
 * the event loop, where nobody catches. With BREAK=rejection it is a promise that fails.
 *
 * @module
 */

Deno.addSignalListener("SIGURG", () => {
  setTimeout(() => {
    const error = new Error("broken on purpose");
    if (Deno.env.get("BREAK") === "rejection") void Promise.reject(error);
    else throw error;
  });
});
