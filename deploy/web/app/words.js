/** What the panel says about an answer, in the page's language; answer_view.js draws it. */

/** @typedef {import("./client.js").About} About */
/** @typedef {import("./client.js").LabelledFace} LabelledFace */
/** @typedef {import("./client.js").Times} Times */
/** @typedef {import("./language.js").Language} Language */
/**
 * @typedef {object} One an answer about a whole picture
 * @property {{index: number, score: number}[]} top best first; the first is the one that is named
 * @property {boolean} abstained
 * @property {Times} ms
 */
/** @typedef {{faces: LabelledFace[], ms: Times}} Many answers about the faces in a picture */
/**
 * @typedef {object} Words
 * @property {string} name in large letters
 * @property {string} share beside it; may be empty
 * @property {boolean} unsure
 * @property {number | null} bar 0 to 1; null: there is none
 * @property {string} perhaps may be empty
 * @property {string} tip a key of strings.js; may be empty
 * @property {number} groupOf the class whose group is shown; -1: none
 * @property {{name: string, text: string, share: number}[]} rows
 * @property {string} spoken
 */

/**
 * @param {One} one
 * @param {About} about
 * @param {Language} language
 * @param {number} topk classes that are said
 * @returns {Words}
 */
export function wordsOfOne({ top, abstained }, about, language, topk) {
  const [best, ...others] = top.slice(0, topk);
  const name = className(best.index, about, language);
  const score = language.percent(best.score);
  const group = language.name(about.labels[best.index].group, "");
  const rows = others.map((other) => ({
    name: className(other.index, about, language),
    text: language.percent(other.score),
    share: other.score,
  }));
  const base = { rows, unsure: abstained };
  if (abstained) {
    return {
      ...base,
      name: language.text("not_sure"),
      share: "",
      bar: null,
      perhaps: `${language.text("perhaps", { name })} · ${score}`,
      tip: "tip",
      groupOf: -1,
      spoken: language.text("spoken_not_sure", { name, score }),
    };
  }
  const spoken = language.text(group ? "spoken_group" : "spoken", { name, score, group });
  return {
    ...base,
    name,
    share: score,
    bar: best.score,
    perhaps: "",
    tip: "",
    groupOf: best.index,
    spoken,
  };
}

/**
 * One face is said as a picture would be; of several, how many are of which class.
 *
 * @param {Many} many
 * @param {About} about
 * @param {Language} language
 * @param {number} topk classes of a single face
 * @returns {Words}
 */
export function wordsOfFaces({ faces, ms }, about, language, topk) {
  if (faces.length === 1) {
    const { top, abstained } = faces[0].answer;
    return wordsOfOne({ top, abstained, ms }, about, language, topk);
  }
  const base = { share: "", bar: null, perhaps: "", groupOf: -1 };
  if (faces.length === 0) {
    const name = language.text("no_face");
    return { ...base, name, unsure: true, tip: "face_tip", rows: [], spoken: name };
  }
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const { answer } of faces) {
    const name = faceName(answer, about, language);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const rows = [...counts]
    .sort((a, b) => b[1] - a[1])
    .map(([name, count]) => ({ name, text: String(count), share: count / faces.length }));
  const name = language.text("faces", { count: faces.length });
  const spoken = [name, ...rows.map((row) => `${row.name} ${row.text}`)].join(" · ");
  return { ...base, name, unsure: false, tip: "", rows, spoken };
}

/**
 * @param {number} index
 * @param {About} about
 * @param {Language} language
 */
export function className(index, about, language) {
  return language.name(about.labels[index], about.classes[index]);
}

/**
 * @param {LabelledFace["answer"]} answer
 * @param {About} about
 * @param {Language} language
 */
export function faceName({ top, abstained }, about, language) {
  return abstained ? language.text("not_sure") : className(top[0].index, about, language);
}
