import { Fault } from "../core/fault.js";

/** @typedef {import("./language.js").Label} Label */
/** @typedef {import("./frame.js").InputRules} InputRules */
/**
 * @typedef {object} About a model that was opened
 * @property {string[]} classes
 * @property {Label[]} labels
 * @property {number | null} threshold
 * @property {InputRules} input
 * @property {number} threads
 * @property {{fetch: number, session: number}} ms
 * @property {boolean} faces whether it is asked about faces, and not about whole pictures
 */
/**
 * @typedef {object} Times ms
 * @property {number} decode
 * @property {number} [prepare] of a whole picture
 * @property {number} [faces] where they were looked for
 * @property {number} model
 */
/**
 * @typedef {object} Answer
 * @property {{index: number, score: number}[]} top best first
 * @property {boolean} abstained
 * @property {Float32Array} probabilities one a class
 */
/**
 * @typedef {object} LabelledFace
 * @property {[number, number, number, number]} box left, top, right, bottom in pixels
 * @property {number} score of the detector, 0 to 1
 * @property {Answer} answer
 */
/** @typedef {{answer: Answer, size: [number, number], ms: Times}} WholeReply */
/** @typedef {{faces: LabelledFace[], size: [number, number], ms: Times}} FacesReply */
/** @typedef {WholeReply | FacesReply} Reply `size`: width, height */
/** @typedef {(loaded: number, total: number) => void} Progress bytes */
/**
 * @typedef {object} Waiting
 * @property {(reply: any) => void} done
 * @property {(fault: Fault) => void} failed
 * @property {Progress | undefined} progress
 * @property {number} limit ms without a sign of life
 * @property {number} timer
 */

/** Milliseconds without a sign of life after which an answer is no longer waited for. */
const LIMITS = { open: 60_000, photo: 60_000, frame: 20_000 };

/**
 * The one who talks with worker.js. A worker that dies or hangs is replaced with the next request,
 * and the model opened anew.
 */
export class Client {
  /** @type {Worker | null} */
  #worker = null;
  /** @type {Map<number, Waiting>} */
  #waiting = new Map();
  #count = 0;
  #folder = "";
  #faces = false;
  /** @type {Promise<About> | null} */
  #opened = null;
  /** @type {Progress | undefined} */
  #progress;
  /** @type {() => Worker} */
  #start;

  /** @param {() => Worker} start makes a worker */
  constructor(start) {
    this.#start = start;
  }

  /** Has the worker read its code, while it is found out which model is wanted. */
  prepare() {
    this.#running();
  }

  /**
   * Opens the model of a folder; what is asked after this is asked of it.
   * @param {string} folder relative to the page
   * @param {Progress} [progress]
   * @param {boolean} [faces] whether it labels faces; what finds them is opened as well
   * @returns {Promise<About>}
   * @throws {Fault}
   */
  open(folder, progress, faces = false) {
    this.#folder = folder;
    this.#faces = faces;
    this.#progress = progress;
    this.#opened = null;
    return this.#open();
  }

  /**
   * The model that answers; opened anew where its worker has died.
   * @returns {Promise<About>}
   * @throws {Fault}
   */
  about() {
    return this.#open();
  }

  /** @returns {Promise<About>} */
  #open() {
    if (this.#opened === null) {
      const opened = this.#openBoth();
      this.#opened = opened;
      opened.catch(() => {
        if (this.#opened === opened) this.#opened = null; // the next request tries again
      });
    }
    return this.#opened;
  }

  /** @returns {Promise<About>} */
  async #openBoth() {
    const [faces, progress] = [this.#faces, this.#progress];
    const message = { do: "open", folder: this.#folder };
    const { about } = await this.#ask(message, [], LIMITS.open, progress);
    if (faces) await this.#ask({ do: "open_faces" }, [], LIMITS.open, progress);
    return { ...about, faces };
  }

  /**
   * @param {ArrayBuffer} bytes of a file; they are taken away
   * @param {number} topk
   * @returns {Promise<Reply>}
   * @throws {Fault}
   */
  async photo(bytes, topk) {
    const { faces } = await this.#open();
    return this.#ask({ do: faces ? "faces" : "photo", bytes, topk }, [bytes], LIMITS.photo);
  }

  /**
   * @param {ImageBitmap} bitmap is taken away
   * @param {number} topk
   * @param {number} [longest] of faces: pixels of the longer side in which they are looked for
   * @returns {Promise<Reply>}
   * @throws {Fault}
   */
  async frame(bitmap, topk, longest) {
    const { faces } = await this.#open();
    const message = faces ? { do: "faces", longest } : { do: "frame" };
    return this.#ask({ ...message, bitmap, topk }, [bitmap], LIMITS.frame);
  }

  /**
   * @param {Record<string, unknown>} message
   * @param {Transferable[]} transfer
   * @param {number} limit
   * @param {Progress} [progress]
   * @returns {Promise<any>}
   */
  #ask(message, transfer, limit, progress) {
    return new Promise((done, failed) => {
      const id = ++this.#count;
      this.#waiting.set(id, { done, failed, progress, limit, timer: this.#alarm(limit) });
      try {
        this.#running().postMessage({ id, ...message }, transfer);
      } catch {
        this.#end(new Fault("no_worker"));
      }
    });
  }

  #running() {
    if (this.#worker !== null) return this.#worker;
    const worker = this.#start();
    worker.addEventListener("message", (event) => this.#heard(event.data));
    worker.addEventListener("error", (event) => {
      event.preventDefault(); // it is told in the page, not in the console
      if (this.#worker === worker) this.#end(new Fault("no_worker"));
    });
    worker.addEventListener("messageerror", () => {
      if (this.#worker === worker) this.#end(new Fault("no_worker"));
    });
    this.#worker = worker;
    return worker;
  }

  /** @param {any} reply */
  #heard(reply) {
    const waiting = this.#waiting.get(reply.id);
    if (waiting === undefined) return;
    clearTimeout(waiting.timer);
    if (reply.progress !== undefined) {
      waiting.timer = this.#alarm(waiting.limit);
      waiting.progress?.(reply.progress.loaded, reply.progress.total);
      return;
    }
    this.#waiting.delete(reply.id);
    if (reply.ok) waiting.done(reply);
    else waiting.failed(new Fault(reply.fault.code, reply.fault.details));
  }

  /** @param {number} limit */
  #alarm(limit) {
    return setTimeout(() => this.#end(new Fault("timeout")), limit);
  }

  /**
   * Ends the worker: whoever waits is told, and the next request starts another one.
   * @param {Fault} fault
   */
  #end(fault) {
    this.#worker?.terminate();
    this.#worker = null;
    this.#opened = null;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const one of waiting) {
      clearTimeout(one.timer);
      one.failed(fault);
    }
  }
}
