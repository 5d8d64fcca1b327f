/**
 * The only place that decodes, prepares and runs: a module worker, so that the page stays smooth.
 *
 * Every request has an `id` and says what to `do`; its reply has the same `id`, and `ok`.
 */

import { bitmapRows, Canvas, decoded } from "./container/decode.js";
import { readPhoto } from "./container/photo.js";
import { answerOf, probabilitiesOf } from "./core/answer.js";
import { around } from "./core/faces.js";
import { Fault } from "./core/fault.js";
import { normalise, pixelsOf, prepare } from "./core/prepare.js";
import { MAX_BYTES, readSpec } from "./core/spec.js";
import { Detector } from "./engine/detector.js";
import { fetchBytes } from "./engine/fetched.js";
import { Model } from "./engine/model.js";
import { loadRuntime, threadsHere } from "./engine/runtime.js";

const RUNTIME = new URL("./runtime/", import.meta.url);
const FACES = new URL("./faces/", import.meta.url);
const MAX_MODEL = 1 << 30; // bytes

/** @typedef {import("./core/resample.js").RowSource} RowSource */
/** @typedef {{id: number, do: string, [key: string]: any}} Request */

const scope = /** @type {DedicatedWorkerGlobalScope} */ (/** @type {unknown} */ (self));
const canvas = new Canvas();
/** @type {Promise<import("./runtime").Ort> | null} */
let runtime = null;
/** @type {Model | null} */
let model = null;
/** @type {Promise<Detector> | null} */
let detector = null;

/** @param {number} threads */
function runtimeOnce(threads) {
  runtime ??= loadRuntime(RUNTIME, threads).catch((error) => {
    runtime = null; // the next request tries again
    throw error;
  });
  return runtime;
}

/**
 * @param {Request} request `folder`, of a model; `threads`, by default as many as are of use
 * @param {(loaded: number, total: number) => void} progress
 */
async function open({ folder, threads = threadsHere() }, progress) {
  const base = new URL(`${folder.replace(/\/*$/, "")}/`, import.meta.url);
  const ready = runtimeOnce(threads);
  ready.catch(() => {}); // told below, unless the model is at fault
  const start = performance.now();
  const spec = readSpec(await fetchBytes(new URL("spec.json", base), { limit: MAX_BYTES }));
  const total = spec.files.find((file) => file.name === "model.onnx")?.bytes ?? 0;
  const url = new URL("model.onnx", base);
  const bytes = await fetchBytes(url, { limit: MAX_MODEL, total, progress });
  const fetched = performance.now();
  const ort = await ready;
  const opened = await Model.open(ort, bytes, spec);
  await model?.close();
  model = opened;
  const { classes, labels, threshold, temperature, activation, input } = spec;
  const ms = { fetch: fetched - start, session: performance.now() - fetched };
  const used = ort.env.wasm.numThreads ?? 1;
  return {
    about: { classes, labels, threshold, temperature, activation, input, threads: used, ms },
  };
}

/**
 * Runs the model on a decoded photo, and lets go of the bitmap.
 *
 * @param {Model} opened
 * @param {RowSource} rows
 * @param {Request} request
 * @param {number} decode milliseconds so far
 */
async function answered(opened, rows, { topk = 3, keep }, decode) {
  const { spec, layout } = opened;
  const start = performance.now();
  const tensor = normalise(prepare(rows, spec.input), spec.input, layout);
  const prepared = performance.now();
  // the runtime keeps what it is given
  const kept = keep === "tensor" ? tensor.slice() : undefined;
  const scores = await opened.run(tensor);
  const { top, abstained, probabilities } = answerOf(
    probabilitiesOf(scores, spec),
    spec.threshold,
    topk,
  );
  const ms = { decode, prepare: prepared - start, model: performance.now() - prepared };
  return {
    answer: { top, abstained, probabilities: Float32Array.from(probabilities) },
    size: [rows.width, rows.height],
    ms,
    ...(kept && { tensor: kept }),
  };
}

function current() {
  if (model) return model;
  throw new Fault("not_open");
}

/**
 * Decodes what a request brings, has it used, and lets go of it.
 *
 * @param {Request} request `bytes` of a file (ArrayBuffer), or an upright `bitmap` (ImageBitmap)
 * @param {(opened: Model, rows: RowSource, decode: number) => Promise<object>} use
 */
async function withPhoto({ bytes, bitmap }, use) {
  const start = performance.now();
  if (bitmap) {
    try {
      return await use(current(), bitmapRows(bitmap, 1, canvas), performance.now() - start);
    } finally {
      bitmap.close();
    }
  }
  const opened = current();
  const { rows, close } = await decoded(
    await readPhoto(new Uint8Array(bytes)),
    opened.spec.input.range,
    canvas,
  );
  try {
    return await use(opened, rows, performance.now() - start);
  } finally {
    close();
  }
}

/** @param {Request} request see `withPhoto`; `topk`; `keep: "tensor"` */
function photo(request) {
  return withPhoto(request, (opened, rows, decode) => answered(opened, rows, request, decode));
}

/** @param {(loaded: number, total: number) => void} [progress] */
function detectorOnce(progress) {
  detector ??= runtimeOnce(threadsHere())
    .then((ort) => Detector.open(ort, FACES, progress))
    .catch((error) => {
      detector = null; // the next request tries again
      throw error;
    });
  return detector;
}

/**
 * @param {Request} _request
 * @param {(loaded: number, total: number) => void} progress
 */
async function openFaces(_request, progress) {
  const { spec } = await detectorOnce(progress);
  return { about: { margin: spec.margin, longest: spec.longestSide } };
}

/**
 * Every face, labelled by the part of the photo around it.
 *
 * @param {Request} request see `withPhoto`; `topk`; `longest` side in pixels, for a quicker search
 */
function faces(request) {
  return withPhoto(request, async (opened, rows, decode) => {
    const finder = await detectorOnce();
    const start = performance.now();
    const whole = pixelsOf(rows);
    const found = await finder.find(whole, request.longest);
    const searched = performance.now();
    const labelled = [];
    for (const { box, score, landmarks } of found) {
      const part = around(whole, box, finder.spec.margin);
      const { answer } = await answered(opened, part, request, 0);
      labelled.push({ box, score, landmarks, answer });
    }
    const ms = { decode, faces: searched - start, model: performance.now() - searched };
    return { faces: labelled, size: [rows.width, rows.height], ms };
  });
}

/** @type {Record<string, (request: Request, progress: (loaded: number, total: number) => void) => Promise<object>>} */
const TASKS = { open, photo, frame: photo, open_faces: openFaces, faces };

/** One after another, as they come: they share a model and a canvas. */
let last = Promise.resolve();

scope.addEventListener("message", ({ data }) => {
  last = last.then(() => reply(data));
});

/** @param {Request} request */
async function reply(request) {
  const { id } = request;
  try {
    const task = TASKS[request.do];
    if (!task) throw new TypeError(`no such task: ${request.do}`);
    const result = await task(request, (loaded, total) => {
      scope.postMessage({ id, progress: { loaded, total } });
    });
    scope.postMessage({ id, ok: true, ...result });
  } catch (error) {
    const { code, details } = Fault.of(error, "decode_failed");
    scope.postMessage({ id, ok: false, fault: { code, details } });
  }
}
