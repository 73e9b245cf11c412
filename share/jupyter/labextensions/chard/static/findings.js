// What Chard knows of an open notebook: its steps, what passes between them, its diagnostics. Asked again, a moment after
// the last change, whenever the notebook changes; whoever shows something listens.
// SPDX-License-Identifier: Apache-2.0
import { askJson, kernelIsBusy, kernelProblem, sendNotebookAlong } from './kernel.js';

const QUIET = 800; // ms without a change before the kernel is asked

const all = new WeakMap();

/** The findings of a notebook's panel; one per panel, gone with it. */
export function findingsOf(panel) {
  if (!all.has(panel)) {
    all.set(panel, new Findings(panel));
  }
  return all.get(panel);
}

class Findings {
  constructor(panel) {
    this.panel = panel;
    this.problem = null; // why there is nothing to know, for people
    this.steps = []; // {name, title, cells: [index], notebook if another, inferred, after: [name]}
    this.diagnostics = []; // {cell, line, column, severity, rule, message, hint}
    this.listeners = new Set();
    this.timer = null;
    this.asking = null;
    this.stale = false;
    this.waiting = false; // for the kernel to have time
    const soon = () => this.refreshSoon();
    panel.content.model?.contentChanged.connect(soon);
    panel.content.modelChanged.connect(() => panel.content.model?.contentChanged.connect(soon));
    panel.sessionContext.kernelChanged.connect(soon);
    panel.context.pathChanged.connect(soon);
    panel.sessionContext.statusChanged.connect((_, status) => status === 'idle' && this.waiting && this.refreshSoon());
    panel.disposed.connect(() => clearTimeout(this.timer));
    this.refreshSoon();
  }

  listen(listener) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** The step that a cell belongs to, or null. */
  stepOfCell(index) {
    return this.steps.find(step => !step.notebook && step.cells.includes(index)) ?? null;
  }

  diagnosticsOfCell(index) {
    return this.diagnostics.filter(found => found.cell === index && !found.part_of);
  }

  /** Those that no cell here can show: of the notebook as a whole, and of notebooks that it brings in. */
  diagnosticsOfNoCell() {
    return this.diagnostics.filter(found => found.cell === null || found.part_of);
  }

  refreshSoon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.refresh(), QUIET);
  }

  /** Asks now; one question at a time, and again if something changed meanwhile. */
  async refresh() {
    if (this.asking) {
      this.stale = true;
      return this.asking;
    }
    // What the user runs comes first: a question would stand in the queue behind it.
    this.waiting = kernelIsBusy(this.panel);
    if (this.waiting) {
      this.tell();
      return undefined;
    }
    this.asking = this.ask();
    await this.asking;
    this.asking = null;
    if (this.stale) {
      this.stale = false;
      return this.refresh();
    }
    return undefined;
  }

  /** The graph; null of a notebook that has errors, which stand at their cells. */
  async askGraph() {
    try {
      return await askJson(this.panel, 'graph');
    } catch (error) {
      if (this.diagnostics.some(found => found.severity === 'error')) {
        return null;
      }
      throw error;
    }
  }

  async ask() {
    if (this.panel.isDisposed) {
      return;
    }
    try {
      this.problem = await kernelProblem(this.panel);
      if (!this.problem) {
        sendNotebookAlong(this.panel);
        this.diagnostics = (await askJson(this.panel, 'check')) ?? [];
        this.steps = stepsOf(await this.askGraph());
      }
    } catch (error) {
      this.problem = `Chard could not look at this notebook: ${error.message}`;
    }
    if (this.problem) {
      this.steps = [];
      this.diagnostics = [];
    }
    this.tell();
  }

  tell() {
    for (const listener of this.listeners) {
      listener();
    }
  }
}

/** The steps of `chard graph --format=json`, each with the names of those it waits for; none if it couldn't be drawn. */
function stepsOf(graph) {
  if (!graph || !Array.isArray(graph.steps)) {
    return [];
  }
  return graph.steps.map(step => ({
    ...step,
    after: (graph.edges ?? []).filter(edge => edge.to === step.name).map(edge => edge.from)
  }));
}
