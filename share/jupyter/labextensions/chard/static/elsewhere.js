// The panel's section for what runs off this machine: when it does, where, and the documents that are sent there. When is a tag,
// schedule:, on whichever cell; the rest is not the notebook's.
// SPDX-License-Identifier: Apache-2.0
import { button, choice, element, field, textInput } from './form.js';
import { askJson, quoted } from './kernel.js';
import { pipelineTag, tagsOf, withPipelineTag } from './tags.js';

/** Documents that a pipeline is saved as. */
const TARGETS = [
  { value: 'kfp', label: 'Kubeflow Pipelines' },
  { value: 'argo', label: 'Argo Workflows' }
];

/** The model of the cell that has the pipeline's KEY: tag, or null. */
function cellWith(content, key) {
  return content.widgets.map(cell => cell.model).find(model => pipelineTag(tagsOf(model), key) !== null) ?? null;
}

/** The code cell that a new tag goes to: the selected one, else the first. */
function cellForTag(content) {
  const active = content.activeCell?.model;
  return active?.type === 'code' ? active : content.widgets.map(cell => cell.model).find(model => model.type === 'code');
}

/** A field for a tag of the whole pipeline; `changed ()` after it was written. */
function tagField(content, { key, label, placeholder, hint }, changed) {
  const holder = cellWith(content, key);
  const input = textInput(holder && pipelineTag(tagsOf(holder), key), placeholder, text => {
    const model = holder ?? cellForTag(content);
    const tags = model && withPipelineTag(tagsOf(model), key, text);
    if (tags?.length) {
      model.setMetadata('tags', tags);
    } else {
      model?.deleteMetadata('tags');
    }
    changed();
  });
  return field(label, input, holder ? `${hint}; a tag of cell ${content.widgets.findIndex(cell => cell.model === holder) + 1}` : hint);
}

/** What is remembered between two drawings of the section: the chosen place and the choice as it is shown, the
 * places that there are, whether it is open. */
export class Elsewhere {
  constructor() {
    this.context = '';
    this.contexts = [];
    this.target = TARGETS[0].value;
    this.open = false;
    this.asked = false;
    this.shown = null;
  }

  /** The section for a notebook's panel. `start (line)` does what a button asks for, `redraw ()` draws all anew. */
  form(notebook, start, redraw) {
    const { content } = notebook;
    const scheduled = cellWith(content, 'schedule') !== null;
    const submit = options => start(`submit${this.context ? ` -c ${quoted(this.context)}` : ''}${options}`);
    const section = element(
      'details',
      { className: 'chard-elsewhere', open: this.open || scheduled },
      element('summary', { textContent: 'Schedule, clusters and files' }),
      tagField(content, SCHEDULE, redraw),
      tagField(content, TIMEZONE, redraw),
      field('Context', this.contextChoice(), 'where to: what chard context list shows'),
      element(
        'div',
        { className: 'chard-buttons' },
        scheduled
          ? button('Schedule', 'submit it to run at these times (%chard submit)', () => submit(''))
          : button('Submit', 'build, upload and start it (%chard submit)', () => submit('')),
        scheduled ? button('Run now', 'start it once, now (%chard submit --now)', () => submit(' --now')) : null,
        button('Upload', 'only bring it there (%chard submit --upload)', () => submit(' --upload')),
        button('Test', 'see whether all is well with the context (%chard context test)', () =>
          start(`context test${this.context ? ` ${quoted(this.context)}` : ''}`)
        )
      ),
      field('Document', choice(TARGETS, this.target, target => (this.target = target)), 'what the pipeline is written as'),
      element(
        'div',
        { className: 'chard-buttons' },
        button('Save', 'write the document beside the notebook (%chard compile)', () =>
          start(`compile --verbose --to ${this.target} -o .`)
        )
      )
    );
    section.addEventListener('toggle', () => {
      this.open = section.open;
      if (this.open && !this.asked) {
        this.askContexts(notebook);
      }
      this.asked = this.open; // opened again, it asks again
    });
    return section;
  }

  contextChoice() {
    const named = this.contexts.map(({ name, target }) => ({ value: name, label: `${name} (${target ?? '?'})` }));
    const current = this.contexts.find(context => context.current);
    const options = [{ value: '', label: current ? `the current one, ${current.name}` : 'the current one' }, ...named];
    this.shown = choice(options, this.context, name => (this.context = name));
    return this.shown;
  }

  /** Only the choice is drawn anew: somebody may be typing in another field by then. */
  async askContexts(notebook) {
    try {
      this.contexts = (await askJson(notebook, 'context list')) ?? [];
    } catch {
      this.asked = false; // the kernel may not be there yet: when all is drawn anew, it is asked again
      return;
    }
    const old = this.shown;
    old.replaceWith(this.contextChoice());
  }
}

const SCHEDULE = {
  key: 'schedule',
  label: 'Schedule',
  placeholder: '0 6 * * 1-5',
  hint: 'minute, hour, day, month and weekday, as in crontab: 0 6 * * 1-5 is at six on working days'
};
const TIMEZONE = {
  key: 'timezone',
  label: 'Time zone',
  placeholder: 'Europe/Berlin',
  hint: 'of the schedule; KFP has its server’s own'
};
