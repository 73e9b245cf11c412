// Small pieces of forms: labelled fields that call back when the user has changed them.
// SPDX-License-Identifier: Apache-2.0

/** An element: element ('div', { className: 'x' }, child, 'text', …). */
export function element(name, properties = {}, ...children) {
  const node = Object.assign(document.createElement(name), properties);
  node.append(...children.filter(child => child !== null && child !== undefined));
  return node;
}

/** A field under its label. */
export function field(label, control, hint) {
  return element('label', { className: 'chard-field', title: hint || '' }, element('span', { textContent: label }), control);
}

/** A line of text; `change (text)` once it is left or Enter is pressed. */
export function textInput(value, placeholder, change) {
  const input = element('input', { type: 'text', value: value ?? '', placeholder: placeholder ?? '' });
  input.addEventListener('change', () => change(input.value.trim()));
  return input;
}

/** A line of text with suggestions [{value, label}], which `load ()` promises once the field is first gone to. */
export function suggestingInput(value, placeholder, load, change) {
  const list = element('datalist', { id: `chard-list-${(lists += 1)}` });
  const input = textInput(value, placeholder, change);
  input.setAttribute('list', list.id);
  const fill = async () => list.replaceChildren(...(await load()).map(option => element('option', option)));
  input.addEventListener('focus', fill, { once: true });
  return element('div', {}, input, list);
}

let lists = 0;

/** A choice among [{value, label}]. */
export function choice(options, value, change) {
  const select = element('select', {}, ...options.map(o => element('option', { value: o.value, textContent: o.label })));
  select.value = value;
  select.addEventListener('change', () => change(select.value));
  return select;
}

/** A box that is ticked or not. */
export function checkbox(ticked, change) {
  const box = element('input', { type: 'checkbox', checked: ticked });
  box.addEventListener('change', () => change(box.checked));
  return box;
}

/** A button; `press ()` when it is pressed. */
export function button(label, title, press) {
  const pressed = element('button', { textContent: label, title });
  pressed.addEventListener('click', press);
  return pressed;
}

/** Boxes of which any number may be ticked. */
export function checkboxes(names, ticked, change) {
  const boxes = names.map(name => {
    const box = element('input', { type: 'checkbox', value: name, checked: ticked.includes(name) });
    box.addEventListener('change', () => change(boxes.map(b => b.querySelector('input')).filter(b => b.checked).map(b => b.value)));
    return element('label', { className: 'chard-box' }, box, name);
  });
  return element('div', { className: 'chard-boxes' }, ...boxes);
}

/** Lines of text, one value a line. */
export function linesInput(values, placeholder, change) {
  const area = element('textarea', {
    value: values.join('\n'),
    placeholder: placeholder ?? '',
    rows: Math.max(1, values.length)
  });
  area.addEventListener('change', () => change(area.value.split('\n').map(line => line.trim()).filter(Boolean)));
  return area;
}
