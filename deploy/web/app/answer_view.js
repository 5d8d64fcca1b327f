import { element, fill, part, say } from "./elements.js";
import { groupLooks } from "./groups.js";
import { wordsOfFaces, wordsOfOne } from "./words.js";

/** @typedef {import("./client.js").About} About */
/** @typedef {import("./client.js").Times} Times */
/** @typedef {import("./language.js").Language} Language */
/** @typedef {import("./words.js").One} One */
/** @typedef {import("./words.js").Many} Many */
/** @typedef {import("./words.js").Words} Words */

/** Classes that are shown: the best one large, the others as bars. */
export const TOP = 3;

/** The answer in the panel. */
export class AnswerView {
  /** @type {{shown: One | Many, about: About, words: Words} | null} */
  #now = null;
  /** @type {number[]} */
  #looks = [];
  #box = part("answer");
  #time = element("time", HTMLButtonElement);
  #times = part("times");
  #rows = element("others", HTMLUListElement);

  /** @param {Language} language */
  constructor(language) {
    this.language = language;
    this.#time.addEventListener("click", () => {
      this.#times.hidden = !this.#times.hidden;
      this.#time.setAttribute("aria-expanded", String(!this.#times.hidden));
    });
  }

  get visible() {
    return !this.#box.hidden;
  }

  /** The answer as one sentence, for those who listen. */
  get spoken() {
    return this.#now?.words.spoken ?? "";
  }

  hide() {
    this.#now = null;
    this.#box.hidden = true;
  }

  /**
   * @param {One | Many} shown
   * @param {About} about the model
   */
  show(shown, about) {
    if (this.#now?.about !== about) this.#looks = groupLooks(about.labels);
    this.#draw(shown, about);
    this.#box.hidden = false;
  }

  /** Draws it again, in another language. */
  redraw() {
    if (this.#now !== null) this.#draw(this.#now.shown, this.#now.about);
  }

  /**
   * @param {One | Many} shown
   * @param {About} about
   */
  #draw(shown, about) {
    const faces = "faces" in shown;
    const words = faces
      ? wordsOfFaces(shown, about, this.language, TOP)
      : wordsOfOne(shown, about, this.language, TOP);
    this.#now = { shown, about, words };
    this.#box.classList.toggle("unsure", words.unsure);
    say(part("name"), words.name);
    say(part("score"), words.share);
    say(part("perhaps"), words.perhaps);
    part("perhaps").hidden = words.perhaps === "";
    part("tip").hidden = words.tip === "";
    if (words.tip !== "") {
      part("tip").dataset.text = words.tip;
      say(part("tip"), this.language.text(words.tip));
    }
    part("best-bar").hidden = words.bar === null;
    fill(part("best-bar"), words.bar ?? 0);
    this.#drawGroup(words.groupOf, about);
    this.#drawTimes(shown.ms, about.threads);
    this.#drawRows(words.rows);
  }

  /**
   * @param {number} index of the class; -1: none
   * @param {About} about
   */
  #drawGroup(index, about) {
    const chip = part("group");
    const look = index < 0 ? -1 : this.#looks[index];
    const name = look < 0 ? "" : this.language.name(about.labels[index].group, "");
    chip.hidden = name === "";
    if (name === "") return;
    chip.dataset.look = String(look);
    chip.querySelector("use")?.setAttribute("href", `#shape-${look}`);
    say(part("group-name"), name);
    say(part("group-spoken"), this.language.text("group", { name }));
  }

  /**
   * @param {Times} ms
   * @param {number} threads
   */
  #drawTimes(ms, threads) {
    const whole = (/** @type {number} */ value) => Math.max(1, Math.round(value));
    const text = (/** @type {number} */ value) =>
      this.language.text("milliseconds", { ms: value < 0.5 ? "<1" : whole(value) });
    const between = ms.faces ?? ms.prepare ?? 0;
    const key = ms.faces === undefined ? "prepare" : "find_faces";
    part("between").dataset.text = key;
    say(part("between"), this.language.text(key));
    const total = whole(ms.decode + between + ms.model);
    say(this.#time, this.language.text("time", { ms: total }));
    this.#time.setAttribute("aria-label", this.language.text("time_label", { ms: total }));
    say(part("ms-decode"), text(ms.decode));
    say(part("ms-between"), text(between));
    say(part("ms-model"), text(ms.model));
    say(part("threads"), String(threads));
  }

  /** @param {Words["rows"]} rows */
  #drawRows(rows) {
    const there = this.#rows.children;
    while (there.length > rows.length) there[there.length - 1].remove();
    while (there.length < rows.length) this.#rows.append(newRow());
    rows.forEach((row, i) => {
      const [name, share, bar] = there[i].children;
      say(name, row.name);
      say(share, row.text);
      fill(bar, row.share);
    });
  }
}

/** A class that is less likely, or one of several faces: its name, a number and a bar. */
function newRow() {
  const row = document.createElement("li");
  const name = document.createElement("span");
  name.dir = "auto";
  const bar = document.createElement("div");
  bar.className = "bar";
  bar.setAttribute("aria-hidden", "true");
  bar.append(document.createElement("i"));
  row.append(name, document.createElement("span"), bar);
  return row;
}
