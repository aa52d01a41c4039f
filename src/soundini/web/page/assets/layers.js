// Painted masks as lists of strokes and shapes: drawn again on undo, and uploaded as pictures when an edit needs them.
import { upload, url } from "./api.js";
import { change, draft, facts } from "./draft.js";

export const COLOUR = "#ff5a1f";
const bases = new Map();
const files = new Map();

// The layer that a frame is edited in: its own, the only one, or the one that holds there.
export const layerAt = (frame) => {
  const before = draft.layers.filter((layer) => layer.frame <= frame);
  return before.at(-1) ?? draft.layers[0] ?? null;
};
export const isKey = (frame) => draft.layers.length > 1 && draft.layers.some((layer) => layer.frame === frame);
export const hasMask = () => draft.whole || draft.layers.some((layer) => layer.base || layer.items.some((item) => item.tool !== "eraser"));

const put = (layers) => change({ layers: layers.sort((one, other) => one.frame - other.frame) });

// Adds a stroke: to the only layer wherever one stands, else to the layer of this frame, which is made where there is none.
export const addItem = (frame, item) => {
  const held = layerAt(frame);
  const own = draft.layers.length < 2 ? held : draft.layers.find((layer) => layer.frame === frame);
  if (draft.whole) change({ whole: false });
  const grown = { frame: own?.frame ?? frame, base: held?.base ?? null, items: [...(held?.items ?? []), item] };
  put([...draft.layers.filter((layer) => layer !== own), grown]);
};
export const addKey = (frame) => {
  const held = layerAt(frame);
  if (!held || draft.layers.some((layer) => layer.frame === frame)) return;
  put([...draft.layers, { ...held, frame }]);
  change({ track: true });
};
export const dropKey = (frame) => put(draft.layers.filter((layer) => layer.frame !== frame));
export const undo = (frame) => {
  const layer = layerAt(frame);
  if (!layer) return;
  const left = { ...layer, items: layer.items.slice(0, -1) };
  const empty = !left.items.length && !left.base;
  put([...draft.layers.filter((other) => other !== layer), ...(empty ? [] : [left])]);
};
export const clear = (frame) => {
  const layer = layerAt(frame);
  change({ whole: false });
  put(draft.layers.filter((other) => other !== layer));
};
export const setBase = (frame, file) => {
  const layer = layerAt(frame);
  change({ whole: false });
  put([...draft.layers.filter((other) => other !== layer), { frame: layer?.frame ?? frame, base: file, items: [] }]);
};

// An uploaded mask as a picture in our colour: what its alpha covers, or, where it has none, what is white.
const baseOf = (file) => {
  if (!bases.has(file)) {
    bases.set(file, new Promise((resolve) => {
      const image = new Image();
      image.onload = () => {
        const canvas = document.createElement("canvas");
        [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
        const pen = canvas.getContext("2d", { willReadFrequently: true });
        pen.drawImage(image, 0, 0);
        const picture = pen.getImageData(0, 0, canvas.width, canvas.height);
        const { data } = picture;
        let opaque = true;
        for (let i = 3; i < data.length && opaque; i += 4) opaque = data[i] === 255;
        for (let i = 0; i < data.length; i += 4) {
          if (opaque) data[i + 3] = data[i];
          [data[i], data[i + 1], data[i + 2]] = [255, 90, 31];
        }
        pen.putImageData(picture, 0, 0);
        resolve(canvas);
      };
      image.onerror = () => resolve(null);
      image.src = url.content(file);
    }));
  }
  return bases.get(file);
};

const trace = (pen, item) => {
  pen.globalCompositeOperation = item.tool === "eraser" ? "destination-out" : "source-over";
  pen.fillStyle = pen.strokeStyle = COLOUR;
  const [first] = item.points;
  const last = item.points.at(-1);
  pen.beginPath();
  if (item.tool === "box") pen.rect(Math.min(first[0], last[0]), Math.min(first[1], last[1]), Math.abs(last[0] - first[0]), Math.abs(last[1] - first[1]));
  else if (item.tool === "ellipse") pen.ellipse((first[0] + last[0]) / 2, (first[1] + last[1]) / 2, Math.abs(last[0] - first[0]) / 2, Math.abs(last[1] - first[1]) / 2, 0, 0, 2 * Math.PI);
  else {
    pen.lineWidth = item.width;
    pen.lineCap = pen.lineJoin = "round";
    pen.moveTo(...first);
    for (const point of item.points) pen.lineTo(...point);
    if (item.points.length === 1) pen.lineTo(first[0] + 0.01, first[1]);
    return pen.stroke();
  }
  return pen.fill();
};

// Draws a layer, and a stroke that is not finished, on a canvas of the video's size.
export const paintLayer = async (canvas, layer, stroke = null) => {
  const base = layer?.base ? await baseOf(layer.base) : null;
  const pen = canvas.getContext("2d");
  pen.globalCompositeOperation = "source-over";
  pen.clearRect(0, 0, canvas.width, canvas.height);
  if (base) pen.drawImage(base, 0, 0, canvas.width, canvas.height);
  for (const item of layer?.items ?? []) trace(pen, item);
  if (stroke) trace(pen, stroke);
};

const fileOf = async (layer) => {
  if (layer.base && !layer.items.length) return layer.base;
  const { width, height } = facts();
  const key = JSON.stringify([draft.video.id, layer.base, layer.items]);
  if (!files.has(key)) {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [width, height];
    await paintLayer(canvas, layer);
    const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
    files.set(key, (await upload("mask", blob, `mask-${layer.frame}.png`)).id);
  }
  return files.get(key);
};

// The masks of a form; each picture is uploaded once.
export const uploadMasks = async () => {
  if (draft.whole) return [];
  const masks = [];
  for (const layer of draft.layers) masks.push({ frame: layer.frame, file: await fileOf(layer) });
  return masks;
};
