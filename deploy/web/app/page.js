import { Fault } from "../core/fault.js";
import { AnswerView, TOP } from "./answer_view.js";
import { cameraAllowed } from "./camera.js";
import { Client } from "./client.js";
import { part } from "./elements.js";
import { FaceBoxes } from "./face_boxes.js";
import { Finder } from "./finder.js";
import { listModels } from "./models.js";
import { PhotoView } from "./photo_view.js";
import { Screen } from "./screen.js";

/** @typedef {import("./client.js").About} About */
/** @typedef {import("./client.js").Reply} Reply */
/** @typedef {import("./frame.js").Placed} Placed */
/** @typedef {import("./language.js").Language} Language */
/** @typedef {import("./models.js").ModelEntry} ModelEntry */
/** @typedef {import("./words.js").One} One */
/** @typedef {import("./words.js").Many} Many */

/** Largest file that is read, as in src_mindspore/photos/decode.py. */
const MAX_BYTES = 2 ** 30;

/** Faults that the same photo would have once more. */
const OF_PHOTO = new Set([
  "not_a_photo",
  "truncated",
  "too_large",
  "no_decoder",
  "decode_failed",
  "deep_photo",
  "unreadable",
]);

/** What the page does: photos and frames go to the worker, answers come to the panel. */
export class Page {
  /** @type {About | null} the model, once it is open */
  about = null;
  /** @type {ModelEntry[]} */
  #models = [];
  /** @type {File | null} the photo that is shown, or looked at */
  #file = null;
  /** Photos and models: what was asked for last counts. */
  #photoTurn = 0;
  #modelTurn = 0;
  #photo = new PhotoView(() => {
    if (this.mode === "photo") this.boxes.move(this.#photo.placed);
  });

  /**
   * @param {Language} language
   * @param {import("./storage.js").Storage} storage
   * @param {() => Worker} startWorker
   * @param {() => void} answered is called after each answer to a photo, and a camera's first
   */
  constructor(language, storage, startWorker, answered) {
    this.language = language;
    this.storage = storage;
    this.answered = answered;
    this.screen = new Screen(language);
    this.view = new AnswerView(language);
    this.boxes = new FaceBoxes(language);
    this.client = new Client(startWorker);
    this.finder = new Finder(this);
    this.showWelcome();
  }

  get mode() {
    return this.screen.mode;
  }

  /** Whether nothing would be lost by loading the page anew. */
  get idle() {
    return this.mode === "welcome" && this.#file === null && !this.finder.camera.open;
  }

  /** Opens the model, and the camera where it was used the last time. */
  async start() {
    this.client.prepare();
    const camera = this.storage.get("camera") === "yes" && cameraAllowed() && (await notDenied());
    await Promise.all([this.openModels(), camera ? this.finder.open() : undefined]);
  }

  /** Reads the list of models, and opens the one that was used the last time. */
  async openModels() {
    this.screen.setLoaded([0, 0]);
    try {
      this.#models = await listModels();
    } catch (error) {
      this.screen.setLoaded(null);
      this.screen.showFault(error, () => this.openModels());
      return;
    }
    const names = this.#models.map((model) => model.name);
    const chosen = Math.max(0, names.indexOf(this.storage.get("model") ?? ""));
    this.screen.setModels(names, chosen);
    await this.chooseModel(chosen);
  }

  /** @param {number} index in models.json */
  async chooseModel(index) {
    const { screen } = this;
    const model = this.#models[index];
    const turn = ++this.#modelTurn;
    this.finder.live.stop();
    this.#forget();
    this.about = null;
    screen.clearFault();
    screen.setLoaded([0, 0]);
    /** @type {import("./client.js").Progress} */
    const progress = (loaded, total) => {
      if (turn === this.#modelTurn) screen.setLoaded([loaded, total]);
    };
    const opened = this.client.open(model.folder, progress, model.faces);
    // a photo that is shown, or was chosen while no model was there, is asked about now
    if (this.#file !== null) this.showPhoto(this.#file);
    try {
      const about = await opened;
      if (turn !== this.#modelTurn) return;
      this.about = about;
    } catch (error) {
      if (turn !== this.#modelTurn) return;
      screen.setLoaded(null);
      screen.showFault(error, () => this.chooseModel(index));
      return;
    }
    screen.setLoaded(null);
    this.storage.set("model", model.name);
    if (this.mode === "frozen") this.finder.resume();
    else this.finder.begin();
  }

  /**
   * Asks about a photo. Of several that come quickly, the last one is answered.
   * @param {File} file
   */
  async showPhoto(file) {
    const turn = ++this.#photoTurn;
    this.finder.close();
    this.#file = file;
    this.screen.clearFault();
    this.#forget();
    this.screen.setWorking(true);
    if (this.#models.length === 0) return; // once their list is there
    try {
      const reply = await this.client.photo(await bytesOf(file), TOP);
      const about = await this.client.about();
      if (turn !== this.#photoTurn) return;
      this.about = about;
      this.screen.setLoaded(null);
      this.screen.setWorking(false);
      this.#photo.show(file, reply.size);
      this.screen.setMode("photo", cameraAllowed());
      this.showAnswer(reply, this.#photo.placed, false);
    } catch (error) {
      if (turn !== this.#photoTurn) return;
      this.drop();
      this.showWelcome();
      const ofPhoto = error instanceof Fault && OF_PHOTO.has(error.code);
      this.screen.showFault(error, ofPhoto ? null : () => this.showPhoto(file));
    }
  }

  /**
   * @param {Reply} reply to a photo or a frozen picture
   * @param {Placed | null} placed where the picture is on the stage
   * @param {boolean} mirrored
   */
  showAnswer(reply, placed, mirrored) {
    const { ms } = reply;
    if ("faces" in reply) this.show({ faces: reply.faces, ms }, placed, mirrored);
    else this.show({ top: reply.answer.top, abstained: reply.answer.abstained, ms }, placed, false);
    this.#describe();
    this.screen.speak(this.view.spoken);
    this.answered();
  }

  /**
   * @param {One | Many} shown
   * @param {Placed | null} placed
   * @param {boolean} mirrored
   */
  show(shown, placed, mirrored) {
    if (this.about === null) return;
    this.view.show(shown, this.about);
    if ("faces" in shown && placed !== null) {
      this.boxes.show(shown.faces, this.about, placed, mirrored);
    }
  }

  /** Gives the photo the words of its answer. */
  #describe() {
    this.#photo.describe(this.language.text("photo_of", { name: this.view.spoken }));
  }

  /** Puts the photo away, and what was asked about it. */
  drop() {
    this.#photoTurn += 1;
    this.#file = null;
    this.#photo.hide();
    this.#forget();
    this.screen.clearFault();
    this.screen.setWorking(false);
  }

  /** No answer is shown, nor said. */
  #forget() {
    this.view.hide();
    this.boxes.hide();
    this.screen.speak("");
  }

  showWelcome() {
    this.screen.setMode("welcome", cameraAllowed());
    this.#forget();
  }

  /** @param {"live" | "frozen"} mode */
  showCamera(mode) {
    this.screen.setMode(mode, true);
    if (mode === "live") this.#forget();
  }

  /** The button with the cross: closes what fills the stage. */
  away() {
    if (this.finder.camera.open || this.mode !== "photo") this.storage.set("camera", "no");
    this.finder.close();
    this.drop();
    this.showWelcome();
    part("shutter").focus();
  }

  /** The middle button. */
  shutter() {
    if (this.mode === "live") this.finder.freeze();
    else if (this.mode === "frozen") this.finder.resume();
    else if (cameraAllowed()) this.finder.open();
    else part("capture").click();
  }

  /** Writes all texts in another language. */
  redraw() {
    this.screen.redraw();
    this.view.redraw();
    this.boxes.redraw();
    this.screen.speak(this.view.spoken);
    this.#describe();
  }
}

/**
 * @param {File} file
 * @returns {Promise<ArrayBuffer>}
 * @throws {Fault} it is too large, or gone
 */
async function bytesOf(file) {
  if (file.size > MAX_BYTES) {
    throw new Fault("too_large", { what: "bytes", got: file.size, limit: MAX_BYTES });
  }
  try {
    return await file.arrayBuffer();
  } catch {
    throw new Fault("unreadable");
  }
}

/** Whether the camera may be asked for without a tap: not where it was refused. */
async function notDenied() {
  try {
    const name = /** @type {PermissionName} */ ("camera");
    return (await navigator.permissions.query({ name })).state !== "denied";
  } catch {
    return true; // a browser that does not tell
  }
}
