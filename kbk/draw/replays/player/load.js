/* From the JSON of a replay to its steps: which elements each lane touches, and what changes there.

   A step's columns:
     kind     R reads, W writes, A atomic access, X collective of a warp, B barrier, O others' doing
     warp, place, mask   whose, where in the source, which lanes (numbers in tables, -1: unknown)
     array, base, pattern, count   lane n touches `count` elements of `array` from base + offset n on;
              a pattern of one number is the step from lane to lane. array -1: base has [array, index,
              count] of each lane, or null. Of X, count is the operation; of B, how many barriers; of
              O, how many requests.
     value    R: what was read, null: what is there. W: what was written, null: what the lane read or
              got last. A: see left. X: what the lanes got. O: [array, runs, values]...;
              a run is first index, length, first thread, step from thread to thread; values may be
              null: no step needs them.
     before   A: what the lanes saw, null: what is there. X: what the lanes gave.
     left     A: null: `value` was added; true: `value` is what is there since; else what is there.
     cost, least   sectors of global memory, wavefronts of shared memory; the least for the bytes
   One value stands for all lanes if they have the same. */

const NOT_TOLD = '…';

function load(data) {
  const memory = data.arrays.map(() => new Map());
  for (const [array, indices, values] of data.start)
    indices.forEach((index, n) => memory[array].set(index, { value: values[n], step: -1, thread: -1 }));
  const start = memory.map((cells) => new Map(cells));
  const last = new Map(); // by thread, what it read or got last
  const steps = [];
  let passed = data.first;
  for (let number = 0; number < data.steps.kind.length; ++number) {
    const told = {};
    for (const name in data.steps) told[name] = data.steps[name] ? data.steps[name][number] : null;
    const step = {
      number,
      kind: told.kind,
      warp: told.warp,
      place: told.place === null ? -1 : told.place,
      lanes: told.mask === null ? [] : lanesOf(data.masks[told.mask]),
      cost: told.cost,
      least: told.least,
      count: told.count,
      passed,
      touches: [],
      changes: [],
    };
    if (step.kind === 'B') {
      passed += told.count;
    } else if (step.kind === 'O') {
      loadOthers(step, told, memory);
    } else if (step.kind === 'X') {
      loadMeeting(step, told, last);
    } else {
      loadAccess(step, told, data, memory, last);
    }
    steps.push(step);
  }
  return { data, steps, start };
}

function lanesOf(mask) {
  const lanes = [];
  for (let lane = 0; lane < 32; ++lane) if ((mask >>> lane) & 1) lanes.push(lane);
  return lanes;
}

function nth(values, n) {
  return Array.isArray(values) ? values[n] : values;
}

function change(step, memory, array, index, value, thread) {
  const old = memory[array].get(index);
  const now = { value, step: step.number, thread: thread === -1 && old ? old.thread : thread };
  memory[array].set(index, now);
  step.changes.push([array, index, old, now]);
}

function loadOthers(step, told, memory) {
  for (const [array, runs, values] of told.value) {
    let at = 0;
    for (let n = 0; n < runs.length; n += 4) {
      const [first, count, thread, by] = runs.slice(n, n + 4);
      for (let k = 0; k < count; ++k, ++at)
        change(step, memory, array, first + k, values ? values[at] : NOT_TOLD, thread + k * by);
    }
  }
}

function loadMeeting(step, told, last) {
  step.lanes.forEach((lane, n) => {
    if (told.value === null) return;
    step.touches.push({ lane, gave: nth(told.before, n), got: nth(told.value, n) });
    last.set(step.warp * 32 + lane, [nth(told.value, n)]);
  });
}

function loadAccess(step, told, data, memory, last) {
  let at = 0; // element of the step
  step.lanes.forEach((lane, n) => {
    let where;
    if (told.array === -1) {
      where = told.base[n] || [0, 0, 0];
    } else {
      const pattern = data.patterns[told.pattern];
      const offset = pattern.length === 1 ? n * pattern[0] : pattern[n];
      where = [told.array, told.base + offset, told.count];
    }
    const [array, index, count] = where;
    const thread = step.warp * 32 + lane;
    const touch = { lane, array, index, count, values: [], before: [] };
    for (let k = 0; k < count; ++k, ++at) {
      const cell = memory[array].get(index + k);
      const there = cell ? cell.value : data.arrays[array].poison;
      if (step.kind === 'R') {
        const value = told.value === null ? there : nth(told.value, at);
        if (told.value !== null && (!cell || cell.value !== value))
          change(step, memory, array, index + k, value, -1);
        touch.values.push(value);
        touch.poison = touch.poison || (!cell && 'poison' in data.arrays[array]);
      } else if (step.kind === 'W') {
        const value = told.value === null ? last.get(thread)[k] : nth(told.value, at);
        change(step, memory, array, index + k, value, thread);
        touch.values.push(value);
      } else {
        const saw = told.before === null ? there : nth(told.before, at);
        const given = nth(told.value, at);
        const adds = told.left === null;
        const since = adds ? there + given : told.left === true ? given : nth(told.left, at);
        change(step, memory, array, index + k, wrapped(since, data.arrays[array]), thread);
        touch.before.push(saw);
        touch.values.push(adds ? wrapped(saw + given, data.arrays[array]) : given);
        if (adds) touch.added = given;
      }
    }
    if (step.kind !== 'W') last.set(thread, step.kind === 'A' ? touch.before : touch.values);
    step.touches.push(touch);
  });
}

/* Whole numbers of 32 bits go round. */
function wrapped(value, array) {
  if (array.dtype === 'int32') return typeof value === 'number' ? value | 0 : value;
  if (array.dtype === 'uint32') return typeof value === 'number' ? value >>> 0 : value;
  return value;
}

/* Memory after so many steps; it moves step by step, forward and back. */
class Memory {
  constructor(model) {
    this.steps = model.steps;
    this.cells = model.start.map((cells) => new Map(cells));
    this.position = 0;
  }
  go(position) {
    for (; this.position < position; ++this.position)
      for (const [array, index, , now] of this.steps[this.position].changes)
        this.cells[array].set(index, now);
    while (this.position > position) {
      const changes = this.steps[--this.position].changes;
      for (let n = changes.length - 1; n >= 0; --n) {
        const [array, index, old] = changes[n];
        if (old) this.cells[array].set(index, old);
        else this.cells[array].delete(index);
      }
    }
  }
}
