// The page's modules, called from Python: a request a line of JSON, a reply a line; arrays as files.
import { readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";

const PAGE = new URL("../../deploy/web/", import.meta.url);
const { answerOf, probabilitiesOf } = await import(new URL("core/answer.js", PAGE));
const { normalise, prepare, rowsOf } = await import(new URL("core/prepare.js", PAGE));
const { sha256, sha256Plain } = await import(new URL("core/sha256.js", PAGE));
const { readSpec } = await import(new URL("core/spec.js", PAGE));
const { CODES } = await import(new URL("core/fault.js", PAGE));
const { readPhoto } = await import(new URL("container/photo.js", PAGE));
const { pngPixels } = await import(new URL("container/png_pixels.js", PAGE));
const { around, facesIn, suppressed } = await import(new URL("core/faces.js", PAGE));
const { shrunk } = await import(new URL("core/shrink.js", PAGE));
const { Detector, readFacesSpec } = await import(new URL("engine/detector.js", PAGE));
const { Model } = await import(new URL("engine/model.js", PAGE));
const { runtimeIn } = await import(new URL("node_runtime.js", PAGE));
const { uprightRows } = await import(new URL("container/turned.js", PAGE));

const bytesOf = (file) => new Uint8Array(readFileSync(file));
const write = (file, array) => {
  if (file) writeFileSync(file, new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
};

function upright(rows) {
  const all = new Uint8Array(rows.width * rows.height * 3);
  for (let y = 0; y < rows.height; y++) all.set(rows.row(y), y * rows.width * 3);
  return all;
}

const floats = (file) => new Float32Array(bytesOf(file).buffer);
/** @type {any} */
let detector = null;
let ort = null;

const TASKS = {
  faces_in: ({ files, columns, threshold }) => ({
    faces: suppressed(facesIn(files.map(floats), columns, threshold)),
  }),
  shrink: ({ file, out, width, height, to }) => {
    write(out, shrunk({ rgb: bytesOf(file), width, height }, ...to).rgb);
    return {};
  },
  around: ({ file, out, width, height, box, margin }) => {
    const rows = around({ rgb: bytesOf(file), width, height }, box, margin);
    write(out, upright(rows));
    return { size: [rows.width, rows.height] };
  },
  // opens the model of a folder and runs it once, on what `value` fills
  model: async ({ folder, runtime, value }) => {
    ort ??= await runtimeIn(runtime);
    const spec = readSpec(bytesOf(`${folder}/spec.json`));
    const model = await Model.open(ort, bytesOf(`${folder}/model.onnx`), spec);
    try {
      const count = model.shape.reduce((product, side) => product * side);
      const scores = await model.run(new Float32Array(count).fill(value));
      return { probabilities: Array.from(probabilitiesOf(scores, spec)) };
    } finally {
      await model.close();
    }
  },
  open_faces: async ({ folder, runtime }) => {
    const spec = readFacesSpec(bytesOf(`${folder}/faces.json`));
    detector = await Detector.of((ort ??= await runtimeIn(runtime)), bytesOf(`${folder}/${spec.file.name}`), spec);
    return { spec };
  },
  faces: async ({ file, width, height }) => ({
    faces: await detector.find({ rgb: bytesOf(file), width, height }),
  }),
  codes: () => ({ codes: CODES }),
  spec: ({ file }) => ({ spec: readSpec(bytesOf(file)) }),
  sha256: async ({ file }) => {
    const bytes = bytesOf(file);
    return { plain: sha256Plain(bytes), subtle: await sha256(bytes) };
  },
  prepare: ({ file, width, height, spec, layout, pixels, tensor }) => {
    const { input } = readSpec(bytesOf(spec));
    const prepared = prepare(rowsOf(bytesOf(file), width, height), input);
    write(pixels, prepared);
    write(tensor, normalise(prepared, input, layout));
    return {};
  },
  answer: ({ scores, reading, topk }) => {
    const probabilities = probabilitiesOf(Float32Array.from(scores), reading);
    const answer = answerOf(probabilities, reading.threshold, topk);
    return { ...answer, probabilities: Array.from(probabilities) };
  },
  photo: async ({ file, out, range = null }) => {
    const { bytes, png, ...about } = await readPhoto(bytesOf(file));
    if (!png) {
      write(out, bytes);
      return about;
    }
    const { width, height, orientation } = about;
    const rows = uprightRows(await pngPixels(png, range), width, height, orientation);
    write(out, upright(rows));
    return { ...about, size: [rows.width, rows.height] };
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  let reply;
  try {
    reply = { ok: true, ...(await TASKS[request.do](request)) };
  } catch (error) {
    const { code, details, message } = error;
    reply = { ok: false, code: code ?? null, details, message };
  }
  process.stdout.write(`${JSON.stringify(reply)}\n`);
}
