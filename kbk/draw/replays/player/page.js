/* Elements and icons. */

const SVG = 'http://www.w3.org/2000/svg';

function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const name in attributes || {}) {
    const value = attributes[name];
    if (name === 'on') for (const event in value) element.addEventListener(event, value[event]);
    else if (value !== false && value !== undefined) element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children);
  return element;
}

function drawing(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const name in attributes) element.setAttribute(name, attributes[name]);
  element.append(...children);
  return element;
}

const ICONS = {
  first: 'M3 3h2v10H3zM13 3v10L6 8z',
  back: 'M3 3h2v10H3zM9 3v10L5 8zM14 3v10l-4-5z',
  previous: 'M11 3v10L4 8z',
  play: 'M4 2l10 6-10 6z',
  pause: 'M3 3h4v10H3zM9 3h4v10H9z',
  next: 'M5 3v10l7-5z',
  forward: 'M13 3h-2v10h2zM7 3v10l4-5zM2 3v10l4-5z',
  last: 'M13 3h-2v10h2zM3 3v10l7-5z',
};

function icon(name) {
  const path = drawing('path', { d: ICONS[name] });
  return drawing('svg', { viewBox: '0 0 16 16', 'aria-hidden': 'true', focusable: 'false' }, path);
}

function button(name, label, press) {
  return make('button', { type: 'button', 'aria-label': label, title: label, 'data-do': name,
    on: { click: press } }, icon(name));
}

/* Pixels, of text in a grid. */
function textWidth(text, bold) {
  const pen = textWidth.pen || (textWidth.pen = document.createElement('canvas').getContext('2d'));
  pen.font = `${bold ? 'bold ' : ''}10.67px "Liberation Sans", Arial, Helvetica, sans-serif`;
  return pen.measureText(text).width;
}

/* Set what has changed only: most cells of a step look like those of the step before. */
function put(element, key, value) {
  const known = element.kbk || (element.kbk = {});
  if (known[key] === value) return;
  known[key] = value;
  if (key === 'text') element.textContent = value;
  else if (key === 'class') element.className = value;
  else if (value === null) element.removeAttribute(key);
  else element.setAttribute(key, value);
}

/* A row of a grid: a label, and four boxes of eight columns each. */
function gridRow(label, name) {
  const boxes = [0, 1, 2, 3].map(() => make('span', { class: 'kbk-box' }));
  const head = make('span', { class: 'kbk-label' }, label);
  const row = make('div', { class: `kbk-row ${name || ''}` }, head, ...boxes);
  return { row, head, boxes };
}
