import { Fault } from "../core/fault.js";
import { TOP } from "./answer_view.js";
import { Camera, cameraAllowed } from "./camera.js";
import { element, part } from "./elements.js";
import { covering, viewfinder } from "./frame.js";
import { Live } from "./live.js";
import { inWhole } from "./tracks.js";

/** @typedef {import("./words.js").One} One */
/** @typedef {import("./words.js").Many} Many */
/** @typedef {import("./frame.js").Box} Box */
/** @typedef {import("./page.js").Page} Page */
/** @typedef {import("./frame.js").Placed} Placed */

/** Space around the frame, CSS pixels. */
const MARGIN = 20;
/** Within this time, ms, a live view that fails again is not started again by itself. */
const AGAIN = 10_000;
/** Of a vibration when another class is shown, ms. */
const TICK = 12;

/** The camera's part of the page: the live answer, the frozen picture, the frame. */
export class Finder {
  #video = element("video", HTMLVideoElement);
  #still = element("still", HTMLCanvasElement);
  #stage = part("stage");
  #failedAt = Number.NEGATIVE_INFINITY;
  /** Frozen pictures and openings: what was asked for last counts. */
  #turn = 0;
  /** @type {Placed | null} where the camera's picture is on the stage */
  #placed = null;

  /** @param {Page} page */
  constructor(page) {
    this.page = page;
    this.camera = new Camera(this.#video, () => this.#lost());
    this.live = new Live(
      this.#video,
      page.client,
      () => this.#look(this.#video.videoWidth, this.#video.videoHeight),
      (shown, changed) => this.#show(shown, changed),
      (error) => this.#failed(error),
    );
    const place = () => this.#place();
    new ResizeObserver(place).observe(this.#stage);
    this.#video.addEventListener("loadedmetadata", place);
    this.#video.addEventListener("resize", place); // a phone that is turned
    document.addEventListener("visibilitychange", () => this.#visibility());
  }

  /** Opens the camera, and shows what the model says about it. */
  async open() {
    const { page } = this;
    page.drop();
    await this.#start(
      () => this.camera.start(),
      () => this.open(),
    );
  }

  async flip() {
    this.live.stop();
    await this.#start(
      () => this.camera.flip(),
      () => this.open(),
    );
  }

  /**
   * @param {() => Promise<boolean>} opening
   * @param {() => void} retry
   */
  async #start(opening, retry) {
    const { screen, storage } = this.page;
    try {
      if (!(await opening())) return;
    } catch (error) {
      const { code } = Fault.of(error, "camera_busy");
      if (code === "camera_refused") storage.set("camera", "no");
      const again = code === "camera_none" || code === "camera_insecure" ? null : retry;
      this.close();
      screen.showFault(error, again);
      return;
    }
    storage.set("camera", "yes");
    this.page.showCamera("live");
    screen.setMirrored(this.camera.mirrored);
    this.#place();
    this.begin();
    const several = (await this.camera.count()) > 1;
    if (screen.mode === "live") part("flip-camera").hidden = !several;
  }

  /** Starts the live answers, once both the model and the camera are there. */
  begin() {
    const { about, screen } = this.page;
    if (about === null || !this.camera.open || screen.mode !== "live") return;
    this.#place();
    this.live.start(about.threshold);
  }

  /** Keeps the picture of this moment, and says what it shows. */
  async freeze() {
    const { page } = this;
    const { width, height } = { width: this.#video.videoWidth, height: this.#video.videoHeight };
    if (width === 0) return;
    const turn = ++this.#turn;
    this.live.stop();
    this.#still.width = width;
    this.#still.height = height;
    this.#still.getContext("2d")?.drawImage(this.#video, 0, 0);
    page.showCamera("frozen");
    this.#place();
    const box = this.#look(width, height);
    if (box === null) return; // the model is still loading
    try {
      const bitmap = await createImageBitmap(this.#still, box.x, box.y, box.width, box.height);
      const reply = await page.client.frame(bitmap, TOP);
      if ("faces" in reply) reply.faces = inWhole(reply.faces, box);
      if (turn === this.#turn && page.mode === "frozen") {
        page.showAnswer(reply, this.#placed, this.camera.mirrored);
      }
    } catch (error) {
      if (turn === this.#turn) page.screen.showFault(error, () => this.resume());
    }
  }

  /** From the frozen picture back to the live one. */
  async resume() {
    this.#turn += 1;
    this.page.screen.clearFault();
    if (!this.camera.open) {
      await this.open();
      return;
    }
    this.page.showCamera("live");
    part("flip-camera").hidden = (await this.camera.count()) < 2;
    this.begin();
  }

  /** Closes the camera, and its part of the page. */
  close() {
    this.#turn += 1;
    this.live.stop();
    this.camera.stop();
    this.#still.width = this.#still.height = 0; // memory
    if (this.page.mode === "live" || this.page.mode === "frozen") this.page.showWelcome();
  }

  /**
   * @param {One | Many} shown
   * @param {boolean} changed
   */
  #show(shown, changed) {
    const { page } = this;
    if (page.about === null) return;
    const first = !page.view.visible;
    page.show(shown, this.#placed, this.camera.mirrored);
    if (!changed) return;
    page.screen.speak(page.view.spoken);
    if (first) page.answered();
    else tick();
  }

  /**
   * Places the frame; which part of the picture the model sees.
   * @param {number} width of the picture, pixels
   * @param {number} height
   * @returns {Box | null} null where there is no picture or model
   */
  #look(width, height) {
    const { about } = this.page;
    if (about === null || width === 0) return null;
    const { stage, free } = this.#room();
    if (about.faces) {
      const { placed, source } = covering(stage, { width, height });
      this.#placed = placed;
      this.page.boxes.move(placed);
      return source;
    }
    const { frame, source } = viewfinder(stage, free, { width, height }, about.input);
    this.page.screen.placeFrame(frame);
    return source;
  }

  /** The stage, and what of it neither the bar nor the panel lies upon; CSS pixels. */
  #room() {
    const stage = this.#stage.getBoundingClientRect();
    const bar = part("bar").getBoundingClientRect();
    const panel = part("panel").getBoundingClientRect();
    const top = Math.max(0, bar.bottom - stage.top) + MARGIN / 2;
    const beside = panel.left >= stage.right;
    const bottom = (beside ? 0 : Math.max(0, stage.bottom - panel.top)) + MARGIN;
    const width = Math.max(1, stage.width - 2 * MARGIN);
    const height = Math.max(1, stage.height - top - bottom);
    return { stage, free: { x: MARGIN, y: top, width, height } };
  }

  #place() {
    if (this.page.mode === "live") this.#look(this.#video.videoWidth, this.#video.videoHeight);
    else if (this.page.mode === "frozen") this.#look(this.#still.width, this.#still.height);
  }

  /** @param {unknown} error */
  #failed(error) {
    const again = performance.now() - this.#failedAt > AGAIN;
    this.#failedAt = performance.now();
    this.page.screen.showFault(error, () => this.begin());
    if (again) this.begin(); // a worker that died is another one now
  }

  /** The camera went away by itself: pulled out, or taken by another app. */
  #lost() {
    const frozen = this.page.mode === "frozen";
    this.live.stop();
    this.camera.stop();
    if (frozen) return; // the picture is still there
    this.close();
    this.page.screen.showFault(new Fault("camera_busy"), () => this.open());
  }

  /** A page that nobody sees keeps no camera. */
  #visibility() {
    if (document.hidden) {
      this.live.stop();
      this.camera.stop();
    } else if (this.page.mode === "live" && cameraAllowed()) {
      this.#start(
        () => this.camera.start(),
        () => this.open(),
      );
    }
  }
}

/** Says by a light vibration that another class is shown, where that is wanted. */
function tick() {
  if (!navigator.userActivation?.hasBeenActive) return; // browsers forbid it before a first tap
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  navigator.vibrate?.(TICK);
}
