// The side panel: the selected cell's step, what the notebook says of the pipeline, and what the last button showed.
// SPDX-License-Identifier: Apache-2.0
import { Elsewhere } from './elsewhere.js';
import { findingsOf } from './findings.js';
import { button, checkbox, checkboxes, choice, element, field, linesInput, suggestingInput, textInput } from './form.js';
import { interrupt, kernelHasTime, runInArea } from './kernel.js';
import { diagnosticRow } from './margin.js';
import { Offers } from './offers.js';
import { ROLES, SETTINGS, readTags, stepNameProblem, tagsOf, withoutOurs, writeTags } from './tags.js';
import { volumesAsLines, volumesFromLines, withClaim } from './volumes.js';

/** What a notebook says of its pipeline, in Kale's words: fields of its metadata `kubeflow_notebook`. */
const NOTEBOOK_FIELDS = [
  { key: 'pipeline_name', label: 'Pipeline name', placeholder: 'the notebook’s name' },
  { key: 'pipeline_description', label: 'Description', placeholder: '' },
  { key: 'experiment_name', label: 'Experiment', placeholder: 'Default', offered: 'experiments' },
  { key: 'base_image', label: 'Image', placeholder: 'built from what the notebook imports' }
];

/** Whose rights containers have elsewhere: fields of its `security_context`. */
const SECURITY_FIELDS = [
  { key: 'run_as_user', label: 'User id', hint: 'run containers as this user elsewhere; else as the image says' },
  { key: 'run_as_group', label: 'Group id', hint: 'and as this group' }
];

/** The panel as a Lumino widget that follows `tracker`'s current notebook and cell. */
export function createPanel(jupyter, tracker) {
  const { Widget } = jupyter.widgets;
  const widget = new Widget();
  widget.id = 'chard-panel';
  widget.title.caption = 'Chard: this notebook as a pipeline';
  widget.title.label = 'Chard';
  widget.addClass('chard-panel');
  const panel = new Panel(jupyter, tracker, widget);
  widget.start = (notebook, line) => panel.start(notebook, line);
  return widget;
}

class Panel {
  constructor(jupyter, tracker, widget) {
    this.jupyter = jupyter;
    this.tracker = tracker;
    this.status = element('div', { className: 'chard-status' });
    this.cell = element('section', { className: 'chard-cell' });
    this.whole = element('section', { className: 'chard-whole' }); // diagnostics of no cell
    this.pipeline = element('section', { className: 'chard-pipeline' });
    this.result = element('section', { className: 'chard-result' });
    widget.node.append(this.status, this.whole, this.cell, this.pipeline, this.result);
    this.areas = new WeakMap(); // notebook panel -> what was shown for it
    this.elsewhere = new Elsewhere();
    this.offers = new Offers();
    this.opened = new Map(); // section -> whether the user has opened it
    this.unlisten = null;
    tracker.currentChanged.connect(() => this.follow());
    tracker.activeCellChanged.connect(() => this.draw());
    this.follow();
  }

  get notebook() {
    return this.tracker.currentWidget;
  }

  follow() {
    this.unlisten?.();
    this.unlisten = this.notebook ? findingsOf(this.notebook).listen(() => this.draw()) : null;
    this.draw();
    this.showResult();
  }

  /** Draws anew, but no forms while the user is typing in a field: that field's own change draws them. */
  draw() {
    this.drawFindings();
    const typing = document.activeElement;
    if (typing && /^(INPUT|TEXTAREA|SELECT)$/.test(typing.tagName) && this.cell.parentNode?.contains(typing)) {
      return;
    }
    this.redraw();
  }

  get findings() {
    return this.notebook ? findingsOf(this.notebook) : null;
  }

  drawFindings() {
    const { findings } = this;
    this.status.textContent = findings ? findings.problem ?? summary(findings) : 'Open a notebook.';
    this.status.title = findings?.waiting ? 'as it was; the notebook is looked at again when no cell runs' : '';
    this.status.classList.toggle('chard-problem', Boolean(findings?.problem || findings?.diagnostics.some(isError)));
    this.whole.replaceChildren(...(findings?.diagnosticsOfNoCell() ?? []).map(diagnosticRow));
  }

  redraw() {
    const { findings } = this;
    this.drawFindings();
    this.cell.replaceChildren(...(findings ? this.cellForm(findings) : []));
    this.pipeline.replaceChildren(...(findings ? this.pipelineForm() : []));
  }

  /** A section that stays as the user left it when all is drawn anew. */
  section(key, open, title, ...children) {
    const summary = element('summary', { textContent: title });
    const details = element('details', { open: this.opened.get(key) ?? open }, summary, ...children);
    summary.addEventListener('click', () => this.opened.set(key, !details.open));
    return details;
  }

  // ---- the selected cell ----

  cellForm(findings) {
    const index = this.notebook.content.activeCellIndex;
    const model = this.notebook.content.activeCell?.model;
    if (!model || model.type !== 'code') {
      return [element('h3', { textContent: 'Cell' }), element('p', { textContent: 'Select a code cell to edit its step.' })];
    }
    const edited = readTags(tagsOf(model));
    const change = part => this.change(model, { ...edited, ...part });
    const rows = [
      element('h3', { textContent: `Cell ${index}` }),
      field('Cell type', choice(ROLES, edited.role, role => change(this.roleChange(role, edited, findings, index))))
    ];
    const step = findings.stepOfCell(index);
    if (edited.role === '' && step) {
      rows.push(this.inferred(step, edited, model));
    }
    if (edited.role === 'step') {
      rows.push(...this.stepFields(edited, findings, change));
    } else if (edited.role === 'notebook') {
      rows.push(...this.notebookFields(edited, findings, change, model));
    }
    if (tagsOf(model).length) {
      rows.push(button('Clear', 'take all tags off that are Chard’s', () => this.clear(model)));
    }
    return rows;
  }

  /** A cell that becomes a step is called as it was inferred, or after its place. */
  roleChange(role, edited, findings, index) {
    if (edited.step || (role !== 'step' && role !== 'notebook')) {
      return { role };
    }
    return { role, step: (role === 'step' && findings.stepOfCell(index)?.name) || `${role}-${index}` };
  }

  /** Everything but tags that others have a use for. */
  clear(model) {
    model.deleteMetadata('notebook_path');
    this.write(model, withoutOurs(tagsOf(model)));
  }

  /** What Chard inferred, greyed; a click writes it down as tags. */
  inferred(step, edited, model) {
    const accept = button('Accept', 'write this step as a tag', () =>
      this.change(model, { ...edited, role: 'step', step: step.name })
    );
    return element(
      'div',
      { className: 'chard-guess' },
      element('span', { textContent: `step ${step.name}${step.after.length ? `, after ${step.after.join(', ')}` : ''}` }),
      accept
    );
  }

  nameField(label, edited, change) {
    const name = textInput(edited.step, 'NAME', text => {
      const problem = stepNameProblem(text);
      name.setCustomValidity(problem ?? '');
      return problem ? name.reportValidity() : change({ step: text });
    });
    return field(label, name);
  }

  /** What steps and notebooks both have: what they wait for, and settings. */
  runFields(edited, findings, change, summaryText) {
    const others = findings.steps.map(found => found.name).filter(other => other !== edited.step);
    const waits = [...new Set([...others, ...edited.after])];
    return [
      field('Depends on', checkboxes(waits, edited.after, after => change({ after })), 'besides those whose data it needs'),
      this.section(
        'run',
        Object.keys(edited.settings).length > 0,
        summaryText,
        ...SETTINGS.map(setting => settingField(setting, edited, change))
      )
    ];
  }

  stepFields(edited, findings, change) {
    const step = findings.steps.find(found => found.name === edited.step);
    return [
      this.nameField('Step name', edited, change),
      ...this.runFields(edited, findings, change, 'How it is run'),
      step?.after.length
        ? element('div', { className: 'chard-guess' }, `its data comes from ${step.after.join(', ')}`)
        : null
    ].filter(Boolean);
  }

  notebookFields(edited, findings, change, model) {
    const path = textInput(model.getMetadata('notebook_path'), `${edited.step}.ipynb`, text => {
      if (text) {
        model.setMetadata('notebook_path', text);
      } else {
        model.deleteMetadata('notebook_path');
      }
    });
    return [
      this.nameField('Name', edited, change),
      field('Notebook path', path, 'the notebook whose cells stand here, counted from this one'),
      ...this.runFields(edited, findings, change, 'How its steps are run')
    ];
  }

  change(model, edited) {
    this.write(model, writeTags(tagsOf(model), edited));
  }

  write(model, tags) {
    if (tags.length) {
      model.setMetadata('tags', tags);
    } else {
      model.deleteMetadata('tags');
    }
    this.redraw();
  }

  // ---- the pipeline ----

  pipelineForm() {
    const said = this.notebook.content.model?.getMetadata('kubeflow_notebook') ?? {};
    const write = (key, value) => {
      const next = { ...(this.notebook.content.model.getMetadata('kubeflow_notebook') ?? {}), [key]: value };
      if (value === '' || (Array.isArray(value) && !value.length)) {
        delete next[key];
      }
      this.notebook.content.model.setMetadata('kubeflow_notebook', next);
    };
    const defaults = Array.isArray(said.steps_defaults) ? said.steps_defaults : [];
    return [
      this.section(
        'pipeline',
        false,
        'Pipeline',
        ...NOTEBOOK_FIELDS.map(({ key, label, placeholder, offered }) =>
          field(label, this.notebookInput(offered, notebookText(said, key), placeholder, text => write(key, text)))
        ),
        field(
          'All steps',
          linesInput(defaults, 'limit:memory:4Gi', lines => write('steps_defaults', lines)),
          'tags that hold for every step that says nothing itself, one a line'
        ),
        field(
          'Volumes',
          linesInput(volumesAsLines(said.volumes), 'NAME:/mnt/data:5Gi', lines => write('volumes', volumesFromLines(lines, said.volumes))),
          'NAME:MOUNT POINT, and :SIZE for a new one; :RWO, :RWX, … is its access mode, :env tells steps in KALE_VOLUME_NAME where it is; one a line'
        ),
        ...this.claimFields(said, write),
        field(
          'Caching',
          checkbox(said.enable_caching !== false, on => write('enable_caching', on ? '' : false)),
          'whether results of steps that say nothing themselves may come from the cache'
        ),
        ...this.securityFields(said, write)
      ),
      this.elsewhere.form(this.notebook, line => this.start(this.notebook, line), () => this.redraw())
    ];
  }

  /** A line of text, with suggestions of what the context offers of that. */
  notebookInput(offered, value, placeholder, change) {
    return offered
      ? suggestingInput(value, placeholder, () => this.offers[offered](this.notebook, this.elsewhere.context), change)
      : textInput(value, placeholder, change);
  }

  /** A volume that is there already, and what is known of those that are mounted. */
  claimFields(said, write) {
    const add = name => {
      if (name) {
        write('volumes', withClaim(this.notebook.content.model.getMetadata('kubeflow_notebook')?.volumes, name));
        this.redraw();
      }
    };
    const lonely = this.offers.lonely(this.elsewhere.context, said.volumes ?? []);
    return [
      field(
        'Add a volume',
        this.notebookInput('volumes', '', 'a claim that is there', add),
        'the namespace’s volume claims, where the context logs in to Kubernetes; mounted below /mnt'
      ),
      ...lonely.map(({ name, mode }) => element('div', { className: 'chard-diagnostic' }, lonelyText(name, mode)))
    ];
  }

  /** In Kale's words; what is empty isn't said. */
  securityFields(said, write) {
    const change = (key, value) => {
      const { enabled, [key]: before, ...rest } = said.security_context ?? {};
      const next = value === '' ? rest : { ...rest, [key]: value };
      write('security_context', Object.keys(next).length ? next : '');
    };
    const number = ({ key, label, hint }) => {
      const input = textInput(said.security_context?.[key], 'the image’s', text => {
        input.setCustomValidity(/^\d*$/.test(text) ? '' : 'a number, such as 65534');
        return input.reportValidity() && change(key, text && Number(text));
      });
      return field(label, input, hint);
    };
    return [
      ...SECURITY_FIELDS.map(number),
      field(
        'Not as root',
        checkbox(said.security_context?.run_as_non_root === true, on => change('run_as_non_root', on || '')),
        'refuse to start a container that would run as root'
      )
    ];
  }

  // ---- results ----

  /** Does what a button asks for, its output below. */
  async start(notebook, line) {
    const { OutputArea, OutputAreaModel, SimplifiedOutputArea } = this.jupyter.outputarea;
    const area = new SimplifiedOutputArea({
      model: new OutputAreaModel({ trusted: true }),
      rendermime: notebook.content.rendermime,
      contentFactory: OutputArea.defaultContentFactory
    });
    const before = this.areas.get(notebook);
    before?.area.dispose();
    if (before?.waits) {
      before.cancel?.();
    }
    const canceled = new AbortController();
    const shown = { line, area, cancel: () => canceled.abort(), waits: true };
    this.areas.set(notebook, shown);
    this.showResult();
    if (await kernelHasTime(notebook, canceled.signal)) {
      shown.cancel = () => interrupt(notebook);
      shown.waits = false;
      this.showResult();
      await this.runIn(area, notebook, line);
    }
    shown.cancel = null;
    this.showResult();
  }

  async runIn(area, notebook, line) {
    try {
      await runInArea(this.jupyter, notebook, line, area);
    } catch (error) {
      area.model.add({ output_type: 'stream', name: 'stderr', text: `${error.message}\n` });
    }
  }

  showResult() {
    const shown = this.notebook ? this.areas.get(this.notebook) : null;
    if (!shown) {
      this.result.replaceChildren();
      return;
    }
    const { Widget } = this.jupyter.widgets;
    const cancel = element('button', { textContent: 'Cancel' });
    cancel.addEventListener('click', () => shown.cancel?.());
    const title = element('h3', {}, `%chard ${shown.line}`, shown.cancel ? cancel : null);
    const waits = shown.waits ? element('p', {}, shown.cancel ? 'waits until no cell runs' : 'was canceled') : '';
    if (shown.area.isAttached) {
      Widget.detach(shown.area);
    }
    this.result.replaceChildren(title, waits);
    Widget.attach(shown.area, this.result);
  }
}

function lonelyText(name, mode) {
  const who = mode === 'ReadWriteOncePod' ? 'one pod' : 'pods of one node';
  return `volume ${name} is ${mode}: only ${who} at a time can mount it. Steps that run at once wait for each other, or fail.`;
}

function isError(found) {
  return found.severity === 'error';
}

function summary(findings) {
  const errors = findings.diagnostics.filter(isError).length;
  const warnings = findings.diagnostics.length - errors;
  const count = (n, word) => `${n} ${word}${n === 1 ? '' : 's'}`;
  return [count(findings.steps.length, 'step'), errors && count(errors, 'error'), warnings && count(warnings, 'warning')]
    .filter(Boolean)
    .join(', ');
}

function settingField(setting, edited, change) {
  const values = edited.settings[setting.key] ?? [];
  const set = next => change({ settings: { ...edited.settings, [setting.key]: next.filter(Boolean) } });
  if (setting.choices) {
    const options = [{ value: '', label: 'as usual' }, ...setting.choices.map(value => ({ value, label: value }))];
    return field(setting.label, choice(options, values[0] ?? '', value => set([value])), setting.hint);
  }
  const control = setting.many
    ? linesInput(values, setting.placeholder, set)
    : textInput(values[0], setting.placeholder, text => set([text]));
  return field(setting.label, control, setting.hint);
}

/** A field of the notebook's metadata; older versions of Kale called some otherwise. */
function notebookText(said, key) {
  const older = { base_image: said.docker_image, experiment_name: said.experiment?.name };
  return said[key] ?? older[key] ?? '';
}
