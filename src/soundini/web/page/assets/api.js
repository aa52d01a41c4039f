// The documented HTTP API, and nothing else.
import { language, text } from "./dom.js";

const API = "/api/v1";

export class Problem extends Error {
  constructor(words, status, field = "") {
    super(words);
    this.status = status;
    this.field = field; // of the form, that it is about
  }
}

const detail = (answer) => (typeof answer?.detail === "string" ? answer.detail : text("wrong.lost"));

const ask = async (method, path, body, signal) => {
  let answer;
  try {
    answer = await fetch(API + path, {
      method,
      signal,
      headers: { "accept-language": language, ...(body ? { "content-type": "application/json" } : {}) },
      body: body ? JSON.stringify(body) : undefined,
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(text("wrong.lost"), 0);
  }
  const told = answer.status === 204 ? null : await answer.json().catch(() => null);
  if (!answer.ok) throw new Problem(detail(told), answer.status, told?.field);
  return told;
};

export const get = (path, signal) => ask("GET", path, null, signal);
export const post = (path, body, signal) => ask("POST", path, body, signal);
export const patch = (path, body) => ask("PATCH", path, body);
export const remove = (path) => ask("DELETE", path);

export const url = {
  content: (file) => `${API}/files/${file}/content`,
  frame: (file, index, side = 1600) => `${API}/files/${file}/frames/${index}.png?side=${side}`,
  strip: (file, count, height) => `${API}/files/${file}/strip.jpg?count=${count}&height=${height}`,
  drawn: (index) => `${API}/overlays/progress/${index}.jpg`,
  preview: (job, step) => `${API}/jobs/${job}/preview.png?step=${step}`,
  video: (job) => `${API}/jobs/${job}/video?view=true`,
  source: (job) => `${API}/jobs/${job}/source?view=true`,
  download: (job) => `${API}/jobs/${job}/video?download=true`,
  recipe: (job) => `${API}/jobs/${job}/recipe`,
  thumbnail: (job) => `${API}/jobs/${job}/thumbnail.jpg?height=120`,
  events: (job) => `${API}/jobs/${job}/events`,
};

// A file goes up as the bytes that it is; `told` hears which share of it is there.
export const upload = (kind, file, label, told = () => {}) =>
  new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.upload.onprogress = (event) => told(event.loaded / event.total);
    request.onloadend = () => {
      let answer = null;
      try {
        answer = JSON.parse(request.responseText);
      } catch {
        answer = null;
      }
      if (request.status >= 200 && request.status < 300 && answer?.id) resolve(answer);
      else reject(new Problem(detail(answer), request.status));
    };
    request.open("POST", `${API}/files?${new URLSearchParams({ kind, label })}`);
    request.setRequestHeader("accept-language", language);
    request.send(file);
  });
