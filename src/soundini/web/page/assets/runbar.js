// One press from here to a picture; the price stands on the button before anybody pays it.
import { post } from "./api.js";
import { draft, facts, formOf, partSeconds, watch } from "./draft.js";
import { debounce, duration, make, text } from "./dom.js";
import { hasMask, uploadMasks } from "./layers.js";
import { jobs, submit, watchJobs } from "./jobs.js";
import { complain as complainOf } from "./problems.js";
import { announce } from "./result.js";

const MODELS_LOAD = 3000; // milliseconds after which a server that begins may know more
const price = make("span", { class: "price" });
const length = make("span", {}, text("run.all"));
const problem = make("p", { class: "problem", role: "alert", hidden: true });
const button = (name, look, ...inside) => make("button", { type: "button", class: look, onclick: () => run(name) }, ...inside);
const buttons = [
  button("frame", "", make("span", {}, text("run.frame"))),
  button("eight", "", make("span", {}, text("run.eight"))),
  button("all", "strong", length, price),
];
export const element = make("section", { class: "runbar", "aria-label": text("run.title") }, problem, make("div", { class: "runs" }, ...buttons));

const complain = (words) => {
  problem.textContent = words;
  problem.hidden = !words;
};
const missing = () => {
  if (!draft.video) return ["video", text("need.video")];
  if (!draft.sound) return ["sound", text("need.sound")];
  if (!hasMask()) return ["masks", text("need.mask")];
  const bad = draft.settings.split("\n").find((line) => line.trim() && !line.includes("="));
  return bad ? ["settings", text("need.settings", { line: bad })] : null;
};
// What is wrong is told beside its field; here only where it is about none.
const refuse = (field, words) => complainOf(field, words) || complain(words);
export const run = async (scope) => {
  const lacks = missing();
  if (lacks) {
    announce(null);
    return refuse(...lacks);
  }
  complain("");
  for (const one of buttons) one.disabled = true;
  announce(scope);
  try {
    await submit(formOf(scope, await uploadMasks()), () => announce(null));
  } catch (error) {
    announce(null);
    refuse(error.field, error.message);
  }
  for (const one of buttons) one.disabled = false;
  return undefined;
};

let asking = null;
const ask = debounce(async () => {
  asking?.abort();
  price.textContent = "";
  if (!facts()) return;
  asking = new AbortController();
  try {
    const told = await post("/price", { ...formOf("all", []), whole_frame: true }, asking.signal);
    if (told.seconds !== null) price.textContent = duration(told.seconds);
    else setTimeout(ask, MODELS_LOAD);
  } catch {
    price.textContent = ""; // what is wrong is told where it is asked for
  }
}, 250);
let done = 0;
watchJobs(() => {
  const now = jobs.filter((job) => job.state === "done").length;
  if (now !== done) ask(); // what was just measured tells more
  done = now;
});
watch(["video", "start", "end", "preset", "settings", "method"], () => {
  length.textContent = facts() ? text("run.all_of", { seconds: partSeconds().toFixed(1) }) : text("run.all");
  ask();
});
watch(null, () => complain(""));
export const start = () => {
  length.textContent = facts() ? text("run.all_of", { seconds: partSeconds().toFixed(1) }) : text("run.all");
  ask();
};
