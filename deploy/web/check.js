/**
 * Runs an exported model on photos, with the page's own code, for the export's check.
 *
 *     node check.js MODEL_FOLDER RUNTIME_FOLDER
 *
 * Standard input has for each photo its width and height (uint32, little endian) and its upright RGB
 * bytes, (height, width, 3); standard output gets for each its probabilities (float32, little
 * endian), one a class. A fault is one line on standard error, with status 2.
 */

import { answerOf, probabilitiesOf } from "./core/answer.js";
import { Fault } from "./core/fault.js";
import { normalise, prepare, rowsOf } from "./core/prepare.js";
import { readSpec } from "./core/spec.js";
import { Model } from "./engine/model.js";
import { bytesOf, runtimeIn } from "./node_runtime.js";

const SIZES = 8; // bytes in front of a photo

/** Bytes of standard input, as many as are asked for. */
class Input {
  constructor() {
    this.source = process.stdin[Symbol.asyncIterator]();
    this.left = Buffer.alloc(0);
  }

  /**
   * @param {number} count
   * @returns {Promise<Buffer>} fewer only at the end
   */
  async take(count) {
    const parts = [this.left];
    let length = this.left.length;
    while (length < count) {
      const { done, value } = await this.source.next();
      if (done) break;
      parts.push(value);
      length += value.length;
    }
    const all = Buffer.concat(parts);
    this.left = all.subarray(count);
    return all.subarray(0, count);
  }
}

/** @param {string[]} folders */
async function main([modelFolder, runtimeFolder, ...more]) {
  if (!runtimeFolder || more.length > 0) {
    throw new Error("usage: node check.js MODEL_FOLDER RUNTIME_FOLDER");
  }
  const spec = readSpec(await bytesOf(modelFolder, "spec.json"));
  const ort = await runtimeIn(runtimeFolder);
  const model = await Model.open(ort, await bytesOf(modelFolder, "model.onnx"), spec);
  const input = new Input();
  for (;;) {
    const sizes = await input.take(SIZES);
    if (sizes.length === 0) break;
    if (sizes.length < SIZES) throw new Fault("truncated");
    const [width, height] = [sizes.readUInt32LE(0), sizes.readUInt32LE(4)];
    const rgb = await input.take(width * height * 3);
    if (rgb.length < width * height * 3) throw new Fault("truncated");
    const pixels = prepare(rowsOf(rgb, width, height), spec.input);
    const scores = await model.run(normalise(pixels, spec.input, model.layout));
    const { probabilities } = answerOf(probabilitiesOf(scores, spec), spec.threshold, 1);
    process.stdout.write(new Uint8Array(Float32Array.from(probabilities).buffer));
  }
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(
    `${error instanceof Error ? error.message : error}\n`.replace(/\n(?=.)/g, " "),
  );
  process.exitCode = 2;
}
