# The report of one step: a page of its own, for KFP's dashboard.
# SPDX-License-Identifier: Apache-2.0

_page_style = """body{font:14px/1.45 system-ui,sans-serif;max-width:62em;margin:2em auto;padding:0 1em;color:#222}
h1{font-size:1.3em}pre{background:#f6f6f4;padding:.6em .8em;overflow:auto;border-radius:4px;white-space:pre-wrap}
pre.out{background:none;border-left:3px solid #d8d8d0}pre.error{color:#a00}table{border-collapse:collapse}
td,th{border:1px solid #ddd;padding:.2em .5em;text-align:right}img{max-width:100%}.when{color:#777}"""


def _report_page(spec, notebook, result):
    import html
    title = "%s: %s" % (spec.get("notebook", "notebook"), spec["step"])
    parts = ["<!DOCTYPE html><html><head><meta charset=\"utf-8\"><title>%s</title><style>%s</style></head><body>"
             % (html.escape(title), _page_style), "<h1>%s</h1><p class=\"when\">%.2f s</p>" % (html.escape(title), result["seconds"])]
    for cell in notebook["cells"]:
        parts.append("<pre>%s</pre>" % html.escape("".join(cell["source"])))
        parts += [_report_output(o, html.escape) for o in cell.get("outputs", ())]
    return "\n".join(parts + ["</body></html>\n"])


def _report_output(output, escape):
    if output["output_type"] == "stream":
        return "<pre class=\"out\">%s</pre>" % escape(_without_ansi("".join(output["text"])))
    if output["output_type"] == "error":
        return "<pre class=\"out error\">%s</pre>" % escape(_without_ansi("\n".join(output["traceback"])))
    data = {k: "".join(v) if isinstance(v, list) else v for k, v in output.get("data", {}).items()}
    for kind in ("text/html", "image/svg+xml"):
        if kind in data:
            return "<div>%s</div>" % data[kind]
    for kind in ("image/png", "image/jpeg", "image/gif"):
        if kind in data:
            return "<img alt=\"\" src=\"data:%s;base64,%s\">" % (kind, "".join(data[kind].split()))
    return "<pre class=\"out\">%s</pre>" % escape(str(data.get("text/plain", ", ".join(data))))


def _without_ansi(text):
    return re.sub(r"\x1b\[[0-9;?]*[ -/]*[@-~]", "", text)
