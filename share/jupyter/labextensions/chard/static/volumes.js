// Volumes of the notebook's metadata, in Kale's form, as lines of text: NAME:MOUNT POINT, :SIZE of one that is to be made, :env.
// Knows nothing of Jupyter.
// SPDX-License-Identifier: Apache-2.0

export function volumesAsLines(volumes) {
  return (volumes ?? []).map(v =>
    [v.name, v.mount_point, v.size && `${v.size}${v.size_type ?? ''}`, v.expose_as_env_var && 'env'].filter(Boolean).join(':')
  );
}

/** A volume that was there keeps what the line doesn't say (type, class, annotations). */
export function volumesFromLines(lines, volumes) {
  return lines
    .map(line => line.split(':'))
    .filter(([name, path]) => name && path)
    .map(([name, mount_point, ...rest]) => {
      const size = rest.find(word => word && word !== 'env');
      const old = (volumes ?? []).find(v => v.name === name) ?? { type: size ? 'new_pvc' : 'pvc' };
      const volume = { ...old, name, mount_point };
      for (const said of ['size', 'size_type', 'expose_as_env_var']) {
        delete volume[said];
      }
      return { ...volume, ...(size && { size }), ...(rest.includes('env') && { expose_as_env_var: true }) };
    });
}
