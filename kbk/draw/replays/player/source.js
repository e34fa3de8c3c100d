/* The source, with the lines marked that the step executes. */

class SourceView {
  constructor(model) {
    this.data = model.data;
    this.lines = new Map(); // "file:line" -> element
    this.marked = [];
    const blocks = this.data.sources.map((source, file) => {
      const rows = source.lines.map((text, n) => {
        const line = source.first + n;
        const row = make('div', { class: 'kbk-line', 'data-line': line },
          make('span', { class: 'kbk-mark', 'aria-hidden': 'true' }),
          make('span', { class: 'kbk-number' }, String(line)), make('code', {}, text || ' '));
        this.lines.set(`${file}:${line}`, row);
        return row;
      });
      const name = make('div', { class: 'kbk-file' }, source.name);
      return make('div', { class: 'kbk-code' }, ...(this.data.sources.length > 1 ? [name] : []), ...rows);
    });
    // Whoever has no mouse scrolls it with the keys.
    this.box = make('div', { class: 'kbk-source', tabindex: '0', role: 'region', 'aria-label': 'Source' },
      ...blocks);
  }
  show(step) {
    for (const row of this.marked) {
      row.classList.remove('kbk-here', 'kbk-caller');
      row.removeAttribute('aria-current');
      row.firstChild.textContent = '';
    }
    this.marked = [];
    const place = step && step.place >= 0 ? this.data.places[step.place] : [];
    place.forEach(([file, line], depth) => {
      const row = this.lines.get(`${file}:${line}`);
      if (!row || this.marked.includes(row)) return;
      row.classList.add(depth ? 'kbk-caller' : 'kbk-here');
      row.firstChild.textContent = depth ? '▷' : '▶';
      if (!depth) row.setAttribute('aria-current', 'step');
      this.marked.push(row);
    });
    if (this.marked.length) this.reveal(this.marked[0]);
  }
  /* Scrolls the box alone: the page stays where it is. */
  reveal(row) {
    const top = row.offsetTop; // in the box, which is positioned
    const room = this.box.clientHeight - row.offsetHeight;
    if (top < this.box.scrollTop + 8 || top > this.box.scrollTop + room - 8)
      this.box.scrollTop = top - room / 2;
  }
}
