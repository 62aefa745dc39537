"use strict";
(() => {
// ---- Small things: elements, text, files -----------------------------------------------------------------------------

const $ = (id) => document.getElementById(id);
const sleep = () => new Promise((done) => requestAnimationFrame(done));

// Make an element. Text becomes text nodes and never HTML, so a hostile file name stays a name.
function el(tag, options = {}, ...children) {
  const made = document.createElement(tag);
  for (const [key, value] of Object.entries(options)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (key in made) made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

function svg(tag, options = {}, text = null) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, value] of Object.entries(options)) made.setAttribute(key, value);
  if (text !== null) made.textContent = text;
  return made;
}

// Control characters are shown as pictures of them, and marks that turn the direction of writing as a question mark.
const shown = (text) => text
  .replace(/[\u0000-\u001f]/g, (sign) => String.fromCharCode(0x2400 + sign.charCodeAt(0)))
  .replace(/[\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]|\p{Surrogate}/gu, "\ufffd");

function shorten(text, most = 48) {
  const signs = Array.from(shown(text));
  if (signs.length <= most) return signs.join("");
  const head = Math.floor((most - 1) * 0.4);
  return `${signs.slice(0, head).join("")}…${signs.slice(head + 1 - most).join("")}`;
}

const counted = (count, one) => `${count.toLocaleString("en")} ${one}${count === 1 ? "" : "s"}`;

function figure(value) {
  if (typeof value !== "number") return value === null || value === undefined ? "–" : String(value);
  if (!Number.isFinite(value)) return "–";
  if (Number.isInteger(value)) return value.toLocaleString("en");
  return Math.abs(value) >= 1000 ? Math.round(value).toLocaleString("en") : String(Number(value.toPrecision(4)));
}

let saidUntil = 0;
function say(text) {
  $("said").textContent = text;
  clearTimeout(saidUntil);
  saidUntil = setTimeout(() => { $("said").textContent = ""; }, 8000);
}

// A file name that is not UTF-8 has lone surrogates, as in Python; they are written as the bytes that they stand for.
function encoded(text) {
  const parts = text.split(/([\udc80-\udcff])/u);
  return parts.map((part, at) => (at % 2 ? Uint8Array.of(part.charCodeAt(0) & 0xff) : part));
}

function decoded(bytes) {
  const strict = new TextDecoder("utf-8", { fatal: true });
  try {
    return strict.decode(bytes);
  } catch {
    let text = "";
    for (let at = 0; at < bytes.length;) {
      const length = bytes[at] < 0x80 ? 1 : bytes[at] < 0xe0 ? 2 : bytes[at] < 0xf0 ? 3 : 4;
      try {
        text += strict.decode(bytes.subarray(at, at + length));
        at += length;
      } catch {
        text += String.fromCharCode(0xdc00 + bytes[at]);
        at += 1;
      }
    }
    return text;
  }
}

const cell = (value) => (/[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : String(value));
// A spreadsheet takes what begins so for a formula; what reads the cell takes the sign away again (data/cells.py).
const isFormula = (text) => /^(?:'|\.\/)*[=+\-@\t\r\n]/.test(text);
const safePath = (path) => (isFormula(path) ? `./${path}` : path);
const safeName = (name) => (isFormula(name) ? `'${name}` : name);
const plainCell = (text) => (/^(?:'|\.\/)+[=+\-@\t\r\n]/.test(text) ? text.replace(/^(?:'|\.\/)/, "") : text);

function save(name, rows) {
  const text = rows.map((row) => `${row.map((value) => cell(String(value))).join(",")}\r\n`).join("");
  const address = URL.createObjectURL(new Blob(encoded(text), { type: "text/csv" }));
  const link = el("a", { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}

// Read a CSV as RFC 4180 has it: rows of cells.
function readCsv(text) {
  const rows = [];
  let row = [], value = "", quoted = false;
  const endRow = () => { if (row.length || value) rows.push([...row, value]); row = []; value = ""; };
  for (let at = text.charCodeAt(0) === 0xfeff ? 1 : 0; at < text.length; at++) {
    const sign = text[at];
    if (quoted) {
      if (sign !== '"') value += sign;
      else if (text[at + 1] === '"') { value += '"'; at++; }
      else quoted = false;
    } else if (sign === '"') quoted = true;
    else if (sign === ",") { row.push(value); value = ""; }
    else if (sign === "\n") endRow();
    else if (sign !== "\r") value += sign;
  }
  endRow();
  return rows;
}

// ---- The data --------------------------------------------------------------------------------------------------------

const KINDS = { float32: Float32Array, uint32: Uint32Array, int32: Int32Array, uint16: Uint16Array, uint8: Uint8Array };

function bytesOf(base64) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(base64);
  const binary = atob(base64), bytes = new Uint8Array(binary.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = binary.charCodeAt(at);
  return bytes;
}

const array = (record) => (record ? new KINDS[record.dtype](bytesOf(record.data).buffer) : null);

const data = JSON.parse($("data").textContent);
const images = data.images;
const n = images.count;
const xy = array(images.xy);
const errors = array(images.error);
const classes = images.classes ? { names: images.classes.names, of: array(images.classes.of) } : null;
const quality = new Map(Object.entries(images.quality ?? {}).map(([name, record]) => [name, array(record)]));
const missing = new Set(images.missing ?? []);
let neighbourRows = null;
function neighbours(i) {
  if (!images.neighbours) return [];
  neighbourRows ??= array(images.neighbours.of);
  return Array.from(neighbourRows.subarray(i * images.neighbours.k, (i + 1) * images.neighbours.k));
}

// The groups that a cut of the tree leaves: which group each cluster is in, named after its lowest cluster.
function cutTree(tree, k, groups) {
  const members = Array.from({ length: k }, (_, cluster) => [cluster]);
  const alive = new Set(members.keys());
  tree.slice(0, Math.max(0, k - groups)).forEach(([a, b], step) => {
    members[k + step] = [...members[a], ...members[b]];
    alive.delete(a);
    alive.delete(b);
    alive.add(k + step);
  });
  const coarse = new Int32Array(k);
  for (const node of alive) for (const cluster of members[node]) coarse[cluster] = Math.min(...members[node]);
  return coarse;
}

// One clustering, with what a person did to it: names, and images that were moved.
class Clustering {
  constructor(record) {
    Object.assign(this, record);
    this.labels = array(record.labels);
    this.confidence = array(record.confidence);
    this.fixed = this.labels.slice();
    this.names = new Map();
    this.past = [];
    this.groups = this.k;
    this.setNames(Object.entries(record.names ?? {}));
    this.refresh();
  }

  setNames(pairs) {
    this.names = new Map(pairs.map(([cluster, name]) => [Number(cluster), name]));
  }

  // Work out the groups under the cut: the group of each image, and the images of each group, central first.
  refresh() {
    const coarse = this.tree ? cutTree(this.tree, this.k, this.groups) : null;
    this.groupOf = (cluster) => (coarse && cluster >= 0 && cluster < this.k ? coarse[cluster] : cluster);
    this.shown = this.fixed.map(this.groupOf);
    this.members = new Map();
    this.clusters = new Map();
    for (let i = 0; i < n; i++) {
      const group = this.shown[i];
      if (!this.members.has(group)) { this.members.set(group, []); this.clusters.set(group, new Set()); }
      this.members.get(group).push(i);
      this.clusters.get(group).add(this.fixed[i]);
    }
    const sure = this.confidence;
    if (sure) for (const rows of this.members.values()) rows.sort((a, b) => (sure[b] || 0) - (sure[a] || 0) || a - b);
    this.order = [...this.members.keys()].sort((a, b) => (a < 0) - (b < 0) || a - b);
  }

  clustersOf(group) {
    return [...this.clusters.get(group) ?? [group]].sort((a, b) => a - b);
  }

  nameOf(group) {
    const clusters = this.clustersOf(group);
    const names = [...new Set(clusters.map((cluster) => this.names.get(cluster)).filter(Boolean))];
    if (names.length) return names.join(" + ");
    if (group < 0) return "belongs to none";
    return clusters.length > 1 ? `clusters ${clusters.join(", ")}` : `cluster ${group}`;
  }

  keep() {
    this.past.push({ fixed: this.fixed.slice(), names: new Map(this.names) });
    if (this.past.length > 30) this.past.shift();
  }

  move(rows, cluster) {
    this.keep();
    for (const i of rows) this.fixed[i] = cluster;
  }

  // All images of both groups go to the lowest number of them; it takes the other's name where it has none.
  merge(one, other) {
    const clusters = [...this.clustersOf(one), ...this.clustersOf(other)].filter((cluster) => cluster >= 0);
    const lowest = Math.min(...clusters);
    const name = clusters.map((cluster) => this.names.get(cluster)).find(Boolean);
    this.move([...this.members.get(one), ...this.members.get(other)], lowest);
    for (const cluster of clusters) this.names.delete(cluster);
    if (name) this.names.set(lowest, name);
    return lowest;
  }

  newNumber() {
    return this.fixed.reduce((most, cluster) => Math.max(most, cluster + 1), this.k);
  }

  undo() {
    Object.assign(this, this.past.pop());
  }

  corrections() {
    const rows = [];
    for (let i = 0; i < n; i++) if (this.fixed[i] !== this.labels[i]) rows.push(i);
    return rows;
  }
}

const clusterings = (data.clusterings ?? []).map((record) => new Clustering(record));

// What is chosen, and what is shown.
const state = {
  clustering: 0, beside: -1, colour: "none", pinned: -1, selected: new Uint8Array(n), count: 0,
  visible: new Uint8Array(n).fill(1), limits: new Map(), lasso: false, picking: false, size: 1,
};
const current = () => clusterings[state.clustering] ?? null;

// ---- Thumbnails: sheets of tiles -------------------------------------------------------------------------------------

const atlas = images.atlas ?? { tile: 32, columns: 1, rows: 1, sheets: [] };
const perSheet = atlas.columns * atlas.rows;
const sheets = Array.from({ length: Math.ceil(n / perSheet) }, (_, at) => {
  const sheet = { bitmap: null, ready: null }, source = atlas.sheets[at] ?? "";
  sheet.ready = (async () => {
    await sleep(); // first the page, then its pictures
    sheet.bitmap = await createImageBitmap(new Blob([bytesOf(source.slice(source.indexOf(",") + 1))]));
    redraw();
  })().catch(() => say("Some thumbnails could not be read; their images are shown as dots."));
  return sheet;
});

function place(i) {
  const inside = i % perSheet;
  return [(inside % atlas.columns) * atlas.tile, Math.floor(inside / atlas.columns) * atlas.tile];
}

async function drawTile(canvas, i) {
  const size = canvas.width, paint = canvas.getContext("2d");
  const sheet = sheets[Math.floor(i / perSheet)];
  if (!missing.has(i)) await sheet.ready;
  paint.clearRect(0, 0, size, size);
  if (missing.has(i) || !sheet.bitmap) {
    Object.assign(paint, { strokeStyle: "#888", lineWidth: Math.max(1, size / 40) }); // a frame with a cross: gone
    paint.strokeRect(size / 8, size / 8, size * 0.75, size * 0.75);
    paint.beginPath();
    for (const at of [1 / 8, 7 / 8]) { paint.moveTo(size * at, size / 8); paint.lineTo(size * (1 - at), size * 7 / 8); }
    paint.stroke();
    return;
  }
  paint.imageSmoothingEnabled = size < atlas.tile || atlas.tile >= 48;
  paint.drawImage(sheet.bitmap, ...place(i), atlas.tile, atlas.tile, 0, 0, size, size);
}

function thumbnail(i, size = atlas.tile) {
  const canvas = el("canvas", { width: size, height: size });
  drawTile(canvas, i);
  return canvas;
}

// ---- Colours: safe for the colour-blind, on light and dark -----------------------------------------------------------

const PALETTE = ["#4477AA", "#EE6677", "#228833", "#CCBB44", "#66CCEE", "#AA3377", "#EE7733", "#009988", "#9977DD", "#997700"];
const RAMP = ["#482878", "#3e4989", "#26828e", "#35b779", "#b5de2b", "#fde725"]; // viridis, without its darkest
const GREY = [140, 140, 140];
const dark = matchMedia("(prefers-color-scheme: dark)");

const rgb = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
const css = (colour) => `rgb(${colour.join(" ")})`;
const packed = ([r, g, b]) => (255 << 24 | b << 16 | g << 8 | r) >>> 0;
const mixed = (a, b, part) => a.map((value, at) => Math.round(value + (b[at] - value) * part));

// More groups than colours: lighter, then darker ones of the same.
function groupColour(group) {
  if (group < 0) return GREY;
  const colour = rgb(PALETTE[group % PALETTE.length]), round = Math.floor(group / PALETTE.length) % 3;
  return round === 0 ? colour : mixed(colour, round === 1 ? [255, 255, 255] : [0, 0, 0], 0.4);
}

function rampColour(part) {
  const scaled = (dark.matches ? 0.12 + 0.88 * part : 0.92 * part) * (RAMP.length - 1);
  const at = Math.min(RAMP.length - 2, Math.floor(scaled));
  return mixed(rgb(RAMP[at]), rgb(RAMP[at + 1]), scaled - at);
}

// From the 2nd to the 98th percentile, so that one strange image does not make all others alike.
function spread(values) {
  const sorted = values.filter(Number.isFinite).sort();
  if (!sorted.length) return [0, 1];
  const low = sorted[Math.floor(0.02 * (sorted.length - 1))], high = sorted[Math.ceil(0.98 * (sorted.length - 1))];
  return low < high ? [low, high] : [low, low + 1];
}

function byValue(values) {
  const [low, high] = spread(values);
  const table = Uint32Array.from({ length: 256 }, (_, step) => packed(rampColour(step / 255)));
  const colours = Uint32Array.from(values, (value) =>
    (Number.isFinite(value) ? table[Math.max(0, Math.min(255, Math.round((value - low) / (high - low) * 255)))] : packed(GREY)));
  return { colours, ramp: [low, high] };
}

function byGroup(of, order, name, rows) {
  const table = new Map(order.map((group) => [group, packed(groupColour(group))]));
  return {
    colours: Uint32Array.from(of, (group) => table.get(group) ?? packed(GREY)),
    items: order.map((group) => ({ name: name(group), colour: groupColour(group), rows: () => rows(group) })),
  };
}

// The colour of each image, and what the legend says.
function coloured(kind, clustering) {
  if (kind === "cluster" && clustering) {
    return byGroup(clustering.shown, clustering.order, (group) => clustering.nameOf(group), (group) => clustering.members.get(group));
  }
  if (kind === "class" && classes) {
    const order = [...classes.names.keys(), ...(classes.of.includes(-1) ? [-1] : [])];
    const rows = (wanted) => Array.from(classes.of.keys()).filter((i) => classes.of[i] === wanted);
    return byGroup(classes.of, order, (at) => classes.names[at] ?? "no class", rows);
  }
  const values = { error: errors, confidence: clustering?.confidence }[kind] ?? quality.get(kind);
  return values ? byValue(values) : { colours: new Uint32Array(n).fill(packed(rgb(PALETTE[0]))) };
}

function colourNames() {
  const names = [];
  if (clusterings.length) names.push(["cluster", "cluster"]);
  if (classes) names.push(["class", "class"]);
  if (errors) names.push(["error", "reconstruction error"]);
  if (current()?.confidence) names.push(["confidence", "confidence"]);
  for (const name of quality.keys()) names.push([name, name]);
  return [...names, ["none", "one colour"]];
}

// ---- Two painters of the map: WebGL2, and canvas where that is missing ------------------------------------------------
// A scene is a list of images with their places: { width, height, ratio, size, thumbs, count, ids, x, y, colours, strong };
// those from `strong` on are not dimmed.

const DOTS = [`#version 300 es
  layout(location=0) in vec2 place; layout(location=1) in vec4 tint; uniform vec2 half_size; uniform float size; out vec4 colour;
  void main() { gl_Position = vec4(place.x / half_size.x - 1.0, 1.0 - place.y / half_size.y, 0, 1); gl_PointSize = size; colour = tint; }`,
`#version 300 es
  precision mediump float; in vec4 colour; out vec4 painted;
  void main() { vec2 off = gl_PointCoord - 0.5; if (dot(off, off) > 0.25) discard; painted = vec4(colour.rgb * colour.a, colour.a); }`];
const TILES = [`#version 300 es
  layout(location=0) in vec2 place; layout(location=1) in vec4 tint; layout(location=2) in vec2 tile;
  uniform vec2 half_size, sheet; uniform float size, side; out vec4 colour; out vec2 corner, uv;
  void main() {
    corner = vec2(gl_VertexID & 1, gl_VertexID >> 1);
    vec2 at = place + (corner - 0.5) * size;
    gl_Position = vec4(at.x / half_size.x - 1.0, 1.0 - at.y / half_size.y, 0, 1);
    uv = (tile + 0.5 + corner * (side - 1.0)) / sheet; colour = tint;
  }`,
`#version 300 es
  precision mediump float; precision highp sampler2D; in vec4 colour; in highp vec2 corner, uv; uniform sampler2D picture; uniform float frame;
  out vec4 painted;
  void main() {
    vec2 edge = min(corner, 1.0 - corner);
    painted = min(edge.x, edge.y) < frame ? vec4(colour.rgb, 1.0) : texture(picture, uv);
    painted *= colour.a;
  }`];

// Some browsers say only by the name of the device that no graphics card draws.
function bySoftware(gl) {
  const named = gl.getExtension("WEBGL_debug_renderer_info");
  return /swiftshader|llvmpipe|softpipe|software|basic render/i.test(gl.getParameter(named ? named.UNMASKED_RENDERER_WEBGL : gl.RENDERER));
}

class GlPainter {
  constructor(canvas) {
    // Where WebGL2 would be drawn by the processor, canvas is faster; ?webgl in the address takes it all the same.
    const failIfMajorPerformanceCaveat = !asked.has("webgl");
    this.gl = canvas.getContext("webgl2", { antialias: false, powerPreference: "low-power", failIfMajorPerformanceCaveat });
    if (!this.gl || (failIfMajorPerformanceCaveat && bySoftware(this.gl))) throw new Error("no WebGL2, or a slow one");
    this.canvas = canvas;
    this.dots = this.program(DOTS);
    this.tiles = this.program(TILES);
    this.textures = [];
    this.buffer = this.gl.createBuffer();
    this.gl.enable(this.gl.BLEND);
    this.gl.blendFunc(this.gl.ONE, this.gl.ONE_MINUS_SRC_ALPHA);
    this.room(1024);
  }

  // Five numbers an image: its place, its colour as four bytes, and where its tile begins in the sheet.
  room(count) {
    this.numbers = new Float32Array(count * 5);
    this.bytes = new Uint32Array(this.numbers.buffer);
  }

  program([vertex, fragment]) {
    const gl = this.gl, program = gl.createProgram();
    for (const [kind, text] of [[gl.VERTEX_SHADER, vertex], [gl.FRAGMENT_SHADER, fragment]]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, text);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(program));
    const uniforms = new Map();
    return { program, at: (name) => uniforms.get(name) ?? uniforms.set(name, gl.getUniformLocation(program, name)).get(name) };
  }

  // The texture of a sheet; at most one is sent a frame, so that no frame takes long.
  texture(sheet) {
    const gl = this.gl, bitmap = sheets[sheet].bitmap;
    if (this.textures[sheet] || !bitmap || this.sent) return this.textures[sheet];
    this.sent = true;
    gl.bindTexture(gl.TEXTURE_2D, this.textures[sheet] = gl.createTexture());
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, bitmap);
    for (const name of ["TEXTURE_WRAP_S", "TEXTURE_WRAP_T"]) gl.texParameteri(gl.TEXTURE_2D, gl[name], gl.CLAMP_TO_EDGE);
    for (const name of ["TEXTURE_MIN_FILTER", "TEXTURE_MAG_FILTER"]) gl.texParameteri(gl.TEXTURE_2D, gl[name], gl.LINEAR);
    return this.textures[sheet];
  }

  paint(scene) {
    const { gl, canvas } = this;
    this.sent = false;
    this.waits = false;
    gl.viewport(0, 0, canvas.width, canvas.height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    if (this.numbers.length < scene.count * 5) this.room(scene.count * 2);
    for (const [from, to] of [[0, scene.strong], [scene.strong, scene.count]]) {
      if (!scene.thumbs) this.batch(scene, this.fill(scene, from, to, null), null);
      else for (let sheet = 0; sheet < sheets.length; sheet++) this.batch(scene, this.fill(scene, from, to, sheet), sheet);
    }
    return this.waits;
  }

  fill(scene, from, to, sheet) {
    const { numbers, bytes } = this, { ids, x, y, colours, ratio } = scene;
    const dim = from < scene.strong ? 0x40ffffff : 0xffffffff;
    const first = sheet === null ? 0 : sheet * perSheet, last = sheet === null ? n : first + perSheet;
    let at = 0;
    for (let step = from; step < to; step++) {
      const i = ids[step];
      if (i < first || i >= last) continue;
      const inside = i - first;
      numbers[at] = x[step] * ratio;
      numbers[at + 1] = y[step] * ratio;
      bytes[at + 2] = colours[i] & dim;
      numbers[at + 3] = (inside % atlas.columns) * atlas.tile;
      numbers[at + 4] = Math.floor(inside / atlas.columns) * atlas.tile;
      at += 5;
    }
    return at / 5;
  }

  batch(scene, count, sheet) {
    if (!count) return;
    const gl = this.gl, texture = sheet === null ? null : this.texture(sheet);
    if (sheet !== null && !texture && sheets[sheet].bitmap) this.waits = true;
    const { program, at } = texture ? this.tiles : this.dots;
    gl.useProgram(program);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffer);
    gl.bufferData(gl.ARRAY_BUFFER, this.numbers.subarray(0, count * 5), gl.STREAM_DRAW);
    [[2, gl.FLOAT, false, 0], [4, gl.UNSIGNED_BYTE, true, 8], [2, gl.FLOAT, false, 12]].forEach(([size, kind, scaled, offset], where) => {
      gl.enableVertexAttribArray(where);
      gl.vertexAttribPointer(where, size, kind, scaled, 20, offset);
      gl.vertexAttribDivisor(where, texture ? 1 : 0);
    });
    gl.uniform2f(at("half_size"), this.canvas.width / 2, this.canvas.height / 2);
    gl.uniform1f(at("size"), Math.min(scene.size, texture ? Infinity : 11) * scene.ratio);
    if (!texture) return gl.drawArrays(gl.POINTS, 0, count);
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.uniform2f(at("sheet"), sheets[sheet].bitmap.width, sheets[sheet].bitmap.height);
    gl.uniform1f(at("side"), atlas.tile);
    gl.uniform1f(at("frame"), frameWidth(scene.size) / scene.size);
    return gl.drawArraysInstanced(gl.TRIANGLE_STRIP, 0, 4, count);
  }
}

// A sheet with tiles of about half their size, as pixels.
const SMALL = atlas.tile > 20 ? Math.ceil(atlas.tile / 2) : atlas.tile;
function smallSheet(at) {
  const { bitmap } = sheets[at];
  if (!bitmap || sheets[at].small) return sheets[at].small;
  const width = bitmap.width / atlas.tile * SMALL, height = bitmap.height / atlas.tile * SMALL;
  const paint = el("canvas", { width, height }).getContext("2d", { willReadFrequently: true });
  paint.imageSmoothingQuality = "medium";
  paint.drawImage(bitmap, 0, 0, width, height);
  sheets[at].small = { width, pixels: new Uint32Array(paint.getImageData(0, 0, width, height).data.buffer) };
  return sheets[at].small;
}

const frameWidth = (size) => (size < 20 ? 1 : size < 40 ? 1.5 : 2.5);

class CanvasPainter {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d", { willReadFrequently: true }); // drawn by the processor, where the pixels are
  }

  paint(scene) {
    if (!scene.thumbs) this.squares(scene, Math.min(scene.size, 11), true);
    else if (Math.round(scene.size * scene.ratio) <= 1.5 * SMALL) this.squares(scene, scene.size, false);
    else this.thumbs(scene);
    return false;
  }

  // Dots and small thumbnails are written as pixels: thousands of calls of drawImage, a frame, would take too long.
  squares({ ids, x, y, colours, count, strong, ratio }, size, round) {
    const { width, height } = this.canvas, side = Math.max(1, Math.round(size * ratio));
    if (this.pixels?.width !== width || this.pixels?.height !== height) this.pixels = new ImageData(width, height);
    const pixels = new Uint32Array(this.pixels.data.buffer).fill(0);
    const middle = (side - 1) / 2, frame = Math.round(frameWidth(size) * ratio);
    const spans = Array.from({ length: side }, (_, line) => (round ? Math.round(middle - Math.sqrt((side / 2) ** 2 - (line - middle) ** 2)) : 0));
    const source = Int32Array.from({ length: side }, (_, at) => (at < frame || at >= side - frame ? -1 : Math.floor((at + 0.5) / side * SMALL)));
    for (let step = 0; step < count; step++) {
      const i = ids[step], shade = step < strong ? 0x40ffffff : 0xffffffff, colour = (colours[i] & shade) >>> 0;
      const left = Math.round(x[step] * ratio - side / 2), top = Math.round(y[step] * ratio - side / 2);
      const inside = i % perSheet, small = round ? null : smallSheet((i - inside) / perSheet);
      const corner = small ? (Math.floor(inside / atlas.columns) * small.width + inside % atlas.columns) * SMALL : 0;
      for (let line = Math.max(0, -top); line < side && top + line < height; line++) {
        const start = (top + line) * width + left, row = small ? source[line] : -1;
        const to = Math.min(side - spans[line], width - left);
        for (let at = Math.max(spans[line], -left); at < to; at++) {
          if (row < 0 || source[at] < 0) pixels[start + at] = colour;
          else {
            const found = small.pixels[corner + row * small.width + source[at]];
            if (found >>> 31) pixels[start + at] = found & shade;
          }
        }
      }
    }
    this.context.putImageData(this.pixels, 0, 0);
  }

  thumbs({ ids, x, y, colours, count, strong, size, ratio }) {
    const paint = this.context, side = size * ratio, frame = frameWidth(size) * ratio, t = atlas.tile;
    paint.clearRect(0, 0, this.canvas.width, this.canvas.height);
    const names = new Map();
    for (let step = 0; step < count; step++) {
      const i = ids[step], colour = colours[i], inside = i % perSheet, sheet = sheets[(i - inside) / perSheet];
      if (step === 0 || step === strong) paint.globalAlpha = step < strong ? 0.25 : 1;
      if (!names.has(colour)) names.set(colour, `rgb(${colour & 255} ${colour >> 8 & 255} ${colour >> 16 & 255})`);
      const left = Math.round(x[step] * ratio - side / 2), top = Math.round(y[step] * ratio - side / 2);
      paint.fillStyle = names.get(colour);
      paint.fillRect(left, top, side, side);
      if (!sheet.bitmap) continue;
      const column = inside % atlas.columns;
      paint.drawImage(sheet.bitmap, column * t, (inside - column) / atlas.columns * t, t, t,
        left + frame, top + frame, side - 2 * frame, side - 2 * frame);
    }
    paint.globalAlpha = 1;
  }
}

// ---- The map: what is in view, the pointer, the keys -----------------------------------------------------------------

const SMALLEST = 3, LARGEST = 96, THUMBS_FROM = 12, CLOSEST = Math.max(20, 4 * Math.sqrt(n));
const box = { left: Infinity, right: -Infinity, low: Infinity, high: -Infinity }; // around all images
for (let i = 0; xy && i < n; i++) {
  box.left = Math.min(box.left, xy[2 * i]);
  box.right = Math.max(box.right, xy[2 * i]);
  box.low = Math.min(box.low, xy[2 * i + 1]);
  box.high = Math.max(box.high, xy[2 * i + 1]);
}
const HOME = { x: (box.left + box.right) / 2, y: (box.low + box.high) / 2, zoom: 1 };
const view = { ...HOME }; // its middle, and how much it is enlarged
const maps = [];
const asked = new URLSearchParams(location.search);
const redraw = () => maps.forEach((map) => map.soon());

class ImageMap {
  constructor(holder, clustering) {
    this.holder = holder;
    this.clustering = clustering;
    this.colours = new Uint32Array(n);
    this.over = el("canvas", { className: "over", tabIndex: 0 });
    this.over.setAttribute("role", "application");
    this.over.setAttribute("aria-label", "Map of images. Arrows move, plus and minus zoom, Enter pins the image in the middle.");
    this.label = el("span", { className: "name" });
    holder.append(this.over, this.label);
    this.newPainter(asked.has("canvas"));
    this.ids = new Uint32Array(n);
    this.x = new Float32Array(n);
    this.y = new Float32Array(n);
    this.count = 0;
    this.pointers = new Map();
    this.path = [];
    this.listen();
    new ResizeObserver(() => this.soon()).observe(holder);
  }

  newPainter(plain) {
    this.canvas?.remove();
    const start = (Painter) => { this.canvas = el("canvas"); this.painter = new Painter(this.canvas); };
    try {
      start(plain ? CanvasPainter : GlPainter);
    } catch {
      start(CanvasPainter);
    }
    this.canvas.addEventListener("webglcontextlost", () => { this.newPainter(true); this.soon(); });
    this.holder.prepend(this.canvas);
    this.holder.dataset.painter = this.painter instanceof GlPainter ? "webgl2" : "canvas";
  }

  soon() {
    if (this.waits || this.holder.hidden) return;
    this.waits = true;
    requestAnimationFrame(() => { this.waits = false; this.draw(); });
  }

  recolour() {
    const made = coloured(state.colour, this.clustering());
    this.colours = made.colours;
    this.soon();
    return made;
  }

  px(i) { return (xy[2 * i] - view.x) * this.sx + this.width / 2; }
  py(i) { return (view.y - xy[2 * i + 1]) * this.sy + this.height / 2; }

  // Pixels a unit, across and up: all images fill the map, stretched by half at most, for distances should still be seen.
  scale() {
    const fitted = [0.9 * this.width / (box.right - box.left || 1), 0.86 * this.height / (box.high - box.low || 1)];
    const most = 1.5 * Math.min(...fitted);
    [this.sx, this.sy] = fitted.map((value) => Math.min(value, most) * view.zoom);
  }

  draw() {
    this.width = this.holder.clientWidth;
    this.height = this.holder.clientHeight;
    if (!this.width || !this.height) return;
    this.scale();
    const ratio = Math.min(2, devicePixelRatio || 1);
    for (const canvas of [this.canvas, this.over]) {
      const width = Math.round(this.width * ratio), height = Math.round(this.height * ratio);
      if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    }
    const natural = 0.9 * Math.sqrt(this.width * this.height / n) * view.zoom ** 0.75 * state.size;
    this.size = Math.max(SMALLEST, Math.min(LARGEST, natural));
    this.thumbs = this.size >= THUMBS_FROM;
    const strong = this.collect();
    const { width, height, size, thumbs, count, ids, x, y, colours } = this;
    if (this.painter.paint({ width, height, ratio, size, thumbs, count, ids, x, y, colours, strong })) this.soon();
    this.drawOver(ratio);
    Object.assign(this.holder.dataset, { size: size.toFixed(1), drawn: count, zoom: view.zoom.toFixed(3) });
  }

  // Gather the images in view: those that are not selected first, so that the others lie above them.
  collect() {
    this.count = 0;
    if (!state.count) { this.gather(-1); return 0; }
    this.gather(0);
    const strong = this.count;
    this.gather(1);
    return strong;
  }

  gather(wanted) {
    const { width, height, sx, sy, ids, x, y } = this, { visible, selected } = state, half = this.size / 2;
    const ox = width / 2 - view.x * sx, oy = height / 2 + view.y * sy;
    let count = this.count;
    for (let i = 0; i < n; i++) {
      if (!visible[i] || (wanted >= 0 && selected[i] !== wanted)) continue;
      const px = xy[2 * i] * sx + ox, py = oy - xy[2 * i + 1] * sy;
      if (px < -half || py < -half || px > width + half || py > height + half) continue;
      ids[count] = i;
      x[count] = px;
      y[count] = py;
      count++;
    }
    this.count = count;
  }

  drawOver(ratio) {
    const busy = state.pinned >= 0 || this.hovered >= 0 || this.path.length > 0 || this.over.matches(":focus-visible");
    if (!busy && !this.marked) return;
    this.marked = busy;
    const paint = this.over.getContext("2d"), ink = getComputedStyle(this.holder).color;
    paint.setTransform(ratio, 0, 0, ratio, 0, 0);
    paint.clearRect(0, 0, this.width, this.height);
    Object.assign(paint, { strokeStyle: ink, fillStyle: ink, lineWidth: 2 });
    const ring = (i, size) => paint.strokeRect(this.px(i) - size / 2, this.py(i) - size / 2, size, size);
    const mark = this.size + 4;
    if (state.pinned >= 0) {
      paint.globalAlpha = 0.5;
      paint.lineWidth = 1;
      paint.beginPath();
      for (const other of neighbours(state.pinned)) {
        paint.moveTo(this.px(state.pinned), this.py(state.pinned));
        paint.lineTo(this.px(other), this.py(other));
      }
      paint.stroke();
      for (const other of neighbours(state.pinned)) ring(other, mark);
      paint.globalAlpha = 1;
      paint.lineWidth = 3;
      ring(state.pinned, mark + 2);
    }
    if (this.hovered >= 0) { paint.lineWidth = 2; ring(this.hovered, mark); }
    if (this.path.length) {
      paint.beginPath();
      this.path.forEach(([px, py]) => paint.lineTo(px, py));
      paint.closePath();
      paint.globalAlpha = 0.12;
      paint.fill();
      paint.globalAlpha = 1;
      paint.setLineDash([6, 4]);
      paint.stroke();
      paint.setLineDash([]);
    }
    if (this.over.matches(":focus-visible")) {
      const [cx, cy] = [this.width / 2, this.height / 2];
      paint.beginPath();
      for (const [dx, dy] of [[9, 0], [0, 9]]) { paint.moveTo(cx - dx, cy - dy); paint.lineTo(cx + dx, cy + dy); }
      paint.stroke();
    }
  }

  // The image at a place: the topmost thumbnail that covers it, or else the nearest within a few pixels.
  at(px, py, reach = 8) {
    if (this.thumbs) {
      for (let step = this.count - 1; step >= 0; step--) {
        if (Math.max(Math.abs(this.x[step] - px), Math.abs(this.y[step] - py)) <= this.size / 2) return this.ids[step];
      }
    }
    let best = -1, least = reach * reach;
    for (let step = 0; step < this.count; step++) {
      const distance = (this.x[step] - px) ** 2 + (this.y[step] - py) ** 2;
      if (distance <= least) { least = distance; best = this.ids[step]; }
    }
    return best;
  }

  zoomBy(factor, px = this.width / 2, py = this.height / 2) {
    const before = view.zoom;
    view.zoom = Math.max(0.5, Math.min(CLOSEST, before * factor));
    const shift = 1 - before / view.zoom; // what lies under the pointer stays there
    view.x += (px - this.width / 2) / this.sx * shift;
    view.y -= (py - this.height / 2) / this.sy * shift;
    this.moved();
  }

  panBy(dx, dy) {
    view.x -= dx / this.sx;
    view.y += dy / this.sy;
    this.moved();
  }

  moved() {
    view.x = Math.max(box.left, Math.min(box.right, view.x));
    view.y = Math.max(box.low, Math.min(box.high, view.y));
    maps.forEach((map) => map.scale());
    redraw();
  }

  hover(i, px, py) {
    if (i === this.hovered) return;
    this.hovered = i;
    this.tip?.remove();
    this.tip = null;
    if (i >= 0) {
      this.tip = el("div", { className: "hover" }, thumbnail(i, Math.max(160, atlas.tile)),
        el("div", {}, shorten(images.paths[i])), el("div", { className: "note" }, groupText(i)));
      this.tip.style.left = `${Math.max(4, px + 190 > this.width ? px - 190 : px + 14)}px`;
      this.tip.style.top = `${Math.max(4, Math.min(py + 14, this.height - 250))}px`;
      this.holder.append(this.tip);
    }
    this.soon();
  }

  listen() {
    const over = this.over;
    const where = (event) => [event.offsetX, event.offsetY];
    over.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.hover(-1);
      this.zoomBy(Math.exp(-Math.max(-120, Math.min(120, event.deltaY * (event.deltaMode ? 30 : 1))) / 300), ...where(event));
    }, { passive: false });
    over.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      try { over.setPointerCapture(event.pointerId); } catch { /* a pointer that a script made */ }
      this.pointers.set(event.pointerId, where(event));
      this.hover(-1);
      this.start = this.pointers.size === 1 ? where(event) : null;
      this.drawing = this.start && (state.lasso || event.shiftKey);
      this.path = this.drawing ? [where(event)] : [];
    });
    over.addEventListener("pointermove", (event) => this.pointerMoved(event, where(event)));
    over.addEventListener("pointerup", (event) => this.pointerUp(event, where(event)));
    over.addEventListener("pointercancel", (event) => { this.pointers.delete(event.pointerId); this.path = []; this.start = null; this.soon(); });
    over.addEventListener("pointerleave", () => this.hover(-1));
    over.addEventListener("keydown", (event) => this.key(event));
    for (const name of ["focus", "blur"]) over.addEventListener(name, () => this.soon());
  }

  pointerMoved(event, [px, py]) {
    const before = this.pointers.get(event.pointerId);
    if (!before) {
      if (event.pointerType !== "touch") this.hover(this.at(px, py), px, py);
      return;
    }
    this.pointers.set(event.pointerId, [px, py]);
    if (this.pointers.size === 2) {
      const [other] = [...this.pointers].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
      const distance = ([x, y]) => Math.hypot(x - other[0], y - other[1]) || 1;
      this.zoomBy(distance([px, py]) / distance(before), (px + other[0]) / 2, (py + other[1]) / 2);
      this.panBy((px - before[0]) / 2, (py - before[1]) / 2);
    } else if (this.drawing) {
      this.path.push([px, py]);
      this.soon();
    } else if (!this.start || Math.hypot(px - this.start[0], py - this.start[1]) > 4) {
      this.start = null;
      this.panBy(px - before[0], py - before[1]);
    }
  }

  pointerUp(event, [px, py]) {
    if (!this.pointers.delete(event.pointerId)) return;
    const path = this.path;
    this.path = [];
    if (this.drawing && path.length > 2) select(this.inside(path), event.ctrlKey || event.metaKey);
    else if (this.start) {
      const i = this.at(px, py, event.pointerType === "touch" ? 16 : 8);
      if (i >= 0 && (state.picking || event.ctrlKey || event.metaKey)) toggle(i);
      else pin(i);
    }
    this.drawing = false;
    this.start = null;
    this.soon();
  }

  // The images in view that lie within a polygon: a ray to the right crosses its edges an odd number of times.
  inside(path) {
    const rows = [];
    for (let step = 0; step < this.count; step++) {
      const px = this.x[step], py = this.y[step];
      let odd = false;
      for (let a = 0, b = path.length - 1; a < path.length; b = a++) {
        const [ax, ay] = path[a], [bx, by] = path[b];
        if ((ay > py) !== (by > py) && px < (bx - ax) * (py - ay) / (by - ay) + ax) odd = !odd;
      }
      if (odd) rows.push(this.ids[step]);
    }
    return rows;
  }

  key(event) {
    const step = 60;
    const keys = {
      ArrowLeft: () => this.panBy(step, 0), ArrowRight: () => this.panBy(-step, 0), ArrowUp: () => this.panBy(0, step),
      ArrowDown: () => this.panBy(0, -step), "+": () => this.zoomBy(1.4), "=": () => this.zoomBy(1.4), "-": () => this.zoomBy(1 / 1.4),
      0: fit, Enter: () => pin(this.at(this.width / 2, this.height / 2, 80)), " ": () => pin(this.at(this.width / 2, this.height / 2, 80)),
      Escape: () => { if (state.pinned >= 0) pin(-1); else select([]); },
    };
    if (!keys[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    keys[event.key]();
  }
}

function fit() {
  Object.assign(view, HOME);
  redraw();
}

function centre(i) {
  if (!maps.length) return;
  const map = maps[0], [px, py] = [map.px(i), map.py(i)];
  if (px < 20 || py < 20 || px > map.width - 20 || py > map.height - 20) Object.assign(view, { x: xy[2 * i], y: xy[2 * i + 1] });
  redraw();
}

// ---- Choosing: pinned, selected, found, filtered ---------------------------------------------------------------------

function groupText(i) {
  const words = [];
  if (current()) words.push(current().nameOf(current().shown[i]));
  if (classes) words.push(classes.names[classes.of[i]] ?? "no class");
  return shorten(words.join(" · "), 60);
}

function marks() {
  for (const tile of document.querySelectorAll(".tile")) {
    const i = Number(tile.dataset.row);
    tile.classList.toggle("selected", Boolean(state.selected[i]));
    tile.setAttribute("aria-pressed", String(Boolean(state.selected[i])));
    tile.classList.toggle("pinned", i === state.pinned);
  }
}

function select(rows, add = false) {
  if (!add) state.selected.fill(0);
  for (const i of rows) state.selected[i] = 1;
  chosen();
}

function toggle(i) {
  state.selected[i] ^= 1;
  chosen();
}

function selection() {
  const rows = [];
  for (let i = 0; i < n; i++) if (state.selected[i]) rows.push(i);
  return rows;
}

function chosen() {
  state.count = state.selected.reduce((sum, value) => sum + value, 0);
  showSelection();
  for (const button of document.querySelectorAll(".needs-selection")) button.disabled = !state.count;
  marks();
  redraw();
}

function pin(i) {
  state.pinned = i;
  showPinned();
  marks();
  redraw();
}

// A gallery: buttons with thumbnails, some hundreds at once, in which the arrows move.
const PAGE = 200;
function gallery(rows, label, first = PAGE) {
  const holder = el("div"), tiles = el("div", { className: "gallery" });
  tiles.setAttribute("role", "group");
  tiles.setAttribute("aria-label", label);
  const more = el("button", { className: "more", onclick: () => add(PAGE) });
  let from = 0;
  const add = (count) => {
    const until = Math.min(rows.length, from + count);
    for (; from < until; from++) tiles.append(tile(rows[from], from === 0));
    more.textContent = `More (${(rows.length - from).toLocaleString("en")} left)`;
    more.hidden = from >= rows.length;
  };
  add(first);
  tiles.addEventListener("keydown", galleryKey);
  holder.append(tiles, more);
  return holder;
}

function tile(i, reachable) {
  const made = el("button", { className: "tile", tabIndex: reachable ? 0 : -1, title: shorten(images.paths[i], 120) }, thumbnail(i));
  made.dataset.row = i;
  made.setAttribute("aria-label", `${shorten(images.paths[i], 80)}${current() ? `, ${groupText(i)}` : ""}`);
  made.setAttribute("aria-pressed", String(Boolean(state.selected[i])));
  made.classList.toggle("selected", Boolean(state.selected[i]));
  made.classList.toggle("pinned", i === state.pinned);
  made.addEventListener("click", (event) => {
    if (state.picking || event.ctrlKey || event.metaKey || event.shiftKey) return toggle(i);
    pin(i);
    return centre(i);
  });
  return made;
}

function galleryKey(event) {
  const tiles = [...event.currentTarget.children], at = tiles.indexOf(event.target.closest(".tile"));
  if (at < 0) return;
  const top = tiles[at].offsetTop;
  const across = Math.max(1, tiles.filter((other) => other.offsetTop === top).length);
  const steps = { ArrowRight: at + 1, ArrowLeft: at - 1, ArrowDown: at + across, ArrowUp: at - across, Home: 0, End: tiles.length - 1 };
  if (event.key === "s" && !event.ctrlKey && !event.metaKey) return toggle(Number(tiles[at].dataset.row));
  if (!(event.key in steps)) return undefined;
  event.preventDefault();
  const next = tiles[Math.max(0, Math.min(tiles.length - 1, steps[event.key]))];
  tiles[at].tabIndex = -1;
  next.tabIndex = 0;
  return next.focus();
}

function openSide() {
  $("side").classList.add("open");
}

function showPinned() {
  const within = $("pinned").contains(document.activeElement); // then the focus stays there
  $("pinned").classList.toggle("none", state.pinned < 0);
  const i = state.pinned, body = $("pinned").querySelector(".body"), path = $("pinned").querySelector(".path");
  body.replaceChildren();
  path.textContent = i < 0 ? "" : shorten(images.paths[i], 60);
  path.title = i < 0 ? "" : shown(images.paths[i]);
  if (i < 0) {
    body.append(el("p", { className: "note" }, "Click an image, on the map or in a gallery, and it stays here with the twelve that are nearest to it."));
    return;
  }
  const facts = el("dl"), fact = (name, value) => facts.append(el("dt", {}, name), el("dd", {}, value));
  if (current()) {
    fact("cluster", current().nameOf(current().shown[i]));
    if (current().confidence) fact("confidence", figure(current().confidence[i]));
  }
  if (classes) fact("class", classes.names[classes.of[i]] ?? "none");
  if (errors) fact("error", figure(errors[i]));
  for (const [name, values] of quality) fact(name, figure(values[i]));
  const large = thumbnail(i, 240);
  large.className = "large";
  large.setAttribute("role", "img");
  large.setAttribute("aria-label", shown(images.paths[i]));
  const buttons = el("div", { className: "bar" },
    el("button", { onclick: () => toggle(i) }, "Select"),
    current() ? el("button", { onclick: () => exclude([i]) }, "Does not belong") : null,
    el("button", { onclick: () => pin(-1) }, "Let go"));
  body.append(large, facts, buttons);
  if (images.neighbours) body.append(el("h3", {}, "Nearest"), gallery(neighbours(i), "Nearest images"));
  if (within) $("pinned").querySelector(".tile")?.focus({ preventScroll: true });
  openSide();
}

function showSelection() {
  const rows = selection(), body = $("selection").querySelector(".body");
  $("selection").hidden = !rows.length;
  body.replaceChildren();
  if (!rows.length) return;
  const clustering = current();
  const bar = el("div", { className: "bar" },
    el("button", { id: "save-selection", onclick: () => saveSelection(rows) }, "Save selection.csv"),
    el("button", { onclick: () => select([]) }, "Clear"));
  if (clustering) {
    bar.append(
      el("button", { id: "split", onclick: () => split(rows) }, "Split off as a cluster"),
      el("button", { id: "none", onclick: () => exclude(rows) }, "Does not belong"),
      chooser("Move to…", "Move", clustering.order.filter((group) => group >= 0),
        (group) => correct((one) => one.move(rows, one.clustersOf(group)[0]), "Moved.")));
  }
  body.append(el("p", {}, counted(rows.length, "image")), bar, gallery(rows, "Selected images"));
  openSide();
}

function saveSelection(rows) {
  save("selection.csv", [["path"], ...rows.map((i) => [safePath(images.paths[i])])]);
}

function exclude(rows) {
  correct((clustering) => clustering.move(rows, -1), `${counted(rows.length, "image")} marked as belonging to none.`);
}

function split(rows) {
  const number = current().newNumber();
  correct((clustering) => clustering.move(rows, number), `${counted(rows.length, "image")} split off as cluster ${number}.`);
}

// A list of groups and a button that does something with the chosen one: by keys alone a list chooses what it passes.
function chooser(label, verb, groups, chose) {
  const options = groups.map((group) => el("option", { value: group }, shorten(current().nameOf(group), 40)));
  const list = el("select", {}, el("option", { value: "" }, label), ...options);
  list.setAttribute("aria-label", label);
  const button = el("button", { disabled: true, onclick: () => chose(Number(list.value)) }, verb);
  list.addEventListener("change", () => { button.disabled = list.value === ""; });
  return el("span", { className: "chooser" }, list, button);
}

const lowered = { paths: null };
function search(text) {
  const wanted = text.trim().toLowerCase(), body = $("found").querySelector(".body");
  $("found").hidden = !wanted;
  body.replaceChildren();
  if (!wanted) return [];
  lowered.paths ??= images.paths.map((path) => path.toLowerCase());
  const rows = [];
  lowered.paths.forEach((path, i) => { if (path.includes(wanted)) rows.push(i); });
  body.append(el("p", {}, `${counted(rows.length, "image")} with “${shorten(text, 30)}” in the path`),
    rows.length ? el("button", { onclick: () => select(rows) }, "Select them") : "", gallery(rows, "Found images", 60));
  openSide();
  return rows;
}

function applyFilters() {
  state.visible.fill(1);
  for (const { values, low, high } of state.limits.values()) {
    for (let i = 0; i < n; i++) if (values[i] < low || values[i] > high) state.visible[i] = 0;
  }
  const count = state.visible.reduce((sum, value) => sum + value, 0);
  $("filtered").textContent = count < n ? `(${count.toLocaleString("en")} of ${n.toLocaleString("en")} shown)` : "";
  redraw();
}

function slider(name, values) {
  const finite = values.filter(Number.isFinite).sort(), [least, most] = [finite[0], finite[finite.length - 1]];
  if (!(least < most)) return null;
  const text = el("span");
  const make = (label, value) => {
    const made = el("input", { type: "range", min: 0, max: 1000, value });
    made.setAttribute("aria-label", `${name}, ${label}`);
    made.addEventListener("input", changed);
    return made;
  };
  // The steps are ranks, so that a few extreme values do not leave all others within one step.
  const at = (step) => finite[Math.round(step / 1000 * (finite.length - 1))];
  const low = make("at least", 0), high = make("at most", 1000);
  function changed() {
    const limits = { values, low: at(Math.min(low.value, high.value)), high: at(Math.max(low.value, high.value)) };
    text.textContent = `: ${figure(limits.low)} to ${figure(limits.high)}`;
    if (limits.low <= least && limits.high >= most) state.limits.delete(name);
    else state.limits.set(name, limits);
    applyFilters();
  }
  text.textContent = `: ${figure(least)} to ${figure(most)}`;
  return el("fieldset", { className: "slider" }, el("legend", {}, name, text), low, high);
}

function showFilters() {
  state.limits.clear();
  const size = el("input", { type: "range", min: -100, max: 200, value: Math.round(100 * Math.log2(state.size)) });
  size.setAttribute("aria-label", "Size of the images on the map");
  size.addEventListener("input", () => { state.size = 2 ** (size.value / 100); redraw(); });
  const rows = [...quality];
  if (current()?.confidence) rows.unshift(["confidence", current().confidence]);
  $("sliders").replaceChildren(el("fieldset", { className: "slider" }, el("legend", {}, "size on the map"), size),
    ...rows.map(([name, values]) => slider(name, values)).filter(Boolean));
  $("filters-reset").hidden = !rows.length;
  applyFilters();
}

// ---- Clusters: galleries, names, corrections, the tree ---------------------------------------------------------------

// Change the clustering, and show, keep and say it.
function correct(change, text) {
  change(current());
  changed();
  say(text);
}

function changed() {
  const clustering = current();
  clustering.refresh();
  remember(clustering);
  showClusters();
  showSelection();
  showPinned();
  recolour();
  showMoved();
}

function recolour() {
  const [made] = maps.map((map) => map.recolour());
  if (made) showLegend(made);
}

function showLegend({ items, ramp }) {
  const legend = $("legend");
  legend.replaceChildren();
  if (ramp) {
    const strip = el("span", { className: "ramp" });
    strip.style.background = `linear-gradient(to right, ${[0, 0.25, 0.5, 0.75, 1].map((part) => css(rampColour(part))).join(", ")})`;
    legend.append(figure(ramp[0]), strip, figure(ramp[1]));
  }
  for (const { name, colour, rows } of items ?? []) {
    const swatch = el("span", { className: "swatch" });
    swatch.style.background = css(colour);
    const onclick = (event) => select(rows(), event.ctrlKey || event.metaKey);
    legend.append(el("button", { title: "Select these images", onclick }, swatch, shorten(name, 32)));
  }
}

const opened = new Map(), lengths = new Map();
function showClusters() {
  const clustering = current(), focused = document.activeElement?.closest(".group")?.dataset.group;
  for (const one of document.querySelectorAll(".group[open]")) lengths.set(Number(one.dataset.group), one.querySelectorAll(".tile").length);
  $("groups").replaceChildren(...clustering.order.map((group, at) => groupPart(clustering, group, at)));
  if (focused) $("groups").querySelector(`[data-group="${focused}"] summary`)?.focus({ preventScroll: true });
  const count = clustering.corrections().length;
  $("corrected").textContent = count ? `${counted(count, "image")} corrected` : "";
  $("undo").disabled = !clustering.past.length;
  $("cut").hidden = !clustering.tree?.length;
  if (clustering.tree?.length) {
    Object.assign($("cut-slider"), { max: clustering.k, value: clustering.groups });
    $("cut-text").textContent = `${clustering.groups} of ${counted(clustering.k, "group")}`;
    $("tree").replaceChildren(drawTree(clustering));
  }
}

function groupPart(clustering, group, at) {
  const rows = clustering.members.get(group), swatch = el("span", { className: "swatch" });
  swatch.style.background = css(groupColour(group));
  const sure = clustering.confidence ? rows.reduce((sum, i) => sum + (clustering.confidence[i] || 0), 0) / rows.length : null;
  const part = el("details", { className: "group", open: opened.get(group) ?? at < 8 },
    el("summary", {}, swatch, el("span", {}, shorten(clustering.nameOf(group), 60)),
      el("span", { className: "count" }, `${counted(rows.length, "image")}${sure === null ? "" : `, mean confidence ${figure(Number(sure.toFixed(2)))}`}`)));
  part.dataset.group = group;
  const fill = () => {
    if (!part.open || part.querySelector(".bar")) return;
    const label = `Images of ${clustering.nameOf(group)}, central first`;
    part.append(groupBar(clustering, group, rows), gallery(rows, label, Math.max(32, lengths.get(group) ?? 0)));
  };
  part.addEventListener("toggle", () => { opened.set(group, part.open); fill(); });
  fill();
  return part;
}

function groupBar(clustering, group, rows) {
  const bar = el("div", { className: "bar" });
  const value = clustering.clustersOf(group).some((one) => clustering.names.get(one)) ? clustering.nameOf(group) : "";
  const name = el("input", { type: "text", value, placeholder: "name", maxLength: 60, spellcheck: false, autocomplete: "off" });
  name.setAttribute("aria-label", `Name of ${clustering.nameOf(group)}`);
  name.addEventListener("change", () => {
    const fault = nameFault(name.value.trim());
    if (fault) return say(fault);
    return correct((one) => {
      one.keep();
      for (const cluster of one.clustersOf(group)) {
        if (name.value.trim()) one.names.set(cluster, name.value.trim());
        else one.names.delete(cluster);
      }
    }, "Named.");
  });
  const inside = () => selection().filter((i) => clustering.shown[i] === group);
  const withThem = (text, work) => el("button", { className: "needs-selection", disabled: !state.count, onclick: () => {
    const chosenHere = inside();
    if (chosenHere.length) work(chosenHere);
    else say("None of the selected images is in this group.");
  } }, text);
  bar.append(el("button", { onclick: () => select(rows) }, "Select all"));
  if (group < 0) return bar;
  bar.prepend(el("label", {}, "Name ", name));
  bar.append(
    chooser("Merge with…", "Merge", clustering.order.filter((other) => other >= 0 && other !== group),
      (other) => correct((one) => one.merge(group, other), "Merged.")),
    withThem("Split off selection", split),
    withThem("Does not belong", exclude));
  return bar;
}

// A name becomes a folder; what no folder can be called is refused here already, by the rules of --names.
function nameFault(name) {
  if (/[/\\]/.test(name)) return "A name must have no slash, for it becomes a folder.";
  if (/\p{Cc}|\p{Cs}/u.test(name)) return "A name must have no control characters.";
  return /^\.|\.$|^\s|\s$/.test(name) ? "A name must not begin with a dot or blank, nor end with one." : "";
}

function cut(groups) {
  const clustering = current();
  clustering.groups = groups;
  clustering.refresh();
  showClusters();
  recolour();
  showMoved();
}

// The tree, leaves to the left; the dashed line is where it is cut.
function drawTree(clustering) {
  const { tree, k } = clustering, step = 18, width = 620, left = 150, top = tree[tree.length - 1][2] || 1;
  const children = (node) => (node < k ? [node] : [...children(tree[node - k][0]), ...children(tree[node - k][1])]);
  const leaves = children(k + tree.length - 1), y = new Map(leaves.map((leaf, at) => [leaf, at * step + 14]));
  const x = (node) => (node < k ? left : left + tree[node - k][2] / top * (width - left - 20));
  const made = svg("svg", { width, height: k * step + 10, viewBox: `0 0 ${width} ${k * step + 10}`, role: "img", "aria-label": "Tree of clusters" });
  tree.forEach(([a, b], at) => {
    const node = k + at;
    y.set(node, (y.get(a) + y.get(b)) / 2);
    made.append(svg("path", { class: "branch", d: `M${x(a)} ${y.get(a)}H${x(node)}V${y.get(b)}H${x(b)}` }));
  });
  for (const leaf of leaves) {
    made.append(svg("text", { x: left - 24, y: y.get(leaf) + 4, "text-anchor": "end" }, shorten(clustering.names.get(leaf) ?? `cluster ${leaf}`, 20)));
    made.append(svg("rect", { x: left - 18, y: y.get(leaf) - 6, width: 12, height: 12, rx: 3, fill: css(groupColour(clustering.groupOf(leaf))) }));
  }
  const merges = k - clustering.groups, height = (at) => (at < 0 ? 0 : at >= tree.length ? top : tree[at][2]);
  const line = left + (height(merges - 1) + height(merges)) / 2 / top * (width - left - 20);
  made.append(svg("line", { class: "mark", x1: line, x2: line, y1: 0, y2: k * step + 10 }));
  return made;
}

function saveNames() {
  const clustering = current();
  const rows = [...clustering.names].filter(([, name]) => name).sort(([a], [b]) => a - b);
  if (!rows.length) return say("No cluster has a name yet: type one above its gallery.");
  return save("names.csv", [["cluster", "name"], ...rows.map(([cluster, name]) => [cluster, safeName(name)])]);
}

function saveCorrections() {
  const clustering = current(), rows = clustering.corrections();
  if (!rows.length) return say("Nothing was corrected yet: merge, split off, or mark what does not belong.");
  const lines = rows.map((i) => [clustering.fingerprint, safePath(images.paths[i]), clustering.fixed[i]]);
  return save("corrections.csv", [["clustering", "path", "cluster"], ...lines]);
}

async function load(file) {
  const [head, ...rows] = readCsv(decoded(new Uint8Array(await file.arrayBuffer()))).map((row) => row.map(plainCell));
  const column = (name) => (head ?? []).indexOf(name);
  const [cluster, name, path, of] = ["cluster", "name", "path", "clustering"].map(column);
  if (cluster >= 0 && path >= 0 && of >= 0) return loadCorrections(rows.map((row) => [row[of], row[path] ?? "", row[cluster] ?? ""]));
  if (cluster >= 0 && name >= 0) return loadNames(rows.map((row) => [row[cluster], row[name] ?? ""]));
  return say(`${file.name} was not loaded: it must have the columns cluster and name, or clustering, path and cluster.`);
}

function loadNames(rows) {
  const clustering = current();
  const bad = rows.find(([cluster, name]) => !/^-?\d+$/.test(cluster) || nameFault(name));
  if (bad) return say(`The names were not loaded: “${shorten(bad.join(","), 40)}” is no number of a cluster with a name.`);
  return correct((one) => { one.keep(); one.setNames(rows.filter(([, given]) => given)); }, `${counted(rows.length, "name")} loaded for ${clustering.name}.`);
}

function loadCorrections(rows) {
  const prints = [...new Set(rows.map(([print]) => print))];
  const at = clusterings.findIndex((clustering) => prints.length === 1 && clustering.fingerprint === prints[0]);
  if (at < 0) return say(`The corrections were not loaded: they are of another clustering (${prints.join(", ") || "none named"}), not of one in this report.`);
  const byPath = rowsByPath();
  const moves = rows.map(([, path, cluster]) => [byPath.get(path) ?? byPath.get(path.replace(/^\.\//, "")), Number(cluster), path, cluster]);
  const bad = moves.find(([i, cluster, , text]) => i === undefined || text === "" || !Number.isInteger(cluster) || cluster < -1);
  if (bad) return say(`The corrections were not loaded: “${shorten(bad[2], 40)}” with cluster “${shorten(bad[3], 12)}” is no image and `
    + "cluster of this report.");
  if (at !== state.clustering) choose(at);
  return correct((clustering) => {
    clustering.keep();
    clustering.fixed = clustering.labels.slice();
    for (const [i, cluster] of moves) clustering.fixed[i] = cluster;
  }, `${counted(moves.length, "correction")} loaded.`);
}

// What a person did is kept by the browser where it can; the files are what counts. Images are kept by their paths, since
// another page of the same clustering may have fewer of them, and other rows.
function remember(clustering) {
  try {
    const moved = clustering.corrections().map((i) => [images.paths[i], clustering.fixed[i]]);
    localStorage.setItem(clustering.fingerprint, JSON.stringify({ names: [...clustering.names], moved }));
  } catch { /* no room, or not allowed */ }
}

let rowOf = null;
function rowsByPath() {
  return rowOf ??= new Map(images.paths.map((path, i) => [path, i]));
}

function recall(clustering) {
  try {
    const kept = JSON.parse(localStorage.getItem(clustering.fingerprint));
    if (!kept) return;
    clustering.setNames(kept.names);
    for (const [path, cluster] of kept.moved) {
      if (rowsByPath().has(path)) clustering.fixed[rowsByPath().get(path)] = cluster;
    }
    clustering.refresh();
  } catch { /* nothing kept */ }
}

// ---- Two clusterings: who moved --------------------------------------------------------------------------------------

// Pair each group with the one that shares the most images with it, largest first; who is in no pair has moved.
function moves(one, other) {
  const cells = new Map();
  for (let i = 0; i < n; i++) {
    const key = `${one.shown[i]} ${other.shown[i]}`;
    if (!cells.has(key)) cells.set(key, { from: one.shown[i], to: other.shown[i], rows: [] });
    cells.get(key).rows.push(i);
  }
  const sorted = [...cells.values()].sort((a, b) => b.rows.length - a.rows.length);
  const taken = [new Set(), new Set()];
  for (const entry of sorted) {
    entry.same = !taken[0].has(entry.from) && !taken[1].has(entry.to);
    if (entry.same) { taken[0].add(entry.from); taken[1].add(entry.to); }
  }
  return sorted;
}

function showMoved() {
  const [one, other] = [current(), clusterings[state.beside]];
  $("compare").hidden = !other;
  if (!other) return;
  const all = moves(one, other), gone = all.filter((entry) => !entry.same), rows = gone.flatMap((entry) => entry.rows);
  $("moved-text").replaceChildren(`${one.name} and ${other.name} put ${counted(n - rows.length, "image")} alike; ${counted(rows.length, "image")} moved. `,
    el("button", { id: "select-moved", disabled: !rows.length, onclick: () => select(rows) }, "Select who moved"));
  const line = (entry) => el("tr", {}, el("td", {}, shorten(one.nameOf(entry.from), 30)), el("td", {}, shorten(other.nameOf(entry.to), 30)),
    el("td", { className: "number" }, entry.rows.length.toLocaleString("en")), el("td", {}, entry.same ? "alike" : "moved"),
    el("td", {}, el("button", { onclick: () => select(entry.rows) }, "Select")));
  $("moved").replaceChildren(el("thead", {}, el("tr", {}, ...[`in ${one.name}`, `in ${other.name}`, "images", "", ""].map((text) => el("th", {}, text)))),
    el("tbody", {}, ...[...gone.slice(0, 60), ...all.filter((entry) => entry.same)].map(line)));
}

function choose(at) {
  state.clustering = at;
  $("clustering").value = String(at);
  opened.clear();
  $("groups").replaceChildren();
  lengths.clear();
  if (state.beside === at) beside(-1);
  $("map-one").querySelector(".name").textContent = state.beside >= 0 ? current().name : "";
  showFilters();
  showClusters();
  showPinned();
  showSelection();
  recolour();
  showMoved();
}

function beside(at) {
  state.beside = at;
  $("beside").value = String(at);
  $("map-two").hidden = at < 0;
  if (at >= 0 && maps.length === 1) maps.push(new ImageMap($("map-two"), () => clusterings[state.beside]));
  if (at >= 0) maps[1].label.textContent = clusterings[at].name;
  maps[0].label.textContent = at >= 0 ? current().name : "";
  recolour();
  showMoved();
}

// ---- The other parts: each fills its section, or leaves it hidden where there is nothing -----------------------------

function part(id, ...children) {
  $(id).hidden = false;
  $(id).querySelector(".body").append(...children);
}

function showHead() {
  $("title").textContent = shown(data.title);
  $("sentences").append(...data.sentences.map((text) => el("p", {}, shown(text))));
  $("warnings").append(...(data.warnings ?? []).map((text) => el("li", {}, shown(text))));
  $("warnings").hidden = !data.warnings?.length;
  $("footer").textContent = shown([data.program, data.command, images.root].filter(Boolean).join(" · "));
}

function showDuplicates() {
  const groups = data.duplicates ?? [];
  if (!groups.length) return;
  const list = el("div"), more = el("button", { className: "more", onclick: () => add() });
  let from = 0;
  const add = () => {
    for (const rows of groups.slice(from, from += 40)) list.append(el("div", { className: "pair" }, gallery(rows, "Near-duplicates", 40)));
    more.textContent = `More (${counted(groups.length - from, "group")} left)`;
    more.hidden = from >= groups.length;
  };
  add();
  part("duplicates", el("p", { className: "note" }, `${counted(groups.length, "group")}, largest first. `,
    el("button", { onclick: () => select(groups.flatMap((rows) => rows.slice(1))) }, "Select all but the first of each")), list, more);
}

function showWorst() {
  for (const { row, error, original, reconstruction } of data.worst ?? []) {
    part("worst", el("button", { className: "worst", title: shown(images.paths[row]), onclick: () => { pin(row); centre(row); } },
      el("img", { src: original, alt: "original", decoding: "async" }), el("img", { src: reconstruction, alt: "reconstruction", decoding: "async" }),
      el("span", {}, `${shorten(images.paths[row], 40)}: ${figure(error)}`)));
  }
}

// Curves over the epochs; a scale of logarithms where they span more than a factor of 20.
function curves({ epoch, columns, best_epoch: best }) {
  const [width, height, left, bottom] = [640, 300, 64, 34];
  const values = Object.values(columns).flat().filter((value) => Number.isFinite(value));
  const low = Math.min(...values), high = Math.max(...values), log = low > 0 && high / low > 20;
  const scale = log ? Math.log : (value) => value, span = scale(high) - scale(low) || 1, epochs = epoch[epoch.length - 1] - epoch[0] || 1;
  const x = (value) => left + (value - epoch[0]) / epochs * (width - left - 16);
  const y = (value) => 12 + (scale(high) - scale(value)) / span * (height - bottom - 24);
  const label = `Curves of ${Object.keys(columns).join(", ")} over ${counted(epoch.length, "epoch")}`;
  const made = svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label });
  made.append(svg("path", { class: "axis", d: `M${left} 8V${height - bottom}H${width - 10}` }));
  for (const step of [0, 0.25, 0.5, 0.75, 1]) {
    const value = log ? Math.exp(scale(low) + step * span) : low + step * span;
    made.append(svg("text", { x: left - 6, y: y(value) + 4, "text-anchor": "end" }, figure(Number(value.toPrecision(3)))));
  }
  for (const at of new Set([epoch[0], best, epoch[epoch.length - 1]].filter((value) => value !== undefined && value !== null))) {
    made.append(svg("text", { x: x(at), y: height - bottom + 16, "text-anchor": "middle" }, String(at)));
  }
  made.append(svg("text", { x: (left + width) / 2, y: height - 2, "text-anchor": "middle" }, "epoch"));
  if (best !== undefined && best !== null) made.append(svg("line", { class: "mark", x1: x(best), x2: x(best), y1: 8, y2: height - bottom }));
  const legend = el("figcaption", {});
  Object.entries(columns).forEach(([name, column], at) => {
    const points = column.map((value, row) => (Number.isFinite(value) ? `${x(epoch[row]).toFixed(1)},${y(value).toFixed(1)}` : null)).filter(Boolean);
    const colour = css(groupColour(at));
    if (points.length === 1) made.append(svg("circle", { cx: points[0].split(",")[0], cy: points[0].split(",")[1], r: 3, fill: colour }));
    made.append(svg("polyline", { class: "line", stroke: colour, points: points.join(" ") }));
    const swatch = el("span", { className: "swatch" });
    swatch.style.background = colour;
    legend.append(swatch, ` ${name}  `);
  });
  if (best !== undefined && best !== null) legend.append(`dashed: the best epoch, ${best}`);
  return el("figure", {}, made, legend);
}

// Losses share one picture, and every other column has its own, for they have other units.
function showTraining() {
  const history = data.history;
  if (!history?.epoch?.length) return;
  const families = new Map();
  for (const [name, column] of Object.entries(history.columns)) {
    if (!column.some(Number.isFinite)) continue;
    const family = name.replace(/^val_/, "");
    families.set(family, { ...families.get(family), [name]: column });
  }
  const drawn = [...families].map(([name, columns]) => [name, curves({ ...history, columns })]);
  const rest = drawn.filter(([name]) => name !== "loss").map(([, picture]) => picture);
  part("training", ...drawn.filter(([name]) => name === "loss").map(([, picture]) => picture));
  if (rest.length) part("training", el("details", {}, el("summary", {}, "Other curves"), el("div", { className: "figures" }, ...rest)));
}

function strip(caption, sources, alt) {
  return el("div", { className: "strip" }, ...(caption ? [el("span", { className: "from" }, caption)] : []),
    ...sources.map((src, at) => el("img", { src, alt: `${alt}, step ${at + 1} of ${sources.length}`, decoding: "async" })));
}

function showDecoded() {
  for (const { title, alt, src } of data.pictures ?? []) {
    part("pictures", el("figure", {}, el("img", { src, alt: alt ?? title, decoding: "async" }), el("figcaption", {}, title)));
  }
  const walk = data.walk;
  if (walk?.steps?.length) {
    const [from, to] = [walk.from, walk.to].map((i) => shorten(images.paths[i] ?? ""));
    part("walk", strip("", walk.steps, "decoded"), el("p", { className: "note" }, `From ${from} to ${to}.`),
      gallery([walk.from, walk.to], "The two images"));
  }
  for (const { number, low, high, steps } of data.numbers ?? []) {
    part("numbers", strip(`${number}: ${figure(low)} to ${figure(high)}`, steps, `number ${number}`));
  }
}

function table(rows, head = null) {
  const body = el("tbody", {}, ...rows.map((row) => el("tr", {}, ...row.map((value) => el("td", {}, shown(figure(value)))))));
  return el("div", { className: "scroll" }, el("table", {}, ...(head ? [el("thead", {}, el("tr", {}, ...head.map((text) => el("th", {}, text))))] : []), body));
}

function showFacts() {
  const folded = (title, entries) => {
    if (entries.length) part("facts", el("details", {}, el("summary", {}, title), table(entries)));
  };
  folded("Scores of the network", Object.entries(data.scores ?? {}));
  for (const clustering of clusterings) folded(`Scores of ${clustering.name}`, Object.entries(clustering.scores ?? {}));
  for (const [section, fields] of Object.entries(data.settings ?? {})) folded(`Settings: ${section}`, Object.entries(fields));
  const left = data.left_out;
  if (left?.count) {
    const files = left.files ?? [], text = files.length < left.count ? ` The first ${files.length} of them:` : "";
    part("left-out", el("p", {}, `${counted(left.count, "file")} could not be used.${text}`),
      el("details", { open: files.length <= 20 }, el("summary", {}, "Files and reasons"),
        table(files.map(({ path, reason }) => [shorten(path, 70), reason]), ["file", "reason"])));
  }
}

function showNav() {
  for (const section of document.querySelectorAll("main > section:not([hidden])")) {
    if (section.id !== "compare") $("nav").append(el("a", { href: `#${section.id}` }, section.querySelector("h2").textContent));
  }
}

// ---- Start -----------------------------------------------------------------------------------------------------------

function pressed(id, key, more = () => {}) {
  $(id).addEventListener("click", () => {
    state[key] = !state[key];
    $(id).setAttribute("aria-pressed", String(state[key]));
    more(state[key]);
  });
}

function startMap() {
  $("map").hidden = false;
  maps.push(new ImageMap($("map-one"), current));
  $("clustering").append(...clusterings.map(({ name }, at) => el("option", { value: at }, name)));
  $("clustering").parentElement.hidden = !clusterings.length;
  $("beside").append(el("option", { value: -1 }, "none"), ...clusterings.map(({ name }, at) => el("option", { value: at }, name)));
  $("beside-label").hidden = clusterings.length < 2;
  $("colour").append(...colourNames().map(([value, name]) => el("option", { value }, name)));
  state.colour = $("colour").value;
  $("clustering").addEventListener("change", (event) => choose(Number(event.target.value)));
  $("colour").addEventListener("change", (event) => { state.colour = event.target.value; recolour(); });
  $("beside").addEventListener("change", (event) => {
    const at = Number(event.target.value);
    beside(at === state.clustering ? -1 : at);
  });
  $("zoom-in").addEventListener("click", () => maps[0].zoomBy(1.6));
  $("zoom-out").addEventListener("click", () => maps[0].zoomBy(1 / 1.6));
  $("zoom-fit").addEventListener("click", fit);
  pressed("lasso", "lasso", (on) => maps.forEach((map) => map.over.classList.toggle("drawing", on)));
  $("filters-reset").addEventListener("click", showFilters);
  let waiting = 0;
  $("search").addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(() => search($("search").value), 120); });
  $("search").addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    clearTimeout(waiting);
    const [first] = search($("search").value);
    if (first === undefined) return;
    pin(first);
    centre(first);
  });
  dark.addEventListener("change", recolour);
  showFilters();
  recolour();
}

function startClusters() {
  $("clusters").hidden = false;
  $("save-names").addEventListener("click", saveNames);
  $("save-corrections").addEventListener("click", saveCorrections);
  $("load").addEventListener("change", async () => {
    for (const file of [...$("load").files]) await load(file);
    $("load").value = "";
  });
  $("undo").addEventListener("click", () => correct((clustering) => clustering.undo(), "Undone."));
  pressed("picking", "picking");
  $("cut-slider").addEventListener("input", (event) => cut(Number(event.target.value)));
  showClusters();
}

showHead();
clusterings.forEach(recall);
if (n && xy) startMap();
if (n && clusterings.length) startClusters();
if (data.outliers?.length) part("outliers", gallery(data.outliers, "Outliers, strangest first", 60));
showDuplicates();
showWorst();
showTraining();
showDecoded();
showFacts();
showPinned();
$("side").hidden = !n;
$("side").classList.remove("open");
$("side-close").addEventListener("click", () => $("side").classList.remove("open"));
showNav();
// When the page could be used, and when it had all its pictures: milliseconds since it was asked for.
const since = (name) => { document.documentElement.dataset[name] = Math.round(performance.now()); };
since("ready");
Promise.all(sheets.map((sheet) => sheet.ready)).then(sleep).then(() => since("pictures"));
})();
