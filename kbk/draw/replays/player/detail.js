/* The step lane by lane, as a table: everything that the grids show, in words. */

class Detail {
  constructor(model) {
    this.arrays = model.data.arrays;
    this.body = make('tbody');
    const head = ['lane', 'thread', 'element', 'value'].map((text) => make('th', { scope: 'col' }, text));
    const table = make('table', { class: 'kbk-detail' }, make('thead', {}, make('tr', {}, ...head)), this.body);
    this.box = make('details', {}, make('summary', {}, 'This step, lane by lane'), table);
    this.box.addEventListener('toggle', () => this.show(this.step));
  }
  show(step) {
    this.step = step;
    if (!this.box.open) return;
    const rows = [];
    for (const touch of step ? step.touches : []) {
      const cells = [touch.lane, step.warp * WARP + touch.lane, this.where(touch), this.what(step, touch)];
      rows.push(make('tr', {}, ...cells.map((text) => make('td', {}, String(text)))));
    }
    this.body.replaceChildren(...rows);
  }
  where(touch) {
    if (touch.array === undefined || !touch.count) return '';
    const name = elementName(this.arrays[touch.array], touch.index);
    if (touch.count === 1) return name;
    return `${name} to ${elementName(this.arrays[touch.array], touch.index + touch.count - 1)}`;
  }
  what(step, touch) {
    if (step.kind === 'X') return `gave ${touch.gave}, got ${touch.got}`;
    if (step.kind === 'A') return `${touch.before.join(', ')} → ${touch.values.join(', ')}`;
    return touch.values.join(', ') + (touch.poison ? ' (poison)' : '');
  }
}
