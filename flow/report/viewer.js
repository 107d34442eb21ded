// The layout viewer of the report: unpacks the stream of `geometry.py`, keeps each layer's boxes on
// the graphics card sorted by size and tile, and draws only what the view can show.
"use strict";

const TILES = 24; // the chip is cut into TILES x TILES tiles; a view draws the tiles it meets
const SIZES = [
  // longest side of a box in nm from which a class starts, pixels per um from which it is drawn
  { from: 8000, zoom: 0 },
  { from: 1200, zoom: 1.5 },
  { from: 0, zoom: 5 },
];
const CELL_ZOOM = 6; // pixels per um up to which cells are drawn as boxes

async function inflate(base64) {
  const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Cells of the stream: {boxes: one Int32Array [n * 4] per layer, references: [...]} each. */
function unpack(bytes) {
  let at = 0;
  const next = () => {
    let value = 0, factor = 1, byte;
    do {
      byte = bytes[at++];
      value += (byte & 127) * factor;
      factor *= 128;
    } while (byte & 128);
    return value;
  };
  const signed = () => {
    const value = next();
    return value % 2 ? -(value + 1) / 2 : value / 2;
  };
  const layers = next(), count = next(), cells = [];
  for (let c = 0; c < count; c++) {
    const boxes = [];
    for (let l = 0; l < layers; l++) {
      const n = next(), array = new Int32Array(n * 4);
      let x = 0, y = 0;
      for (let k = 0; k < n; k++) {
        x += signed();
        y += signed();
        array.set([x, y, x + next(), y + next()], 4 * k);
      }
      boxes.push(array);
    }
    const references = [];
    for (let n = next(); n > 0; n--) {
      const reference = { cell: next(), x: signed(), y: signed(), turn: next(), na: next(), nb: next() };
      reference.pitch = [signed(), signed(), signed(), signed()];
      references.push(reference);
    }
    cells.push({ boxes, references });
  }
  return { layers, cells };
}

const TURNS = [
  [1, 0, 0, 1], [0, -1, 1, 0], [-1, 0, 0, -1], [0, 1, -1, 0],
  [1, 0, 0, -1], [0, 1, 1, 0], [-1, 0, 0, 1], [0, -1, -1, 0],
]; // KLayout's orientation codes as matrices

/** All boxes of one layer under the top cell, as [n * 4] nm. */
function flatten(cells, layer) {
  const counts = [];
  for (const cell of cells) {
    let count = cell.boxes[layer].length / 4;
    for (const r of cell.references) count += counts[r.cell] * r.na * r.nb;
    counts.push(count);
  }
  const out = new Float32Array(4 * counts[cells.length - 1]);
  let at = 0;
  const draw = (index, [a, b, c, d], x, y) => {
    if (!counts[index]) return;
    const boxes = cells[index].boxes[layer];
    for (let k = 0; k < boxes.length; k += 4) {
      const x0 = a * boxes[k] + b * boxes[k + 1] + x, y0 = c * boxes[k] + d * boxes[k + 1] + y;
      const x1 = a * boxes[k + 2] + b * boxes[k + 3] + x, y1 = c * boxes[k + 2] + d * boxes[k + 3] + y;
      out[at++] = Math.min(x0, x1);
      out[at++] = Math.min(y0, y1);
      out[at++] = Math.max(x0, x1);
      out[at++] = Math.max(y0, y1);
    }
    for (const r of cells[index].references) {
      const [e, f, g, h] = TURNS[r.turn];
      const turn = [a * e + b * g, a * f + b * h, c * e + d * g, c * f + d * h];
      for (let i = 0; i < r.na; i++) {
        for (let j = 0; j < r.nb; j++) {
          const u = r.x + i * r.pitch[0] + j * r.pitch[2], v = r.y + i * r.pitch[1] + j * r.pitch[3];
          draw(r.cell, turn, a * u + b * v + x, c * u + d * v + y);
        }
      }
    }
  };
  draw(cells.length - 1, TURNS[0], 0, 0);
  return out;
}

/** Boxes sorted by size class and tile: {boxes, start: first box of each class and tile}. */
function sortIntoTiles(boxes, die) {
  const n = boxes.length / 4, bins = SIZES.length * TILES * TILES, bin = new Uint16Array(n);
  const start = new Uint32Array(bins + 1);
  const tile = (v, low, high) =>
    Math.max(0, Math.min(TILES - 1, Math.floor(((v - low) / (high - low)) * TILES)));
  for (let k = 0; k < n; k++) {
    const [x0, y0, x1, y1] = boxes.subarray(4 * k, 4 * k + 4);
    const size = SIZES.findIndex((s) => Math.max(x1 - x0, y1 - y0) >= s.from);
    const row = tile((y0 + y1) / 2, die[1], die[3]), column = tile((x0 + x1) / 2, die[0], die[2]);
    bin[k] = size * TILES * TILES + row * TILES + column;
    start[bin[k] + 1]++;
  }
  for (let b = 0; b < bins; b++) start[b + 1] += start[b];
  const next = start.slice(0, bins), sorted = new Float32Array(4 * n);
  for (let k = 0; k < n; k++) sorted.set(boxes.subarray(4 * k, 4 * k + 4), 4 * next[bin[k]]++);
  return { boxes: sorted, start };
}

const VERTEX = `#version 300 es
layout(location = 0) in vec4 box;
uniform vec2 origin;    // nm at the lower left of the canvas
uniform vec2 scale;     // clip units per nm
uniform vec2 pixel;     // clip units per pixel
void main() {
  vec2 low = (box.xy - origin) * scale - 1.0, high = (box.zw - origin) * scale - 1.0;
  high = max(high, low + pixel);
  gl_Position = vec4(gl_VertexID % 2 == 0 ? low.x : high.x, gl_VertexID < 2 ? low.y : high.y, 0, 1);
}`;
const FRAGMENT = `#version 300 es
precision mediump float;
uniform vec4 colour;
out vec4 result;
void main() { result = vec4(colour.rgb * colour.a, colour.a); }`;

class Painter {
  constructor(canvas) {
    const gl = canvas.getContext("webgl2", { antialias: false, preserveDrawingBuffer: true });
    if (!gl) throw new Error("this browser has no WebGL 2");
    this.gl = gl;
    this.program = gl.createProgram();
    for (const [kind, text] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, text);
      gl.compileShader(shader);
      gl.attachShader(this.program, shader);
    }
    gl.linkProgram(this.program);
    if (!gl.getProgramParameter(this.program, gl.LINK_STATUS))
      throw new Error(gl.getProgramInfoLog(this.program));
    this.uniform = {};
    for (const name of ["origin", "scale", "pixel", "colour"])
      this.uniform[name] = gl.getUniformLocation(this.program, name);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  }

  upload(boxes) {
    const gl = this.gl, buffer = gl.createBuffer();
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
    gl.bufferData(gl.ARRAY_BUFFER, boxes, gl.STATIC_DRAW);
    return buffer;
  }

  begin(view) {
    const gl = this.gl, { width, height } = gl.canvas;
    gl.viewport(0, 0, width, height);
    gl.clearColor(0.985, 0.985, 0.98, 1);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.useProgram(this.program);
    gl.uniform2f(this.uniform.origin, view.x, view.y);
    gl.uniform2f(this.uniform.scale, (2 * view.zoom) / width, (2 * view.zoom) / height);
    gl.uniform2f(this.uniform.pixel, 2 / width, 2 / height);
    gl.enableVertexAttribArray(0);
    gl.vertexAttribDivisor(0, 1);
  }

  draw(buffer, first, count, [r, g, b], alpha) {
    if (!count) return;
    const gl = this.gl;
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
    gl.vertexAttribPointer(0, 4, gl.FLOAT, false, 16, 16 * first);
    gl.uniform4f(this.uniform.colour, r, g, b, alpha);
    gl.drawArraysInstanced(gl.TRIANGLE_STRIP, 0, 4, count);
  }
}

const rgb = (hex) => [1, 3, 5].map((k) => parseInt(hex.slice(k, k + 2), 16) / 255);

class Viewer {
  /** `chip` is the page's JSON, `stream` the unpacked layout; lengths in nm. */
  constructor(root, chip, stream) {
    this.root = root;
    this.chip = chip;
    this.die = chip.die;
    this.canvas = root.querySelector("canvas.layout");
    this.top = root.querySelector("canvas.overlay");
    this.painter = new Painter(this.canvas);
    this.layers = chip.layers.map((layer, k) => {
      const { boxes, start } = sortIntoTiles(flatten(stream.cells, k), this.die);
      return { ...layer, rgb: rgb(layer.colour), start, buffer: this.painter.upload(boxes) };
    });
    this.boxes = this.layers.reduce((sum, layer) => sum + layer.start.at(-1), 0);
    this.blocks = chip.blocks.map((block) => ({ ...block, shown: true, rgb: rgb(block.colour), boxes: [] }));
    for (const cell of chip.cells) this.blocks[cell[4]].boxes.push(...cell.slice(0, 4));
    for (const block of this.blocks) block.buffer = this.painter.upload(new Float32Array(block.boxes));
    this.overlays = chip.overlays.map((overlay) => ({ ...overlay }));
    this.mark = null;
    this.controls();
    new ResizeObserver(() => this.resize()).observe(root);
    this.resize();
    this.fit();
  }

  resize() {
    const ratio = window.devicePixelRatio || 1, box = this.root.getBoundingClientRect();
    const centre = this.zoom ? this.toChip(this.canvas.width / 2, this.canvas.height / 2) : null;
    for (const canvas of [this.canvas, this.top]) {
      canvas.width = Math.max(1, Math.round(box.width * ratio));
      canvas.height = Math.max(1, Math.round(box.height * ratio));
    }
    if (centre) this.look(...centre, this.zoom);
  }

  toChip(px, py) {
    return [this.x + px / this.zoom, this.y + (this.canvas.height - py) / this.zoom];
  }

  toScreen(x, y) {
    return [(x - this.x) * this.zoom, this.canvas.height - (y - this.y) * this.zoom];
  }

  look(x, y, zoom) {
    const fit = this.fitZoom([...this.die], 1);
    this.zoom = Math.max(fit / 3, Math.min(zoom, 0.4));
    this.x = x - this.canvas.width / this.zoom / 2;
    this.y = y - this.canvas.height / this.zoom / 2;
    this.redraw();
  }

  fitZoom([x0, y0, x1, y1], share) {
    return share * Math.min(this.canvas.width / (x1 - x0), this.canvas.height / (y1 - y0));
  }

  fit() {
    this.show(this.die, 0.94);
  }

  /** Bring a box of the chip (nm) into view. */
  show(box, share = 0.5) {
    const [x0, y0, x1, y1] = box;
    this.look((x0 + x1) / 2, (y0 + y1) / 2, this.fitZoom([x0, y0, x1 + 1, y1 + 1], share));
  }

  zoomAt(px, py, factor) {
    const [x, y] = this.toChip(px, py);
    const middle = this.toChip(this.canvas.width / 2, this.canvas.height / 2);
    const before = this.zoom;
    this.look(...middle, this.zoom * factor);
    const real = before / this.zoom;
    this.look(x + (middle[0] - x) * real, y + (middle[1] - y) * real, this.zoom);
  }

  redraw() {
    if (this.pending) return;
    this.pending = true;
    requestAnimationFrame(() => {
      this.pending = false;
      this.paint();
    });
  }

  paint() {
    const perMicron = this.zoom * 1000, view = { x: this.x, y: this.y, zoom: this.zoom };
    this.painter.begin(view);
    for (const block of this.blocks)
      if (block.shown)
        this.painter.draw(block.buffer, 0, block.boxes.length / 4, block.rgb, perMicron < CELL_ZOOM ? 0.55 : 0.13);
    for (const layer of this.layers) if (layer.shown) this.paintLayer(layer, perMicron);
    this.paintOverlays();
    this.root.dataset.frames = 1 + Number(this.root.dataset.frames || 0);
  }

  paintLayer(layer, perMicron) {
    const [x1, y1] = [this.x + this.canvas.width / this.zoom, this.y + this.canvas.height / this.zoom];
    SIZES.forEach((size, s) => {
      if (perMicron < size.zoom) return;
      const margin = s ? SIZES[s - 1].from : Infinity;
      const range = (low, high, from, to) => {
        const pitch = (to - from) / TILES, at = (v) => Math.floor((v - from) / pitch);
        return margin === Infinity
          ? [0, TILES - 1]
          : [Math.max(0, at(low - margin)), Math.min(TILES - 1, at(high + margin))];
      };
      const columns = range(this.x, x1, this.die[0], this.die[2]);
      const rows = range(this.y, y1, this.die[1], this.die[3]);
      for (let row = rows[0]; row <= rows[1]; row++) {
        if (columns[0] > columns[1]) continue;
        const base = s * TILES * TILES + row * TILES;
        const first = layer.start[base + columns[0]], last = layer.start[base + columns[1] + 1];
        this.painter.draw(layer.buffer, first, last - first, layer.rgb, 0.62);
      }
    });
  }

  paintOverlays() {
    const pen = this.top.getContext("2d"), ratio = window.devicePixelRatio || 1;
    pen.clearRect(0, 0, this.top.width, this.top.height);
    for (const overlay of this.overlays) {
      if (!overlay.shown) continue;
      pen.strokeStyle = pen.fillStyle = overlay.colour;
      pen.lineWidth = (overlay.width || 1.2) * ratio;
      pen.font = `${11 * ratio}px system-ui, sans-serif`;
      DRAW[overlay.kind](pen, overlay, this, ratio);
    }
    pen.globalAlpha = 1;
    if (this.mark) {
      const [x0, y1] = this.toScreen(this.mark[0], this.mark[1]), [x1, y0] = this.toScreen(this.mark[2], this.mark[3]);
      pen.strokeStyle = "#d00000";
      pen.lineWidth = 2 * ratio;
      pen.strokeRect(x0 - 3, y0 - 3, x1 - x0 + 6, y1 - y0 + 6);
    }
    this.paintScale(pen, ratio);
  }

  paintScale(pen, ratio) {
    const target = (120 * ratio) / (this.zoom * 1000);
    const power = 10 ** Math.floor(Math.log10(target));
    const length = [5, 2, 1].map((k) => k * power).find((l) => l <= target);
    const width = length * 1000 * this.zoom, y = this.top.height - 14 * ratio, x = 14 * ratio;
    pen.fillStyle = "#222";
    pen.fillRect(x, y, width, 3 * ratio);
    pen.font = `${12 * ratio}px system-ui, sans-serif`;
    pen.fillText(length >= 1 ? `${length} µm` : `${Math.round(length * 1000)} nm`, x, y - 5 * ratio);
  }

  /** The smallest cell at a point of the chip, or undefined. */
  cellAt(x, y) {
    let best;
    for (const cell of this.chip.cells)
      if (cell[0] <= x && x < cell[2] && cell[1] <= y && y < cell[3] && (!best || cell[2] - cell[0] < best[2] - best[0]))
        best = cell;
    return best;
  }

  controls() {
    const pointers = new Map(), ratio = () => window.devicePixelRatio || 1;
    const local = (event) => {
      const box = this.top.getBoundingClientRect();
      return [(event.clientX - box.left) * ratio(), (event.clientY - box.top) * ratio()];
    };
    this.top.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.zoomAt(...local(event), Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0015)));
    }, { passive: false });
    this.top.addEventListener("pointerdown", (event) => {
      this.top.setPointerCapture(event.pointerId);
      pointers.set(event.pointerId, local(event));
    });
    this.top.addEventListener("pointermove", (event) => {
      const now = local(event), before = pointers.get(event.pointerId);
      if (!before) return this.readOut(...this.toChip(...now));
      const others = [...pointers.entries()].filter(([id]) => id !== event.pointerId);
      if (others.length) {
        const other = others[0][1], span = (p) => Math.hypot(p[0] - other[0], p[1] - other[1]);
        this.zoomAt(...other, span(now) / Math.max(1, span(before)));
      } else {
        this.x -= (now[0] - before[0]) / this.zoom;
        this.y += (now[1] - before[1]) / this.zoom;
        this.redraw();
      }
      pointers.set(event.pointerId, now);
    });
    for (const end of ["pointerup", "pointercancel"])
      this.top.addEventListener(end, (event) => pointers.delete(event.pointerId));
    this.top.addEventListener("dblclick", (event) => this.zoomAt(...local(event), 2.5));
    this.top.addEventListener("keydown", (event) => this.key(event));
    const middle = () => [this.canvas.width / 2, this.canvas.height / 2];
    const act = { in: () => this.zoomAt(...middle(), 1.6), out: () => this.zoomAt(...middle(), 1 / 1.6), fit: () => this.fit() };
    for (const button of this.root.querySelectorAll("button[data-act]"))
      button.addEventListener("click", () => act[button.dataset.act]());
  }

  key(event) {
    const step = 60 / this.zoom, moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] };
    const middle = [this.canvas.width / 2, this.canvas.height / 2];
    if (moves[event.key]) {
      this.x += moves[event.key][0];
      this.y += moves[event.key][1];
      this.redraw();
    } else if (event.key === "+" || event.key === "=") this.zoomAt(...middle, 1.6);
    else if (event.key === "-") this.zoomAt(...middle, 1 / 1.6);
    else if (event.key === "f") this.fit();
    else return;
    event.preventDefault();
  }

  readOut(x, y) {
    const cell = this.cellAt(x, y), at = `${(x / 1000).toFixed(2)}, ${(y / 1000).toFixed(2)} µm`;
    const name = cell ? ` · ${cell[5]} · ${this.chip.masters[cell[6]]} · ${this.blocks[cell[4]].name}` : "";
    this.root.querySelector(".readout").textContent = at + name;
  }
}

/** How each kind of overlay is drawn. */
const DRAW = {
  boxes(pen, overlay, viewer, ratio) {
    for (const [x0, y0, x1, y1, label] of overlay.items) {
      const [left, bottom] = viewer.toScreen(x0, y0), [right, top] = viewer.toScreen(x1, y1);
      const w = Math.max(right - left, 4 * ratio), h = Math.max(bottom - top, 4 * ratio);
      pen.globalAlpha = 0.25;
      pen.fillRect(left, bottom - h, w, h);
      pen.globalAlpha = 1;
      pen.strokeRect(left, bottom - h, w, h);
      if (label && (w > 40 * ratio || overlay.items.length < 60)) pen.fillText(label, left, bottom - h - 3 * ratio);
    }
  },
  lines(pen, overlay, viewer, ratio) {
    pen.globalAlpha = 0.85;
    for (const { points, label } of overlay.items) {
      pen.beginPath();
      points.forEach(([x, y], k) => pen[k ? "lineTo" : "moveTo"](...viewer.toScreen(x, y)));
      pen.stroke();
      if (!label) continue;
      const [x, y] = viewer.toScreen(...points[0]);
      pen.fillText(label, x + 4 * ratio, y - 4 * ratio);
    }
  },
  heat(pen, overlay, viewer) {
    const { box, columns, rows, values, most } = overlay;
    if (!overlay.picture) {
      overlay.picture = Object.assign(document.createElement("canvas"), { width: columns, height: rows });
      const paper = overlay.picture.getContext("2d"), image = paper.createImageData(columns, rows);
      values.forEach((value, k) => {
        const row = rows - 1 - Math.floor(k / columns), at = 4 * (row * columns + (k % columns));
        image.data.set(heat(most ? value / most : 0), at);
      });
      paper.putImageData(image, 0, 0);
    }
    const [left, bottom] = viewer.toScreen(box[0], box[1]), [right, top] = viewer.toScreen(box[2], box[3]);
    pen.globalAlpha = 0.7;
    pen.imageSmoothingEnabled = false;
    pen.drawImage(overlay.picture, left, top, right - left, bottom - top);
    pen.globalAlpha = 1;
  },
};

/** A value of 0..1 as [red, green, blue, opacity]: clear, yellow, red, black. */
function heat(share) {
  const stops = [[255, 255, 200, 0], [255, 225, 90, 170], [235, 70, 40, 215], [80, 0, 30, 245]];
  const at = Math.max(0, Math.min(0.9999, share)) * (stops.length - 1), k = Math.floor(at);
  return stops[k].map((v, c) => v + (stops[k + 1][c] - v) * (at - k));
}

/** Check boxes for a list of things that have `name`, `colour` and `shown`. */
function legend(parent, things, viewer) {
  for (const thing of things) {
    const label = document.createElement("label"), box = document.createElement("input");
    const swatch = Object.assign(document.createElement("i"), { className: "swatch" });
    Object.assign(box, { type: "checkbox", checked: thing.shown, name: thing.name });
    swatch.style.background = thing.colour;
    box.addEventListener("change", () => {
      thing.shown = box.checked;
      viewer.redraw();
    });
    label.append(box, swatch, thing.title || thing.name);
    if (thing.note) label.title = thing.note;
    parent.append(label);
  }
}

async function openViewer() {
  const root = document.getElementById("viewer");
  if (!root) return;
  try {
    const chip = JSON.parse(document.getElementById("chip").textContent);
    const stream = unpack(await inflate(document.getElementById("layout").textContent.trim()));
    const viewer = new Viewer(root, chip, stream);
    for (const kind of ["layers", "blocks", "overlays"])
      legend(document.getElementById(`toggle-${kind}`), viewer[kind], viewer);
    for (const link of document.querySelectorAll("[data-zoom]"))
      link.addEventListener("click", () => {
        viewer.mark = link.dataset.zoom.split(",").map(Number);
        viewer.show(viewer.mark, 0.3);
        root.scrollIntoView({ behavior: "smooth", block: "center" });
      });
    window.viewer = viewer;
    root.querySelector(".readout").textContent = `${viewer.boxes.toLocaleString("en")} shapes`;
    root.dataset.ready = "yes";
  } catch (error) {
    root.querySelector(".readout").textContent = `The layout cannot be shown: ${error.message}.`;
    root.dataset.ready = "no";
  }
}

openViewer();
