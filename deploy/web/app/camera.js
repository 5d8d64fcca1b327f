import { Fault } from "../core/fault.js";

/** What a camera is asked for; it gives what it has. */
const WANTED = { width: { ideal: 1280 }, height: { ideal: 720 } };

/** Codes of faults by the names of what `getUserMedia` throws (W3C Media Capture and Streams). */
const FAULTS = /** @type {const} */ ({
  NotAllowedError: "camera_refused",
  SecurityError: "camera_refused",
  NotReadableError: "camera_busy",
  AbortError: "camera_busy",
  NotFoundError: "camera_none",
  OverconstrainedError: "camera_none",
});

/** Whether this page may have a stream at all: on plain http there is none. */
export function cameraAllowed() {
  return window.isSecureContext && typeof navigator.mediaDevices?.getUserMedia === "function";
}

/** The camera's stream, shown in a `<video>`. */
export class Camera {
  /** @type {MediaStream | null} */
  #stream = null;
  /** @type {"environment" | "user"} */
  #facing = "environment";
  #turn = 0;

  /**
   * @param {HTMLVideoElement} video
   * @param {() => void} lost is called when the stream ends by itself
   */
  constructor(video, lost) {
    this.video = video;
    this.lost = lost;
  }

  get open() {
    return this.#stream !== null;
  }

  /** Whether the picture is shown as in a mirror: of the camera that looks at its owner. */
  get mirrored() {
    return this.#stream?.getVideoTracks()[0]?.getSettings().facingMode === "user";
  }

  /**
   * Opens it. One that is closed again meanwhile stays closed.
   * @returns {Promise<boolean>} whether it is open now
   * @throws {Fault} it is refused, in use, not there, or this is no secure address
   */
  async start() {
    if (!window.isSecureContext) throw new Fault("camera_insecure");
    if (!cameraAllowed()) throw new Fault("camera_none");
    this.stop();
    const turn = ++this.#turn;
    const stream = await this.#ask();
    if (turn !== this.#turn) {
      for (const track of stream.getTracks()) track.stop();
      return false;
    }
    this.#stream = stream;
    stream.getVideoTracks()[0].addEventListener("ended", () => {
      if (this.#stream === stream) this.lost();
    });
    this.video.srcObject = stream;
    try {
      await this.video.play();
    } catch (error) {
      if (turn === this.#turn) {
        this.stop();
        throw faultOf(error);
      }
      return false;
    }
    return turn === this.#turn;
  }

  async #ask() {
    const video = { ...WANTED, facingMode: { ideal: this.#facing } };
    try {
      return await navigator.mediaDevices.getUserMedia({ audio: false, video });
    } catch (error) {
      throw faultOf(error);
    }
  }

  stop() {
    this.#turn += 1;
    const stream = this.#stream;
    this.#stream = null;
    for (const track of stream?.getTracks() ?? []) track.stop();
    this.video.srcObject = null;
  }

  /** The other one of a phone's two cameras. */
  async flip() {
    this.#facing = this.#facing === "user" ? "environment" : "user";
    return this.start();
  }

  /** @returns {Promise<number>} how many cameras there are; the browser says so once one is open */
  async count() {
    try {
      const devices = await navigator.mediaDevices.enumerateDevices();
      return devices.filter((device) => device.kind === "videoinput").length;
    } catch {
      return 1;
    }
  }
}

/** @param {unknown} error */
function faultOf(error) {
  const name = error instanceof DOMException ? error.name : "";
  return new Fault(FAULTS[/** @type {keyof typeof FAULTS} */ (name)] ?? "camera_busy");
}
