// What stands at the cells themselves: a margin in the colour of the cell's step, the step's name where it begins, and
// diagnostics below the lines that they are about.
// SPDX-License-Identifier: Apache-2.0
import { findingsOf } from './findings.js';

/** A colour for a step: hues far apart for neighbours, by the golden angle; all dark enough for white text. */
export function stepColor(index) {
  return `oklch(0.55 0.14 ${Math.round((index * 137.508 + 245) % 360)})`;
}

/** Keeps the cells of a notebook's panel decorated. */
export function decorateCells(panel) {
  const findings = findingsOf(panel);
  const draw = () => panel.content.widgets.forEach((cell, index) => drawCell(cell, index, findings));
  findings.listen(draw);
  panel.content.modelContentChanged?.connect(draw);
}

function drawCell(cell, index, findings) {
  const step = cell.model.type === 'code' ? findings.stepOfCell(index) : null;
  cell.node.classList.toggle('chard-in-step', Boolean(step));
  cell.node.classList.toggle('chard-inferred', Boolean(step?.inferred));
  if (step) {
    cell.node.style.setProperty('--chard-step-color', stepColor(findings.steps.indexOf(step)));
  }
  label(cell.node, step && Math.min(...step.cells) === index ? step : null);
  list(cell.node, findings.diagnosticsOfCell(index));
}

/** The child of `node` with that class, made if it is wanted and taken away if not. */
function child(node, className, wanted) {
  let found = [...node.children].find(element => element.classList.contains(className));
  if (!wanted) {
    found?.remove();
    return null;
  }
  if (!found) {
    found = document.createElement('div');
    found.className = className;
    node.append(found);
  }
  return found;
}

function label(node, step) {
  const tag = child(node, 'chard-step-name', Boolean(step));
  if (tag) {
    tag.textContent = step.name;
    tag.title = step.inferred ? `step “${step.title}”, inferred` : `step “${step.title}”`;
  }
}

function list(node, diagnostics) {
  const box = child(node, 'chard-diagnostics', diagnostics.length > 0);
  box?.replaceChildren(...diagnostics.map(diagnosticRow));
}

/** A diagnostic as an element; one of the whole notebook has no line, one of a notebook that it brings in tells which. */
export function diagnosticRow(found) {
  const row = document.createElement('div');
  row.className = `chard-diagnostic chard-${found.severity}`;
  const where = document.createElement('span');
  where.className = 'chard-where';
  const foreign = found.part_of ? `${found.notebook}, cell ${found.cell}` : '';
  const line = found.line ? `line ${found.line}:${found.column}` : '';
  where.textContent = [found.severity, foreign, line].filter(Boolean).join(', ');
  const what = document.createElement('span');
  what.textContent = ` ${found.message}`;
  row.append(where, what);
  if (found.hint) {
    const hint = document.createElement('div');
    hint.className = 'chard-hint';
    hint.textContent = found.hint;
    row.append(hint);
  }
  row.title = found.rule;
  return row;
}
