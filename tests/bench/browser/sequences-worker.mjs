// Decodes several sequences in one pass each time, and one alone, through the engine's C ABI
// (engine/wasm/exports.cpp).
/* global performance, postMessage, navigator, TextDecoder */
import create from '/engine/nanoinfer-relaxed-threads.mjs';

const nBatch = 64;

globalThis.onmessage = ({ data }) =>
  measure(data).then(postMessage, (error) => postMessage({ error: String(error) }));

async function measure({ sequences, context, generate, repeats, threads }) {
  const engine = await create({ poolSize: threads - 1 });
  const model = await load(engine);
  const nCtx = context + generate;
  const session = engine._ni_session_new(model, nCtx, nBatch, sequences, threads);
  if (session === 0) throw new Error(reason(engine));
  const forward = passes(engine, session);
  const all = Array.from({ length: sequences }, (_, seq) => seq);
  const token = (seq, pos) => ((pos * 7919 + seq * 104729 + 1) % 30000) + 1;

  for (const seq of all) {
    for (let pos = 0; pos < context; pos += nBatch) {
      const end = Math.min(pos + nBatch, context);
      const rows = Array.from({ length: end - pos }, (_, i) => ({ seq, pos: pos + i }));
      forward(rows.map((row) => ({ ...row, id: token(seq, row.pos), wantsLogits: 0 })));
    }
  }
  const decode = (seqs) => {
    const start = performance.now();
    for (let pos = context; pos < nCtx; pos++) {
      forward(seqs.map((seq) => ({ seq, pos, id: token(seq, pos), wantsLogits: 1 })));
    }
    const ms = performance.now() - start;
    for (const seq of seqs) engine._ni_session_truncate(session, seq, context);
    return ms;
  };

  const turns = { alone: [0], together: all };
  const ms = { alone: [], together: [] };
  for (let round = -1; round < repeats; round++) {
    const names = round % 2 === 0 ? ['alone', 'together'] : ['together', 'alone'];
    for (const name of names) {
      const elapsed = decode(turns[name]);
      if (round >= 0) ms[name].push(elapsed); // the first round warms up
    }
  }
  return { ...ms, cores: navigator.hardwareConcurrency };
}

/** The model, each piece of the file written where the loader wants it. */
async function load(engine) {
  const response = await fetch('/model.gguf');
  const loader = engine._ni_loader_new(Number(response.headers.get('content-length')));
  for await (const piece of response.body) {
    const address = engine._ni_loader_reserve(loader, piece.length);
    if (address === 0) throw new Error(reason(engine));
    new Uint8Array(engine.wasmMemory.buffer, address >>> 0, piece.length).set(piece);
    if (engine._ni_loader_commit(loader, piece.length) === -1) throw new Error(reason(engine));
  }
  const model = engine._ni_loader_finish(loader);
  if (model === 0) throw new Error(reason(engine));
  return model;
}

/** A function that runs one pass over rows {seq, pos, id, wantsLogits}. */
function passes(engine, session) {
  const ids = engine._ni_alloc(nBatch * 13) >>> 0;
  const seqs = ids + 4 * nBatch;
  const positions = ids + 8 * nBatch;
  const wants = ids + 12 * nBatch;
  return (rows) => {
    const { buffer } = engine.wasmMemory;
    const write = (Type, address, key) =>
      new Type(buffer, address, rows.length).set(rows.map((row) => row[key]));
    write(Int32Array, ids, 'id');
    write(Int32Array, seqs, 'seq');
    write(Int32Array, positions, 'pos');
    write(Uint8Array, wants, 'wantsLogits');
    const begun = engine._ni_session_begin(session, ids, seqs, positions, wants, rows.length);
    if (begun === -1) throw new Error(reason(engine));
    if (engine._ni_session_run(session, 0xffffffff, 0) === -1) throw new Error(reason(engine));
  };
}

function reason(engine) {
  const memory = new Uint8Array(engine.wasmMemory.buffer);
  const start = engine._ni_last_error() >>> 0;
  return new TextDecoder().decode(memory.slice(start, memory.indexOf(0, start)));
}
