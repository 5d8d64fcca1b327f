/** The runtime of an exported page, in node: for the export's check, and tests. */

import { copyFile, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { setUp, unpacked } from "./engine/runtime.js";

/**
 * @param {string} folder
 * @param {string} name
 */
export async function bytesOf(folder, name) {
  const content = await readFile(join(folder, name));
  return new Uint8Array(content.buffer, content.byteOffset, content.length);
}

/**
 * Node takes a file that ends in .js for a module only beside a package.json that says so.
 *
 * @param {string} folder
 */
export async function runtimeIn(folder) {
  const copy = await mkdtemp(join(tmpdir(), "pocketlens-"));
  try {
    const script = join(copy, "ort.mjs");
    await copyFile(join(folder, "ort.wasm.bundle.min.js"), script);
    const ort = await import(pathToFileURL(script).href);
    const wasm = await unpacked(
      /** @type {Uint8Array<ArrayBuffer>} */ (
        await bytesOf(folder, "ort-wasm-simd-threaded.wasm.gz")
      ),
    );
    return setUp(ort, wasm, 1);
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}
