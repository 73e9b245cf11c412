// The language of cells' tags, chard-tags(7): reads a list of tags into what the panel edits, and writes it back. Tags that
// are not ours, and ours that the panel has no field for, stay as and where they are. Knows nothing of Jupyter.
// SPDX-License-Identifier: Apache-2.0

/** What a cell can be; `tag` is how it says so. A cell without one joins the step before it. */
export const ROLES = [
  { value: '', label: 'As inferred' },
  { value: 'step', label: 'Pipeline step' },
  { value: 'notebook', label: 'Notebook' }, // stands for another notebook's cells
  { value: 'imports', label: 'Imports' },
  { value: 'functions', label: 'Functions' },
  { value: 'pipeline-parameters', label: 'Pipeline parameters' },
  { value: 'pipeline-metrics', label: 'Pipeline metrics' },
  { value: 'skip', label: 'Skip cell' }
];

/** Settings of a step: `key` as in its tag; `many` says that it may stand several times, as KEY:NAME:VALUE does. */
export const SETTINGS = [
  { key: 'limit', label: 'Limits', many: true, placeholder: 'memory:4Gi', hint: 'memory:4Gi, cpu:2, nvidia.com/gpu:1' },
  { key: 'image', label: 'Image', placeholder: 'python:3.11', hint: 'the container image that this step runs in' },
  { key: 'retry', label: 'Retries', placeholder: '3', hint: 'try again so often when it fails' },
  { key: 'timeout', label: 'Time-out', placeholder: '1h30m', hint: 'end it after 90s, 10m or 1h30m' },
  { key: 'cache', label: 'Cache', choices: ['enabled', 'disabled'], hint: 'whether its result may come from the cache' },
  { key: 'report', label: 'Report', choices: ['enabled', 'disabled'], hint: 'whether it is shown in the report' },
  { key: 'env', label: 'Environment', many: true, placeholder: 'NAME:value', hint: 'an environment variable' },
  { key: 'secret', label: 'Secrets', many: true, placeholder: 'NAME:KEY:ENV', hint: 'a variable from a key of a secret' },
  { key: 'volume', label: 'Volumes', many: true, placeholder: 'NAME:/mnt/data', hint: 'a volume to mount' },
  { key: 'label', label: 'Labels', many: true, placeholder: 'key:value', hint: 'a label of its pod' },
  { key: 'annotation', label: 'Annotations', many: true, placeholder: 'key:value', hint: 'an annotation of its pod' },
  { key: 'node', label: 'Nodes', many: true, placeholder: 'key:value', hint: 'a label that its node must have' },
  { key: 'toleration', label: 'Tolerations', many: true, placeholder: 'key:value', hint: 'a taint of nodes that it may run on' },
  { key: 'foreach', label: 'For each', placeholder: 'NAME or NAME:LIMIT', hint: 'the rounds of its loop over this list run at once' },
  { key: 'when', label: 'When', placeholder: 'accuracy > 0.9', hint: 'run it only if this holds' },
  { key: 'register', label: 'Register as', placeholder: 'MODEL', hint: 'register the model that it makes' },
  { key: 'serve', label: 'Serve as', placeholder: 'NAME', hint: 'serve the model that it makes' }
];

/** What any cell can say of the whole pipeline, once: see elsewhere.js. */
const PIPELINE_KEYS = ['schedule', 'timezone'];

/** Roles that have a name, and how their tag begins; of two spellings the second is older. */
const NAMED = { step: ['step', 'block'], notebook: ['notebook'] };
const NAMING = Object.values(NAMED).flat();
const WORDS = new Set(ROLES.map(role => role.value).filter(value => value && !NAMED[value]));
const AFTER = ['after', 'prev'];
const SETTING_KEYS = new Set(SETTINGS.map(setting => setting.key));

function split(tag) {
  const at = tag.indexOf(':');
  return at < 0 ? [tag, null] : [tag.slice(0, at), tag.slice(at + 1)];
}

/** The tags of a cell's model. */
export function tagsOf(model) {
  const tags = model.getMetadata('tags');
  return Array.isArray(tags) ? tags.filter(tag => typeof tag === 'string') : [];
}

/** What the tags say of the whole pipeline under that key, or null. */
export function pipelineTag(tags, key) {
  return tags.map(split).find(([word, value]) => word === key && value)?.[1] ?? null;
}

/** The tags with that value in its place; '' takes it off. */
export function withPipelineTag(tags, key, value) {
  const others = tags.filter(tag => !(split(tag)[0] === key && split(tag)[1] !== null));
  return value ? [...others, `${key}:${value}`] : others;
}

/** A cell's tags without ours. */
export function withoutOurs(tags) {
  return tags.filter(tag => !isOurs(tag) && !PIPELINE_KEYS.some(key => pipelineTag([tag], key) !== null));
}

/** {role, step, after: [step], settings: {key: [value]}} of a cell's tags; `step` is the name of a role that has one. */
export function readTags(tags) {
  const read = { role: '', step: '', after: [], settings: {} };
  for (const tag of tags) {
    const [key, value] = split(tag);
    if (value === null && WORDS.has(key)) {
      read.role = read.role || key;
    } else if (NAMING.includes(key) && value) {
      read.role = read.role || Object.keys(NAMED).find(role => NAMED[role].includes(key));
      read.step = read.step || value;
    } else if (AFTER.includes(key) && value) {
      read.after.push(value);
    } else if (SETTING_KEYS.has(key) && value) {
      (read.settings[key] = read.settings[key] || []).push(value);
    }
  }
  return read;
}

function isOurs(tag) {
  const [key, value] = split(tag);
  return value === null ? WORDS.has(key) : NAMING.includes(key) || AFTER.includes(key) || SETTING_KEYS.has(key);
}

/** The tags that say what `edited` says (in the shape of readTags), in place of those of ours among `tags`. Both of Kale's
 * spellings are kept where the cell has them already. */
export function writeTags(tags, edited) {
  const spelling = (words, value) => {
    const old = words.map(word => `${word}:${value}`).find(tag => tags.includes(tag));
    return old || `${words.find(word => tags.some(tag => split(tag)[0] === word)) || words[0]}:${value}`;
  };
  const wanted = [];
  if (NAMED[edited.role] && edited.step) {
    wanted.push(spelling(NAMED[edited.role], edited.step));
  } else if (edited.role && !NAMED[edited.role]) {
    wanted.push(edited.role);
  }
  wanted.push(...edited.after.map(name => spelling(AFTER, name)));
  for (const { key } of SETTINGS) {
    wanted.push(...(edited.settings[key] || []).map(value => `${key}:${value}`));
  }
  const kept = tags.filter(tag => !isOurs(tag) || wanted.includes(tag));
  return kept.concat(wanted.filter(tag => !kept.includes(tag)));
}

/** Why a step can't have this name, or null. */
export function stepNameProblem(name) {
  if (!name) {
    return 'a step needs a name';
  }
  return /[/\n\r\0]/.test(name) ? 'a name has no slash and no line break' : null;
}
