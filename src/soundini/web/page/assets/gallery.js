// All edits as pictures, the newest first: open one, call it something else, take it home, or delete it and think again.
import { url } from "./api.js";
import { icon, ICONS, language, make, text } from "./dom.js";
import { BUSY, cancel, hide, jobs, rename, show, shown, stopping, watchJobs } from "./jobs.js";
import { factsOf } from "./live.js";

const SECONDS_TO_THINK = 7;
const list = make("ul", { class: "jobs" });
const none = make("p", { class: "hint" }, text("jobs.none"));
const toast = make("div", { class: "toast", role: "status", hidden: true });
export const toasts = toast;
export const element = make("section", { class: "panel gallery", "aria-label": text("step_jobs") }, make("h2", {}, text("step_jobs")), none, list);
const cards = new Map();
const clock = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", day: "numeric", month: "short" });

const part = (job, facts) => {
  if (job.scope !== "all") return text(`scope.${job.scope}`);
  const bound = (told, other) => (told === null ? other : told.endsWith("s") ? Number(told.slice(0, -1)) : facts ? Number(told) / facts.frame_rate : 0);
  if (!facts) return "";
  const [start, end] = [bound(job.form.start, 0), bound(job.form.end, facts.seconds)];
  return text("scope.part", { from: start.toFixed(1), to: end.toFixed(1) });
};
const remove = (job) => {
  const taken = hide(job.id);
  const timer = setTimeout(() => {
    toast.hidden = true;
    taken.commit();
  }, 1000 * SECONDS_TO_THINK);
  const undo = make("button", { type: "button", class: "link", onclick: () => {
    clearTimeout(timer);
    toast.hidden = true;
    taken.undo();
  } }, text("action.undo"));
  toast.replaceChildren(text("jobs.deleted", { name: job.label }), undo);
  toast.hidden = false;
};
const card = (id) => {
  const picture = make("img", { alt: "", hidden: true });
  const badge = make("span", { class: "badge" });
  const name = make("span", { class: "job-name" });
  const facts = make("span", { class: "job-facts" });
  const open = make("button", { type: "button", class: "job-open", onclick: () => show(id) }, make("span", { class: "thumb" }, picture, badge), make("span", { class: "job-words" }, name, facts));
  const field = make("input", { type: "text", class: "job-field", maxlength: "120", hidden: true, "aria-label": text("jobs.name") });
  const close = (keep) => {
    if (field.hidden) return;
    field.hidden = true;
    open.hidden = false;
    if (keep && field.value.trim()) rename(id, field.value.trim());
  };
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === "Escape") close(event.key === "Enter");
  });
  field.addEventListener("blur", () => close(true));
  const tool = (key, path, work) => make("button", { type: "button", class: "tool", title: text(key), "aria-label": text(key), onclick: work }, icon(path));
  const edit = tool("jobs.rename", ICONS.rename, () => {
    field.value = name.textContent;
    field.hidden = false;
    field.select();
  });
  const stop = tool("action.cancel", ICONS.close, () => cancel(id));
  const drop = tool("action.delete", ICONS.clear, () => remove(jobs.find((job) => job.id === id)));
  const element = make("li", { class: "job", "data-job": id }, open, field, make("div", { class: "job-tools" }, stop, edit, drop));
  return { element, picture, badge, name, facts, open, stop, drop };
};
const fill = async (shownCard, job) => {
  const busy = BUSY.includes(job.state);
  shownCard.name.textContent = job.label;
  shownCard.badge.textContent = stopping.has(job.id) ? text("job.stopping") : text(`state.${job.state}`);
  shownCard.badge.className = `badge is-${job.state}`;
  shownCard.badge.hidden = job.state === "done";
  shownCard.element.dataset.state = job.state;
  shownCard.open.setAttribute("aria-current", String(job.id === shown));
  shownCard.stop.hidden = !busy; // the first of the row, so that no other moves under the pointer
  shownCard.stop.disabled = stopping.has(job.id);
  shownCard.drop.disabled = busy;
  const wanted = job.state === "done" ? url.thumbnail(job.id) : url.frame(job.form.video, job.form.at, 160);
  if (shownCard.picture.getAttribute("src") !== wanted) {
    shownCard.picture.onload = () => (shownCard.picture.hidden = false);
    shownCard.picture.onerror = () => (shownCard.picture.hidden = true);
    shownCard.picture.src = wanted;
  }
  const facts = await factsOf(job.form.video);
  const told = [part(job, facts), `× ${job.form.strength}`, text("jobs.seed", { seed: job.form.seed }), clock.format(new Date(job.created))];
  shownCard.facts.textContent = told.filter(Boolean).join(" · ");
};
watchJobs(() => {
  none.hidden = jobs.length > 0;
  for (const [id, { element: gone }] of cards) {
    if (jobs.some((job) => job.id === id)) continue;
    gone.remove();
    cards.delete(id);
  }
  jobs.forEach((job, place) => {
    if (!cards.has(job.id)) cards.set(job.id, card(job.id));
    const shownCard = cards.get(job.id);
    if (list.children[place] !== shownCard.element) list.insertBefore(shownCard.element, list.children[place] ?? null);
    fill(shownCard, job);
  });
});
