// The picture as it forms, laid into the frame at its place.
import { get, url } from "./api.js";
import { fieldsOf } from "./draft.js";
import { paintLayer } from "./layers.js";

const known = new Map();
export const factsOf = (file) => {
  if (!known.has(file)) known.set(file, get(`/files/${file}`).then((told) => told.facts).catch(() => null));
  return known.get(file);
};
const load = (source) =>
  new Promise((resolve) => {
    const image = new Image();
    image.onload = () => resolve(image);
    image.onerror = () => resolve(null);
    image.src = source;
  });
const frames = new Map();
const frameOf = (file, index) => {
  const address = url.frame(file, index, 960);
  if (!frames.has(address)) {
    frames.clear();
    frames.set(address, load(address));
  }
  return frames.get(address);
};

// The mask of a job at a frame, soft at its edge; null where it cannot be told and all of the box is shown.
const maskOf = async (form, facts, frame) => {
  if (form.whole_frame) return null;
  const { layers } = fieldsOf(form, facts);
  const layer = layers.filter((one) => one.frame <= frame).at(-1) ?? layers[0];
  if (!layer || (form.track && layer.frame !== frame)) return null;
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [facts.width, facts.height];
  await paintLayer(canvas, layer);
  return canvas;
};

// Draws a running job on a canvas: the frame as it is, and over it what is there of the edit.
export const drawLive = async (canvas, job) => {
  const facts = await factsOf(job.form.video);
  if (!facts) return;
  const index = job.preview_frame ?? Math.min(facts.frames - 1, job.form.at);
  const [frame, preview] = await Promise.all([frameOf(job.form.video, index), job.preview_box ? load(url.preview(job.id, job.step)) : null]);
  if (!frame) return;
  if (canvas.width !== frame.naturalWidth || canvas.height !== frame.naturalHeight) [canvas.width, canvas.height] = [frame.naturalWidth, frame.naturalHeight];
  const laid = document.createElement("canvas");
  [laid.width, laid.height] = [canvas.width, canvas.height];
  if (preview) {
    const mask = await maskOf(job.form, facts, index);
    const pen = laid.getContext("2d");
    const [left, top, wide, high] = job.preview_box;
    const place = [left * laid.width, top * laid.height, wide * laid.width, high * laid.height];
    if (mask) {
      pen.filter = `blur(${Math.round(Math.min(place[2], place[3]) / 24)}px)`;
      pen.drawImage(mask, 0, 0, laid.width, laid.height);
      pen.filter = "none";
      pen.globalCompositeOperation = "source-in";
    }
    pen.drawImage(preview, ...place);
  }
  const pen = canvas.getContext("2d");
  pen.drawImage(frame, 0, 0);
  pen.drawImage(laid, 0, 0);
};
