// The video and the sound: dropped anywhere, chosen, recorded, or taken from an example; recipes are opened the same way.
import { get, post, Problem, upload } from "./api.js";
import { change, draft, facts, fieldsOf, watch } from "./draft.js";
import { icon, ICONS, language, make, soundIcon, soundName, text } from "./dom.js";
import { setBase } from "./layers.js";
import { chooseSome } from "./loudest.js";
import { problemOf } from "./problems.js";

const ACCEPT = { video: "video/*,.mkv,.mov,.avi,.webm", sound: "audio/*,video/*", recipe: ".json,video/mp4" };

const choosers = {};
for (const kind of Object.keys(ACCEPT)) {
  choosers[kind] = make("input", { type: "file", accept: ACCEPT[kind], hidden: true, "data-kind": kind, tabindex: "-1", "aria-hidden": "true" });
  choosers[kind].addEventListener("change", () => {
    const [file] = choosers[kind].files;
    choosers[kind].value = "";
    if (file) bring(kind, file);
  });
}
const choose = (kind) => choosers[kind].click();

const pill = (kind) => {
  const name = make("span", { class: "pill-name" });
  const more = make("span", { class: "pill-facts" });
  const bar = make("progress", { max: 1, value: 0, hidden: true, "aria-label": text("drop.sending") });
  const button = make("button", { type: "button", class: "pill-main", onclick: () => choose(kind) }, icon(ICONS[kind]), make("span", { class: "pill-words" }, name, more), bar);
  const problem = problemOf(kind, [kind]);
  const actions = make("div", { class: "pill-actions" });
  const element = make("div", { class: "pill", "data-kind": kind }, button, actions, problem);
  const complain = (words) => {
    problem.textContent = words;
    problem.hidden = !words;
  };
  const busy = (share) => {
    bar.hidden = share === null;
    bar.value = share ?? 0;
    element.classList.toggle("is-busy", share !== null);
  };
  return { element, button, bar, problem, name, more, actions, complain, busy };
};
const pills = { video: pill("video"), sound: pill("sound") };
export const notice = make("p", { class: "notice", role: "status", hidden: true });
let wrong = false; // whether it says what went wrong, which the next file may mend
const say = (words, ...more) => {
  wrong = false;
  notice.replaceChildren(words, ...more);
  notice.hidden = !words;
};

const own = make("button", { type: "button", class: "small", "aria-pressed": "false", onclick: () => {
  change({ sound: { id: "self", label: text("sound.own_label") }, heardAs: "" });
  pills.sound.complain("");
} }, text("sound.own"));
const record = make("button", { type: "button", class: "small", hidden: !(navigator.mediaDevices && window.MediaRecorder) }, icon(ICONS.record));
const nameRecord = (key) => {
  record.title = text(key);
  record.setAttribute("aria-label", text(key));
};
nameRecord("sound.record");
pills.sound.actions.append(own, record);
let recorder = null;
record.addEventListener("click", async () => {
  if (recorder) return recorder.stop();
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  } catch {
    return pills.sound.complain(text("sound.no_microphone"));
  }
  const parts = [];
  recorder = new MediaRecorder(stream);
  recorder.ondataavailable = (event) => parts.push(event.data);
  recorder.onstop = () => {
    for (const heard of stream.getTracks()) heard.stop();
    const file = new File(parts, text("sound.recording"), { type: recorder.mimeType });
    recorder = null;
    nameRecord("sound.record");
    record.classList.remove("is-on");
    bring("sound", file);
  };
  recorder.start();
  nameRecord("sound.stop");
  record.classList.add("is-on");
});

// A new video keeps the sound and the settings; what was painted on the one before goes with it.
// One that is an edit itself brings back what it was made from, unless it is to be edited further.
const took = {
  video: (file, further = false) => {
    if (file.facts.has_recipe && !further) return restore(file.id, file);
    const fresh = { video: file, layers: [], whole: false, track: false, frame: 0, start: null, end: null };
    if (draft.sound?.id === "self" && !file.facts.has_sound) fresh.sound = null;
    change(fresh);
    return void chooseSome();
  },
  sound: (file) => change({ sound: { id: file.id, label: file.label }, heardAs: "" }),
};
export const bring = async (kind, file) => {
  if (kind === "recipe" || kind === "mask") return open(kind, file);
  const shown = pills[kind];
  if (wrong) say("");
  shown.complain("");
  shown.busy(0);
  try {
    const { waiting } = draft;
    await took[kind](await upload(kind, file, file.name, shown.busy));
    if (waiting && waiting === draft.waiting) await restore(waiting);
  } catch (problem) {
    shown.complain(problem.message);
  }
  return shown.busy(null);
};
const open = async (kind, file) => {
  say("");
  try {
    const stored = await upload(kind, file, file.name);
    if (kind === "mask") setBase(draft.frame, stored.id);
    else await restore(stored.id);
  } catch (problem) {
    say(problem.message);
    wrong = true;
  }
};

// Puts everything back that a recipe asks for; what is not here yet is waited for.
const restore = async (recipe, film = null) => {
  const { form, left_out: missing } = await get(`/files/${recipe}/form`);
  await restoreForm(form);
  const files = ["video", "sound", "mask"].filter((name) => missing.includes(name));
  change({ waiting: files.includes("video") || files.includes("sound") ? recipe : null });
  const settings = missing.filter((name) => !files.includes(name));
  const told = files.filter((name) => name !== "mask" || !files.includes("video")).map((name) => text(`missing.${name}`));
  if (settings.length) told.push(text("missing.settings", { names: settings.join(", ") }));
  if (!film) return say(told.join(" "));
  const further = make("button", { type: "button", class: "small", onclick: () => {
    change({ waiting: null });
    say("");
    took.video(film, true);
  } }, text("recipe.further"));
  return say([text("recipe.inside", { name: film.label }), ...told].join(" "), further);
};
export const restoreForm = async (form) => {
  const video = form.video ? await get(`/files/${form.video}`) : null;
  const sound = form.sound && form.sound !== "self" ? await get(`/files/${form.sound}`) : null;
  const fields = fieldsOf(form, video?.facts);
  change({
    ...fields,
    video: video ?? draft.video,
    sound: form.sound === "self" ? { id: "self", label: text("sound.own_label") } : sound ? { id: sound.id, label: sound.label } : draft.sound,
  });
};

// Files that the server has no more are left out.
export const lookAfter = async () => {
  for (const [kind, left] of [["video", { video: null, layers: [], frame: 0 }], ["sound", { sound: null }]]) {
    const held = draft[kind];
    if (!held || held.id === "self") continue;
    try {
      await get(`/files/${held.id}`);
    } catch (problem) {
      if (problem instanceof Problem && problem.status === 404) change(left);
    }
  }
};

const guess = (file) => {
  if (file.name.endsWith(".json")) return "recipe";
  if (file.type.startsWith("audio/")) return "sound";
  if (file.type.startsWith("image/")) return draft.video ? "mask" : null;
  return "video";
};
const aimed = (event) => event.target.closest?.("[data-kind]")?.dataset.kind ?? null;
let over = 0;
addEventListener("dragenter", () => document.body.classList.toggle("is-over", ++over > 0));
addEventListener("dragleave", () => document.body.classList.toggle("is-over", (over = Math.max(0, over - 1)) > 0));
addEventListener("dragover", (event) => event.preventDefault());
addEventListener("drop", (event) => {
  event.preventDefault();
  over = 0;
  document.body.classList.remove("is-over");
  for (const file of event.dataTransfer.files) {
    const kind = aimed(event) ?? guess(file);
    if (kind) bring(kind, file);
    else {
      say(text("drop.unknown", { name: file.name }));
      wrong = true;
    }
  }
});

// What one sees before there is a video: a place to drop one, and examples of which one click shows a picture.
const examples = make("div", { class: "examples" });
const showExamples = async (tried, announce) => {
  const there = await get("/examples").catch(() => []);
  examples.replaceChildren(...there.map(({ name }) => {
    const card = make("button", { type: "button", class: `example of-${name}`, onclick: async () => {
      card.disabled = true;
      announce("frame");
      try {
        await restoreForm(await post(`/examples/${name}`));
        tried();
      } catch (problem) {
        announce(null);
        say(problem.message);
        wrong = true;
      }
      card.disabled = false;
    } }, soundIcon(name), make("span", {}, soundName(name)));
    return card;
  }));
  examples.parentElement.hidden = !there.length;
};
const dropHere = make("button", { type: "button", class: "drop-here", onclick: () => choose("video") }, icon(ICONS.video), make("strong", {}, text("video.title")), make("span", {}, text("video.hint")));
const first = make("div", { class: "first" }, dropHere);
export const welcome = make("section", { class: "welcome", "data-kind": "video", "aria-label": text("video.title") }, first,
  make("div", { class: "try" }, make("h2", {}, text("example.title")), make("p", { class: "hint" }, text("example.hint")), examples));
export const recipeButton = make("button", { type: "button", class: "link", title: text("recipe.hint"), onclick: () => choose("recipe") }, icon(ICONS.recipe), make("span", {}, text("recipe.title")));

const show = () => {
  const known = facts();
  welcome.hidden = Boolean(known);
  pills.video.element.hidden = !known;
  (known ? pills.video.element : first).append(pills.video.problem); // also of the first video
  (known ? pills.video.button : dropHere).append(pills.video.bar);
  pills.video.name.textContent = draft.video?.label ?? text("video.title");
  pills.video.more.textContent = known
    ? text("video.facts", { width: known.width, height: known.height, seconds: known.seconds.toFixed(1), sound: text(known.has_sound ? "video.with_sound" : "video.without_sound") })
    : "";
  pills.video.button.title = text("video.other");
  pills.sound.name.textContent = draft.sound?.label ?? text("sound.title");
  pills.sound.more.textContent = draft.sound ? text("sound.other") : text("sound.hint");
  pills.sound.element.classList.toggle("is-held", Boolean(draft.sound));
  own.hidden = !known?.has_sound;
  own.setAttribute("aria-pressed", String(draft.sound?.id === "self"));
};
watch(["video", "sound"], show);
export const element = make("section", { class: "media", "aria-label": text("step_media"), lang: language }, pills.video.element, pills.sound.element, ...Object.values(choosers));
export const start = (tried, announce) => {
  show();
  showExamples(tried, announce);
};
