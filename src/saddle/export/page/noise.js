// The latents of `saddle sample --seed SEED`: BLAKE2b of the seed, the Mersenne Twister and Box-Muller, as in torch.
"use strict";

const MASK = (1n << 64n) - 1n;
const INITIAL = [
  0x6a09e667f3bcc908n, 0xbb67ae8584caa73bn, 0x3c6ef372fe94f82bn, 0xa54ff53a5f1d36f1n,
  0x510e527fade682d1n, 0x9b05688c2b3e6c1fn, 0x1f83d9abfb41bd6bn, 0x5be0cd19137e2179n,
];
const ORDERS = [
  "0123456789abcdef", "ea489fd61c02b753", "b8c052fdae367194", "7931dcbe265a40f8", "905724afe1bc683d",
  "2c6a0b834d75fe19", "c51fed4a0763928b", "db7ec13950f4862a", "6fe9b308c2d714a5", "a2847615fb9e3cd0",
].map((order) => [...order].map((digit) => parseInt(digit, 16)));
const COLUMNS = ["048c", "159d", "26ae", "37bf", "05af", "16bc", "278d", "349e"];

/** The first 8 bytes of BLAKE2b (RFC 7693) of a text below 128 bytes, with a digest of that length, as a number. */
function blake2b(text) {
  const bytes = new Uint8Array(128);
  const { written } = new TextEncoder().encodeInto(text, bytes);
  const words = [...new BigUint64Array(bytes.buffer)];
  const state = [...INITIAL];
  state[0] ^= 0x01010008n;
  const v = [...state, ...INITIAL];
  v[12] ^= BigInt(written);
  v[14] ^= MASK;
  const rotated = (value, bits) => ((value >> bits) | (value << (64n - bits))) & MASK;
  for (let round = 0; round < 12; round++) {
    COLUMNS.forEach((column, index) => {
      const [a, b, c, d] = [...column].map((digit) => parseInt(digit, 16));
      const order = ORDERS[round % 10];
      [[0, 32n, 24n], [1, 16n, 63n]].forEach(([which, first, second]) => {
        v[a] = (v[a] + v[b] + words[order[2 * index + which]]) & MASK;
        v[d] = rotated(v[d] ^ v[a], first);
        v[c] = (v[c] + v[d]) & MASK;
        v[b] = rotated(v[b] ^ v[c], second);
      });
    });
  }
  return state[0] ^ v[0] ^ v[8];
}

/** A function that gives whole numbers of 32 bits (Matsumoto & Nishimura 1998). */
function mersenneTwister(seed) {
  const state = new Uint32Array(624);
  state[0] = seed;
  for (let i = 1; i < 624; i++) {
    state[i] = Math.imul(1812433253, state[i - 1] ^ (state[i - 1] >>> 30)) + i;
  }
  let at = 624;
  return () => {
    if (at === 624) {
      for (let i = 0; i < 624; i++) {
        const joined = (state[i] & 0x80000000) | (state[(i + 1) % 624] & 0x7fffffff);
        state[i] = state[(i + 397) % 624] ^ (joined >>> 1) ^ (joined & 1 ? 0x9908b0df : 0);
      }
      at = 0;
    }
    let y = state[at++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  };
}

/** `rows` latents of `size` numbers, one after another, as torch.randn draws them row by row. */
function latentsOf(seed, rows, size) {
  const random = mersenneTwister(Number((blake2b(`${seed}\x1fsamples`) >> 1n) & 0xffffffffn));
  return size < 16 ? fewNormals(random, rows * size) : manyNormals(random, rows, size);
}

function manyNormals(random, rows, size) {
  const uniform = () => (random() & 0xffffff) / 2 ** 24;
  const values = new Float32Array(rows * size);
  const fill = (start) => {
    for (let j = start; j < start + 8; j++) {
      const radius = Math.sqrt(-2 * Math.log(1 - values[j]));
      const angle = 2 * Math.PI * values[j + 8];
      values[j] = radius * Math.cos(angle);
      values[j + 8] = radius * Math.sin(angle);
    }
  };
  for (let first = 0; first < values.length; first += size) {
    for (let i = 0; i < size; i++) values[first + i] = uniform();
    for (let i = 0; i + 16 <= size; i += 16) fill(first + i);
    if (size % 16 === 0) continue;
    const last = first + size - 16;
    for (let i = 0; i < 16; i++) values[last + i] = uniform();
    fill(last);
  }
  return values;
}

function fewNormals(random, count) {
  const uniform = () => Number(((BigInt(random()) << 32n) | BigInt(random())) & ((1n << 53n) - 1n)) / 2 ** 53;
  const values = new Float32Array(count);
  for (let i = 0; i < count; i += 2) {
    const angle = 2 * Math.PI * uniform();
    const radius = Math.sqrt(-2 * Math.log1p(-uniform()));
    values[i] = radius * Math.cos(angle);
    values[i + 1] = radius * Math.sin(angle); // beyond the end it is dropped
  }
  return values;
}

/** The distribution function of the normal distribution: a series near 0, a continued fraction further out. */
function cumulative(x) {
  const z = Math.abs(x);
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  let tail = 0;
  if (z < 3) {
    let sum = z;
    for (let n = 1, term = z; n < 80; n++) sum += term *= (z * z) / (2 * n + 1);
    tail = 0.5 - density * sum;
  } else {
    let fraction = z;
    for (let n = 60; n > 0; n--) fraction = z + n / fraction;
    tail = density / fraction;
  }
  return x > 0 ? 1 - tail : tail;
}

/** Normal numbers cut off at +-threshold, each at the same rank as before. */
function truncated(values, threshold) {
  const [low, high] = [cumulative(-threshold), cumulative(threshold)];
  return values.map((value) => {
    const rank = low + cumulative(value) * (high - low);
    let [left, right] = [-threshold, threshold];
    for (let i = 0; i < 40; i++) {
      const middle = (left + right) / 2;
      if (cumulative(middle) < rank) left = middle;
      else right = middle;
    }
    return (left + right) / 2;
  });
}

/** The latent at `share` of the arc between two (Shoemake 1985); their last `fixed` numbers are those of the first. */
function between(first, last, share, fixed) {
  const free = first.length - fixed;
  let [dot, a, b] = [0, 0, 0];
  for (let i = 0; i < free; i++) {
    dot += first[i] * last[i];
    a += first[i] ** 2;
    b += last[i] ** 2;
  }
  const angle = Math.acos(Math.min(1, Math.max(-1, dot / Math.sqrt(a * b))));
  const isStraight = Math.sin(angle) < 1e-6;
  const p = isStraight ? 1 - share : Math.sin((1 - share) * angle) / Math.sin(angle);
  const q = isStraight ? share : Math.sin(share * angle) / Math.sin(angle);
  return first.map((value, i) => (i < free ? p * value + q * last[i] : value));
}
