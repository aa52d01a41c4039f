// What is chosen so far. It lies in the browser, so that a reload, a new tab or a restart finds it; tabs agree.
const STORE = "soundini-draft";
const NOTHING = {
  video: null, // {id, label, facts}
  sound: null, // {id, label}; the id is "self" for the video's own
  frame: 0,
  layers: [], // [{frame, base, items}], by frame: painted masks
  whole: false,
  track: false,
  preset: "fast",
  strength: 1,
  audio: "guide",
  loop: false,
  start: null, // seconds
  end: null,
  feather: "",
  dilate: 0,
  seed: 0,
  method: "soundini",
  heardAs: "",
  words: "",
  settings: "",
  waiting: null, // a recipe that was opened before its files were there
};

const stored = () => {
  try {
    return { ...NOTHING, ...JSON.parse(localStorage.getItem(STORE) ?? "{}") };
  } catch {
    return { ...NOTHING };
  }
};

export const draft = stored();
const listeners = [];
const tell = (names) => {
  for (const [wanted, work] of listeners) if (!wanted || wanted.some((name) => names.includes(name))) work(names);
};

// Calls `work` when one of these fields has changed; with null, when any has.
export const watch = (names, work) => listeners.push([names, work]);

export const change = (fields) => {
  Object.assign(draft, fields);
  try {
    localStorage.setItem(STORE, JSON.stringify(draft));
  } catch {
    localStorage.removeItem(STORE); // full: what is on the page stays as it is
  }
  tell(Object.keys(fields));
};
export const forget = () => change({ ...NOTHING });

addEventListener("storage", (event) => {
  if (event.key !== STORE || event.newValue === null) return;
  const other = stored();
  const changed = Object.keys(NOTHING).filter((name) => JSON.stringify(other[name]) !== JSON.stringify(draft[name]));
  Object.assign(draft, other);
  if (changed.length) tell(changed);
});

export const facts = () => draft.video?.facts ?? null;
export const partStart = () => draft.start ?? 0;
export const partEnd = () => draft.end ?? facts()?.seconds ?? 0;
export const partSeconds = () => Math.max(0, partEnd() - partStart());
export const timeOf = (frame) => (facts() ? frame / facts().frame_rate : 0);
export const frameAt = (time) => {
  const known = facts();
  return known ? Math.min(known.frames - 1, Math.max(0, Math.round(time * known.frame_rate))) : 0;
};
export const lastFrame = () => (facts() ? Math.max(frameAt(partStart()), Math.ceil(partEnd() * facts().frame_rate - 0.001) - 1) : 0);

const lines = () => draft.settings.split("\n").map((line) => line.trim()).filter(Boolean);

// The form of the API; `masks` are what the layers are uploaded as.
export const formOf = (scope, masks) => ({
  video: draft.video?.id ?? "",
  sound: draft.sound?.id ?? "",
  masks: draft.whole ? [] : masks,
  whole_frame: draft.whole,
  track: draft.whole ? null : draft.track,
  preset: draft.preset,
  strength: draft.strength,
  heard_as: draft.heardAs,
  settings: [
    `output.audio=${draft.audio}`,
    ...(draft.loop ? ["sound.loop=true"] : []),
    ...(draft.words ? [`guidance.text=${JSON.stringify(draft.words)}`] : []),
    ...lines(),
  ],
  start: draft.start === null ? null : `${draft.start.toFixed(3)}s`,
  end: draft.end === null ? null : `${draft.end.toFixed(3)}s`,
  feather: draft.feather === "" ? null : Number(draft.feather),
  dilate: draft.dilate,
  seed: draft.seed,
  method: draft.method,
  scope,
  at: Math.min(lastFrame(), Math.max(frameAt(partStart()), draft.frame)),
});

const bound = (told, rate) => {
  if (told === null || told === undefined) return null;
  return told.endsWith("s") ? Number(told.slice(0, -1)) : Number(told) / rate;
};

// The fields of a draft that asks for what a form does; shapes become layers.
export const fieldsOf = (form, known) => {
  const rate = known?.frame_rate ?? 25;
  const start = bound(form.start, rate);
  const audio = form.settings.filter((line) => line.startsWith("output.audio=")).map((line) => line.slice(13).replaceAll('"', ""));
  const shapes = [];
  if (known && form.box) {
    const [left, top, wide, high] = form.box;
    shapes.push({ tool: "box", width: 0, points: [[left * known.width, top * known.height], [(left + wide) * known.width, (top + high) * known.height]] });
  }
  if (known && form.ellipse) {
    const [x, y, across, down] = form.ellipse;
    shapes.push({ tool: "ellipse", width: 0, points: [[(x - across) * known.width, (y - down) * known.height], [(x + across) * known.width, (y + down) * known.height]] });
  }
  const first = Math.round((start ?? 0) * rate);
  const layers = form.masks.map(({ frame, file }) => ({ frame, base: file, items: shapes }));
  if (!layers.length && shapes.length) layers.push({ frame: first, base: null, items: shapes });
  return {
    frame: form.scope === "all" ? (layers[0]?.frame ?? first) : form.at,
    layers,
    whole: form.whole_frame,
    track: form.track ?? layers.length > 1,
    preset: form.preset,
    strength: form.strength,
    audio: audio.at(-1) ?? "guide",
    loop: form.settings.includes("sound.loop=true"),
    start,
    end: bound(form.end, rate),
    feather: form.feather === null ? "" : String(form.feather),
    dilate: form.dilate,
    seed: form.seed,
    method: form.method,
    heardAs: form.heard_as,
    words: "",
    settings: form.settings.filter((line) => !line.startsWith("output.audio=") && line !== "sound.loop=true").join("\n"),
  };
};
