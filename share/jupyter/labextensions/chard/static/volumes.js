// Volumes of the notebook's metadata, in Kale's form, as lines of text: NAME:MOUNT POINT, :SIZE of one that is to be made, :RWX or
// another access mode, :env.
// Knows nothing of Jupyter.
// SPDX-License-Identifier: Apache-2.0

/** Kubernetes' access modes, as kubectl shortens them; Kale once wrote other words. */
const MODES = { RWO: 'ReadWriteOnce', ROX: 'ReadOnlyMany', RWX: 'ReadWriteMany', RWOP: 'ReadWriteOncePod' };
const OLD_MODES = { rwo: 'RWO', rom: 'ROX', rwm: 'RWX' };

function shortMode(mode) {
  return OLD_MODES[mode] ?? Object.keys(MODES).find(short => MODES[short] === mode);
}

export function volumesAsLines(volumes) {
  return (volumes ?? []).map(v =>
    [v.name, v.mount_point, v.size && `${v.size}${v.size_type ?? ''}`, shortMode(v.volume_access_mode), v.expose_as_env_var && 'env'].filter(Boolean).join(':')
  );
}

/** The volumes and a claim that is there, mounted below /mnt. */
export function withClaim(volumes = [], name) {
  return volumes.some(v => v.name === name) ? volumes : [...volumes, { type: 'pvc', name, mount_point: `/mnt/${name}` }];
}

/** A volume that was there keeps what the line doesn't say (type, class, annotations). */
export function volumesFromLines(lines, volumes) {
  return lines
    .map(line => line.split(':'))
    .filter(([name, path]) => name && path)
    .map(([name, mount_point, ...rest]) => {
      const mode = MODES[rest.find(word => MODES[word])];
      const size = rest.find(word => word && word !== 'env' && !MODES[word]);
      const old = (volumes ?? []).find(v => v.name === name) ?? { type: size ? 'new_pvc' : 'pvc' };
      const volume = { ...old, name, mount_point };
      for (const said of ['size', 'size_type', 'volume_access_mode', 'expose_as_env_var']) {
        delete volume[said];
      }
      return { ...volume, ...(size && { size }), ...(mode && { volume_access_mode: mode }), ...(rest.includes('env') && { expose_as_env_var: true }) };
    });
}
