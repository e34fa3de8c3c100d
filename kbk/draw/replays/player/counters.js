/* What the steps have cost so far. */

const COUNTED = [
  ['global', 'R', 'Global memory, read', 'sectors'],
  ['global', 'W', 'Global memory, written', 'sectors'],
  ['global', 'A', 'Global memory, atomic', 'sectors'],
  ['shared', 'R', 'Shared memory, read', 'wavefronts'],
  ['shared', 'W', 'Shared memory, written', 'wavefronts'],
  ['shared', 'A', 'Shared memory, atomic', 'wavefronts'],
  ['module', 'R', 'Module variables, read', 'sectors'],
  ['module', 'W', 'Module variables, written', 'sectors'],
  ['module', 'A', 'Module variables, atomic', 'sectors'],
  ['', 'X', 'Collectives of a warp', ''],
  ['', 'B', 'Barriers', ''],
];

class Counters {
  constructor(model) {
    const { data, steps } = model;
    const sums = COUNTED.map(() => [[0, 0, 0]]);
    steps.forEach((step) => {
      const touch = step.touches.find((each) => each.count > 0);
      const space = 'RWA'.includes(step.kind) && touch ? data.arrays[touch.array].space : '';
      COUNTED.forEach(([of, kind], n) => {
        const [requests, cost, least] = sums[n][sums[n].length - 1];
        const counts = of === space && kind === step.kind;
        const times = kind === 'B' ? step.count : 1;
        sums[n].push(counts ? [requests + times, cost + step.cost, least + step.least] : [requests, cost, least]);
      });
    });
    this.rows = [];
    const body = make('tbody');
    COUNTED.forEach(([, , name, unit], n) => {
      if (!sums[n][steps.length][0]) return;
      const cells = [0, 1, 2].map(() => make('td'));
      body.append(make('tr', {}, make('th', { scope: 'row' }, name), ...cells));
      this.rows.push({ sums: sums[n], cells, unit });
    });
    const head = ['So far', 'requests', 'cost', 'least'].map((text) => make('th', { scope: 'col' }, text));
    this.box = make('table', { class: 'kbk-counters' }, make('thead', {}, make('tr', {}, ...head)), body);
  }
  show(position) {
    for (const { sums, cells, unit } of this.rows) {
      const [requests, cost, least] = sums[position];
      put(cells[0], 'text', requests.toLocaleString('en'));
      put(cells[1], 'text', unit ? `${cost.toLocaleString('en')} ${unit}` : '');
      put(cells[2], 'text', unit ? least.toLocaleString('en') : '');
    }
  }
}
