// A long video begins with a few seconds chosen, which cost little: the loudest of its own sound, else the first.
import { post } from "./api.js";
import { change, draft, facts, formOf } from "./draft.js";

const LONG = 10;
const CHOSEN = 3;

const loudest = ({ peaks, seconds }) => {
  const each = seconds / peaks.length;
  const wide = Math.max(1, Math.round(CHOSEN / each));
  let [best, most] = [0, -1];
  for (let i = 0; i + wide <= peaks.length; i++) {
    const sum = peaks.slice(i, i + wide).reduce((total, peak) => total + peak * peak, 0);
    if (sum > most + 1e-6) [best, most] = [i, sum];
  }
  return Math.min(best * each, seconds - CHOSEN);
};

export const chooseSome = async () => {
  const { video } = draft;
  if (facts().seconds <= LONG) return;
  change({ start: null, end: CHOSEN });
  if (!facts().has_sound) return;
  const asked = { ...formOf("all", []), sound: "self", start: null, end: null, whole_frame: true, heard_as: "", settings: [] };
  const heard = await post("/heard", asked).catch(() => null); // silent, say: then it stays as it is
  const untouched = draft.video?.id === video.id && draft.start === null && draft.end === CHOSEN && !draft.layers.length;
  if (!heard || !untouched) return;
  const start = loudest(heard);
  if (start < 0.05) return;
  change({ start: Number(start.toFixed(2)), end: Number((start + CHOSEN).toFixed(2)), frame: Math.round(start * facts().frame_rate) });
};
