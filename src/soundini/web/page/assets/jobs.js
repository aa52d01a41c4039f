// The edits of this visitor, as the server tells of them; every tab asks again when one has changed something.
import { get, patch, post, remove, url } from "./api.js";

export const BUSY = ["queued", "running"];
const LOOK_AGAIN = 2500;
const HERE = "soundini-shown";
const channel = new BroadcastChannel("soundini-jobs");
const listeners = [];
let stream = null;
let timer = 0;
export let jobs = [];
export let shown = sessionStorage.getItem(HERE);
const hidden = new Set(); // deleted, and still to be taken back
export const stopping = new Set();
export const mine = new Set(); // asked for in this tab, and not told of yet where they failed

export const watchJobs = (work) => listeners.push(work);
const tell = () => listeners.forEach((work) => work());
export const find = (id) => jobs.find((job) => job.id === id) ?? null;
export const current = () => find(shown);
const others = () => channel.postMessage("changed");

const take = (told) => {
  jobs = told.filter((job) => !hidden.has(job.id));
  for (const id of stopping) if (!BUSY.includes(find(id)?.state)) stopping.delete(id);
  if (!find(shown)) show(jobs.find((job) => BUSY.includes(job.state))?.id ?? jobs[0]?.id ?? null);
  listen();
  tell();
  clearTimeout(timer);
  if (jobs.some((job) => BUSY.includes(job.state))) timer = setTimeout(refresh, LOOK_AGAIN);
};
export const refresh = async () => {
  try {
    take(await get("/jobs"));
  } catch {
    clearTimeout(timer);
    timer = setTimeout(refresh, 2 * LOOK_AGAIN); // the server is away, or starts anew
  }
};
// The job that is shown tells of every step.
const listen = () => {
  const job = current();
  const wanted = job && BUSY.includes(job.state) ? job.id : null;
  if (stream?.job === wanted) return;
  stream?.events.close();
  stream = null;
  if (!wanted) return;
  const events = new EventSource(url.events(wanted));
  stream = { job: wanted, events };
  events.addEventListener("job", (event) => {
    const told = JSON.parse(event.data);
    if (!find(told.id)) return;
    jobs = jobs.map((known) => (known.id === told.id ? told : known));
    if (BUSY.includes(told.state)) tell();
    else refresh();
  });
  events.addEventListener("error", () => {
    events.close();
    stream = null;
    clearTimeout(timer);
    timer = setTimeout(refresh, 1000);
  });
};
export const show = (id) => {
  shown = id;
  if (id) sessionStorage.setItem(HERE, id);
  else sessionStorage.removeItem(HERE);
  listen();
  tell();
};

export const submit = async (form, taken) => {
  const job = await post("/jobs", form);
  jobs = [job, ...jobs];
  mine.add(job.id);
  show(job.id);
  taken();
  others();
  await refresh();
};
export const cancel = async (id) => {
  stopping.add(id);
  tell();
  await post(`/jobs/${id}/cancel`).catch(() => stopping.delete(id));
  others();
  await refresh();
};
export const resume = async (id) => {
  await post(`/jobs/${id}/resume`);
  others();
  await refresh();
};
export const rename = async (id, label) => {
  await patch(`/jobs/${id}`, { label });
  others();
  await refresh();
};
// Hides a job at once; the server deletes it when nobody has taken it back.
export const hide = (id) => {
  hidden.add(id);
  take(jobs);
  return {
    undo: () => {
      hidden.delete(id);
      return refresh();
    },
    commit: async () => {
      await remove(`/jobs/${id}`).catch(() => {});
      hidden.delete(id);
      others();
      await refresh();
    },
  };
};
channel.addEventListener("message", refresh);
addEventListener("focus", refresh);
