// Runs the models in data.js by onnxruntime-web, and draws their images.
"use strict";

const [CHANNELS, HEIGHT, WIDTH] = EXPORT.shape;
const PNG_HEADER = "data:image/png;base64,".length + 44; // 33 bytes
const PNG_MARK = "AAAAD3RFWHRTb2Z0d2FyZQBzYWRkbGX38szd"; // the text "Software: saddle", as in all pictures of saddle
const byId = (id) => document.getElementById(id);
let queue = Promise.resolve();

async function decoded(text) {
  const response = await fetch(`data:application/octet-stream;base64,${text}`);
  return new Uint8Array(await response.arrayBuffer());
}

/** The session of a model; the runtime's own files come from runtime.js, because pages in a folder may fetch none. */
async function opened(name) {
  ort.env.wasm.numThreads = 1;
  if (RUNTIME.place) {
    ort.env.wasm.wasmPaths = RUNTIME.place;
  } else if (!ort.env.wasm.wasmBinary) {
    const script = new Blob([await decoded(RUNTIME.script)], { type: "text/javascript" });
    ort.env.wasm.wasmPaths = { mjs: URL.createObjectURL(script) };
    ort.env.wasm.wasmBinary = await decoded(RUNTIME.binary);
  }
  return ort.InferenceSession.create(await decoded(EXPORT.models[name]), { executionProviders: ["wasm"] });
}

/** The images of a model, one Uint8Array each; requests wait for each other. */
function imagesOf(session, inputs) {
  const made = queue.then(async () => {
    const { images } = await session.run(inputs);
    const size = HEIGHT * WIDTH * CHANNELS;
    return Array.from({ length: images.dims[0] }, (_, i) => images.data.slice(i * size, (i + 1) * size));
  });
  queue = made.catch(() => {});
  return made;
}

/** Draw an image of bytes (H, W, C) on a canvas, which screen readers know by `words`. */
function draw(canvas, bytes, words) {
  canvas.width = WIDTH;
  canvas.height = HEIGHT;
  const picture = new ImageData(WIDTH, HEIGHT);
  for (let i = 0; i < WIDTH * HEIGHT; i++) {
    for (let c = 0; c < 3; c++) picture.data[4 * i + c] = bytes[CHANNELS * i + (CHANNELS === 1 ? 0 : c)];
    picture.data[4 * i + 3] = CHANNELS === 4 ? bytes[4 * i + 3] : 255;
  }
  canvas.getContext("2d").putImageData(picture, 0, 0);
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", words);
}

/** Save canvases of one size side by side, in rows of `columns`, as a PNG file. */
function save(canvases, columns, name) {
  const sheet = document.createElement("canvas");
  sheet.width = columns * WIDTH;
  sheet.height = Math.ceil(canvases.length / columns) * HEIGHT;
  const context = sheet.getContext("2d");
  canvases.forEach((canvas, i) => context.drawImage(canvas, (i % columns) * WIDTH, Math.floor(i / columns) * HEIGHT));
  const png = sheet.toDataURL("image/png");
  const link = Object.assign(document.createElement("a"), { download: name });
  link.href = png.slice(0, PNG_HEADER) + PNG_MARK + png.slice(PNG_HEADER);
  link.click();
}

/** Begin the page; what goes wrong is said where everybody sees it. */
async function begin(start) {
  try {
    await start();
    byId("status").textContent = "";
    document.body.dataset.ready = "true";
  } catch (error) {
    byId("status").textContent = `This browser cannot run the model: ${error.message}`;
    throw error;
  }
}
