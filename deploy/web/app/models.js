import { Fault } from "../core/fault.js";

/** @typedef {{name: string, folder: string, faces: boolean}} ModelEntry */

const LIST = "models.json";
const FORMAT = 1;

/**
 * The models of this page, as models.json lists them.
 * @returns {Promise<ModelEntry[]>} at least one
 * @throws {Fault} it is not there, or not such a list
 */
export async function listModels() {
  let answer;
  try {
    answer = await fetch(LIST);
  } catch {
    throw new Fault("offline");
  }
  if (!answer.ok) throw new Fault("model_missing", { file: LIST, status: answer.status });
  let list;
  try {
    list = await answer.json();
  } catch {
    throw new Fault("models_bad");
  }
  if (list?.format !== FORMAT || !Array.isArray(list.models)) throw new Fault("models_bad");
  if (list.models.length === 0 || !list.models.every(isEntry)) throw new Fault("models_bad");
  return list.models;
}

/** @param {any} entry */
function isEntry(entry) {
  return (
    typeof entry?.name === "string" &&
    typeof entry.folder === "string" &&
    // a folder of this page, never another address
    /^models\/[^./\\:?#][^/\\:?#]*$/.test(entry.folder)
  );
}
