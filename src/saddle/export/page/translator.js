// The page of a generator that translates images: bundled ones, or a picture of one's own.
"use strict";

let sessions = {};

/** Translate `bytes` of images and draw each beside its translation. */
async function show(bytes) {
  const count = bytes.length / (CHANNELS * HEIGHT * WIDTH);
  const session = sessions[byId("direction").value];
  const images = await imagesOf(session, { source: new ort.Tensor("uint8", bytes, [count, HEIGHT, WIDTH, CHANNELS]) });
  byId("samples").replaceChildren();
  images.forEach((image, i) => {
    const pair = document.createElement("figure");
    const [source, translation] = [document.createElement("canvas"), document.createElement("canvas")];
    const size = CHANNELS * HEIGHT * WIDTH;
    draw(source, bytes.slice(i * size, (i + 1) * size), `source ${i + 1}`);
    draw(translation, image, `translation of source ${i + 1}`);
    pair.append(source, translation);
    byId("samples").append(pair);
  });
}

const showSources = async () => show(await decoded(EXPORT.sources[byId("direction").value]));

/** Translate a picture: its middle, in the proportions of the model. */
async function showPicture(file) {
  const picture = await createImageBitmap(file);
  const scale = Math.max(WIDTH / picture.width, HEIGHT / picture.height);
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [WIDTH, HEIGHT];
  const [width, height] = [picture.width * scale, picture.height * scale];
  const context = canvas.getContext("2d");
  context.drawImage(picture, (WIDTH - width) / 2, (HEIGHT - height) / 2, width, height);
  const pixels = context.getImageData(0, 0, WIDTH, HEIGHT).data;
  const bytes = new Uint8Array(HEIGHT * WIDTH * CHANNELS);
  for (let i = 0; i < HEIGHT * WIDTH; i++) {
    const [red, green, blue] = pixels.slice(4 * i, 4 * i + 3);
    const gray = Math.round(0.299 * red + 0.587 * green + 0.114 * blue);
    for (let c = 0; c < CHANNELS; c++) bytes[CHANNELS * i + c] = CHANNELS === 1 ? gray : pixels[4 * i + c];
  }
  await show(bytes);
}

begin(async () => {
  for (const name of Object.keys(EXPORT.models)) sessions[name] = await opened(name);
  byId("direction").onchange = showSources;
  byId("picture").onchange = () => byId("picture").files.length && showPicture(byId("picture").files[0]);
  byId("save").onclick = () => save([...byId("samples").querySelectorAll("canvas")], 2, "translations.png");
  await showSources();
});
