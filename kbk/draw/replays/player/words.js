/* What a step, an element and a number are called. */

const WARP = 32;
const OPERATIONS = [
  'meet in __syncwarp', 'shuffle', 'shuffle up', 'shuffle down', 'shuffle xor', 'vote: ballot',
  'vote: any', 'vote: all', 'match any', 'match all', 'reduce: sum', 'reduce: sum',
  'reduce: minimum', 'reduce: minimum', 'reduce: maximum', 'reduce: maximum', 'reduce: and',
  'reduce: or', 'reduce: xor',
];
const DOES = { R: 'read', W: 'write', A: 'update' };

function elementName(array, index) {
  if (!array.shape.length) return array.name;
  const at = Math.floor(index / (array.per || 1)) * (array.step || 1) + (array.from || 0);
  if (!/^\w+$/.test(array.name)) return `element ${at} of ${array.name}`;
  const member = array.per ? '.' + ('xyzw'[index % array.per] || index % array.per) : '';
  if (array.shape.length === 1 && !array.strides) return `${array.name}[${at}]${member}`;
  const numbers = array.strides ? strided(array, at) : unfolded(array.shape, at);
  const inside = array.space === 'shared' ? numbers.join('][') : numbers.join(', ');
  return `${array.name}[${inside}]${member}`;
}

function unfolded(shape, at) {
  const numbers = [];
  for (let d = shape.length - 1; d > 0; --d) {
    numbers.unshift(at % shape[d]);
    at = Math.floor(at / shape[d]);
  }
  return [at, ...numbers];
}

function strided(array, at) {
  const numbers = array.shape.map(() => 0);
  const order = array.shape.map((_, d) => d).filter((d) => array.strides[d] > 0);
  order.sort((a, b) => array.strides[b] - array.strides[a]);
  for (const d of order) {
    numbers[d] = Math.min(Math.floor(at / array.strides[d]), array.shape[d] - 1);
    at -= numbers[d] * array.strides[d];
  }
  return numbers;
}

function many(count, what) {
  return `${count.toLocaleString('en')} ${what}${count === 1 ? '' : 's'}`;
}

/* "lane 3", "lanes 0 to 7 and 16", "all 32 lanes" */
function lanesText(lanes) {
  if (lanes.length === WARP) return 'all 32 lanes';
  const runs = [];
  for (const lane of lanes) {
    const run = runs[runs.length - 1];
    if (run && run[1] === lane - 1) run[1] = lane;
    else runs.push([lane, lane]);
  }
  const told = runs.slice(0, 4).map(([a, b]) => (a === b ? `${a}` : `${a} to ${b}`));
  if (runs.length > 4) told.push('others');
  const text = told.length > 1 ? `${told.slice(0, -1).join(', ')} and ${told.pop()}` : told[0];
  return `lane${lanes.length === 1 ? '' : 's'} ${text}`;
}

function list(items) {
  if (items.length <= 3) return items.join(', ');
  return `${items[0]}, ${items[1]}, … ${items[items.length - 1]}`;
}

function elementsText(step, arrays) {
  const touches = step.touches.filter((touch) => touch.count > 0);
  if (!touches.length) return 'memory outside of every array';
  const first = touches[0];
  const last = touches[touches.length - 1];
  const name = (touch, more) => elementName(arrays[touch.array], touch.index + more);
  const alone = touches.every((t) => t.array === first.array && t.index === first.index);
  if (alone && first.count === 1) return name(first, 0);
  const next = (t, n) =>
    t.array === first.array && t.index === first.index + n * first.count && t.count === first.count;
  if (alone || touches.every(next)) return `${name(first, 0)} to ${name(last, last.count - 1)}`;
  return list(touches.map((touch) => name(touch, 0)));
}

function valuesText(step) {
  const values = step.touches.flatMap((touch) => touch.values);
  if (!values.length) return '';
  if (values.length > 1 && values.every((v) => v === values[0])) return `each ${values[0]}`;
  return list(values.map(String));
}

function costText(step, arrays) {
  const touch = step.touches.find((each) => each.count > 0);
  if (!touch || !step.cost) return '';
  const what = arrays[touch.array].space === 'shared' ? 'wavefront' : 'sector';
  return `${many(step.cost, what)}${step.cost > step.least ? `, ${step.least} would do` : ''}.`;
}

function placeText(data, place) {
  if (place < 0) return '';
  const [file, line] = data.places[place][0];
  return data.sources.length > 1 ? `${data.sources[file].name}:${line}` : `line ${line}`;
}

/* One step in sentences. */
function stepText(step, data) {
  const place = placeText(data, step.place);
  const at = place ? ` (${place})` : '';
  if (step.kind === 'B') {
    const number = step.passed + step.count;
    const which = step.count === 1 ? `Barrier ${number}` : `Barriers ${step.passed + 1} to ${number}`;
    return `${which}${at}: every thread of the block has come to __syncthreads.`;
  }
  if (step.kind === 'O')
    return `What ${many(step.count, 'request')} left in memory that ${
      step.count === 1 ? 'is' : 'are'} not shown step by step.`;
  const who = `Warp ${step.warp}, ${lanesText(step.lanes)}`;
  if (step.kind === 'X') return `${who}: ${OPERATIONS[step.count] || 'meet'}${at}${exchanged(step)}.`;
  const what = elementsText(step, data.arrays);
  const poison = step.touches.some((touch) => touch.poison) ? ' Nobody has written there: poison.' : '';
  const does = step.lanes.length === 1 ? DOES[step.kind] + 's' : DOES[step.kind];
  if (step.kind === 'A') {
    const added = step.touches.length && step.touches.every((t) => t.added === step.touches[0].added);
    const how = added && step.touches[0].added !== undefined ? `, adding ${step.touches[0].added}` : '';
    return `${who} ${does} atomically ${what}${how}${at}. ${costText(step, data.arrays)}`;
  }
  return `${who} ${does} ${what}${at}: ${valuesText(step)}. ${costText(step, data.arrays)}${poison}`;
}

function exchanged(step) {
  const touch = step.touches[0];
  return touch ? `; lane ${touch.lane} gives ${touch.gave} and gets ${touch.got}` : '';
}

/* A number in as few characters as are allowed; what does not fit is cut to its size. */
function short(value, room) {
  const text = String(value);
  if (text.length <= room || typeof value !== 'number') return text.slice(0, room);
  for (let digits = 4; digits > 0; --digits) {
    for (const each of [Number(value.toPrecision(digits)).toString(), value.toExponential(digits - 1)]) {
      const tight = each.replace(/^(-?)0\./, '$1.').replace('e+', 'e');
      if (tight.length <= room) return tight;
    }
  }
  return value < 0 ? '−' : '+';
}
