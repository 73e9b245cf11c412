/* Tests of compiler/emit: names, and that each emitter's own check of its document finds what is wrong with one.
 * SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "base/cleanup.h"
#include "compiler/emit/argo_verify.h"
#include "compiler/emit/graph_parts.h"
#include "compiler/emit/kfp_verify.h"
#include "compiler/emit/names.h"
#include "compiler/emit/pod_spec.h"
#include "doc/yaml.h"

/* ---- names ---- */

static void
names_are_what_kubernetes_allows (void **state)
{
    (void) state;
    struct arena *a = arena_create ();
    static const struct {
        const char *name, *label, *key;
    } cases[] = {
        { "train", "train", "train" },        { "Train Model", "train-model", "Train_Model" },
        { "1st", "step-1st", "step_1st" },    { "--x--", "x", "x" },
        { "", "step", "step" },               { "%numpy.random", "numpy-random", "numpy_random" },
        { "\xc3\xa9t\xc3\xa9", "t", "t" },    { "a__b", "a-b", "a__b" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_string_equal (names_map_one (a, cases[i].name, NAME_LABEL, "step"), cases[i].label);
        assert_string_equal (names_map_one (a, cases[i].name, NAME_KEY, "step"), cases[i].key);
    }
    arena_destroy (a);
}

static void
names_stay_apart (void **state)
{
    (void) state;
    struct arena *a = arena_create ();
    char longer[201], longest[202];
    memset (longer, 'x', 200);
    memset (longest, 'x', 201);
    longer[200] = longest[201] = 0;
    const char *const given[] = { "A B", "a-b", "a b", "a.b", "", "\xc3\xa9", longer, longest, "step" };
    const size_t n = sizeof given / sizeof *given;
    struct vec_str names = { 0 };
    for (size_t i = 0; i < n; i++)
        vec_push (a, &names, given[i]);
    const char **mapped = names_map (a, &names, NAME_LABEL, "step");
    for (size_t i = 0; i < n; i++) {
        assert_true (strlen (mapped[i]) <= 50);
        assert_int_equal (strspn (mapped[i], "abcdefghijklmnopqrstuvwxyz0123456789-"), strlen (mapped[i]));
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal (mapped[i], mapped[k]);
    }
    assert_string_equal (mapped[1], "a-b"); /* what is fine already stays */
    assert_string_equal (mapped[8], "step");
    arena_destroy (a);
}

static void
arguments_hold_nothing_that_expands (void **state)
{
    (void) state;
    struct arena *a = arena_create ();
    assert_string_equal (pod_escape (a, "{\"a\":\"{{x}} {{{ $(HOME) $$\"}"),
                         "{\"a\":\"{\\u007bx}} {\\u007b\\u007b \\u0024(HOME) \\u0024\\u0024\"}");
    assert_string_equal (pod_escape (a, "\x7f"), "\\u007f");
    assert_false (pod_string_needs_json ("plain $X) { { }}"));
    assert_true (pod_string_needs_json ("a{{b"));
    assert_true (pod_string_needs_json ("a$(HOME)"));
    assert_true (pod_string_needs_json ("a$$b"));
    assert_true (pod_string_needs_json ("\x01"));
    arena_destroy (a);
}

/* ---- documents ---- */

static const char kfp_document[] =
    "pipelineInfo: {name: p}\n"
    "schemaVersion: '2.1.0'\n"
    "sdkVersion: chard\n"
    "root:\n"
    "  inputDefinitions: {parameters: {N: {parameterType: NUMBER_INTEGER}}}\n"
    "  dag:\n"
    "    tasks:\n"
    "      a: {taskInfo: {name: a}, componentRef: {name: comp-a},\n"
    "          inputs: {parameters: {N: {componentInputParameter: N}}},\n"
    "          retryPolicy: {maxRetryCount: 3, backoffDuration: 10s, backoffFactor: 2.0}}\n"
    "      b: {taskInfo: {name: b}, componentRef: {name: comp-b}, dependentTasks: [a],\n"
    "          inputs: {artifacts: {x: {taskOutputArtifact: {producerTask: a, outputArtifactKey: x}}}}}\n"
    "components:\n"
    "  comp-a: {executorLabel: exec-a,\n"
    "           inputDefinitions: {parameters: {N: {parameterType: NUMBER_INTEGER}}},\n"
    "           outputDefinitions: {artifacts: {x: {artifactType: {schemaTitle: system.Artifact, schemaVersion: "
    "0.0.1}}}}}\n"
    "  comp-b: {executorLabel: exec-b,\n"
    "           inputDefinitions: {artifacts: {x: {artifactType: {schemaTitle: system.Artifact, schemaVersion: "
    "0.0.1}}}}}\n"
    "deploymentSpec:\n"
    "  executors:\n"
    "    exec-a: {container: {image: i, command: [c], args: ['{{$}}', \"{{$.outputs.artifacts['x'].path}}\"]}}\n"
    "    exec-b: {container: {image: i, command: [c], args: [\"{{$.inputs.artifacts['x'].path}}\"]}}\n";

static const char argo_document[] =
    "entrypoint: pipeline\n"
    "arguments: {parameters: [{name: n, value: '1'}]}\n"
    "volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]\n"
    "templates:\n"
    "- name: pipeline\n"
    "  dag:\n"
    "    tasks:\n"
    "    - {name: a, template: step, arguments: {parameters: [{name: spec, value: x}]}}\n"
    "    - {name: b, template: step-2, dependencies: [a], arguments: {\n"
    "         parameters: [{name: spec, value: x}],\n"
    "         artifacts: [{name: in-0, from: '{{tasks.a.outputs.artifacts.result}}'}]}}\n"
    "- name: step\n"
    "  inputs: {parameters: [{name: spec}]}\n"
    "  container: {image: i, command: [c], args: ['{{inputs.parameters.spec}}']}\n"
    "  outputs: {artifacts: [{name: result, path: /r}]}\n"
    "- name: step-2\n"
    "  inputs: {parameters: [{name: spec}], artifacts: [{name: in-0, path: /i}]}\n"
    "  container: {image: i, command: [c], volumeMounts: [{name: data, mountPath: /data}]}\n"
    "  outputs: {artifacts: [{name: result, path: /r}]}\n";

/* Graphs within: a loop over what a task tells, and what runs at the end. */
static const char kfp_loop[] =
    "pipelineInfo: {name: p}\n"
    "schemaVersion: '2.1.0'\n"
    "sdkVersion: chard\n"
    "root:\n"
    "  dag:\n"
    "    tasks:\n"
    "      items: {taskInfo: {name: items}, componentRef: {name: comp-items}}\n"
    "      each: {taskInfo: {name: each}, componentRef: {name: comp-loop}, dependentTasks: [items],\n"
    "             inputs: {parameters: {all: {taskOutputParameter: {producerTask: items, outputParameterKey: "
    "Output}}}},\n"
    "             parameterIterator: {itemInput: one, items: {inputParameter: all}}, iteratorPolicy: "
    "{parallelismLimit: 2}}\n"
    "      last: {taskInfo: {name: last}, componentRef: {name: comp-last}, dependentTasks: [each],\n"
    "             inputs: {artifacts: {parts: {taskOutputArtifact: {producerTask: each, outputArtifactKey: part}}}}}\n"
    "components:\n"
    "  comp-items: {dag: {tasks: {tell: {taskInfo: {name: tell}, componentRef: {name: comp-tell}}},\n"
    "                     outputs: {parameters: {Output: {valueFromParameter: {producerSubtask: tell, "
    "outputParameterKey: told}}}}},\n"
    "               outputDefinitions: {parameters: {Output: {parameterType: LIST}}}}\n"
    "  comp-tell: {executorLabel: exec, outputDefinitions: {parameters: {told: {parameterType: LIST}}}}\n"
    "  comp-loop: {dag: {tasks: {run: {taskInfo: {name: run}, componentRef: {name: comp-run},\n"
    "                                  inputs: {parameters: {one: {componentInputParameter: one}}}}},\n"
    "                    outputs: {artifacts: {part: {artifactSelectors: [{producerSubtask: run, outputArtifactKey: "
    "part}]}}}},\n"
    "              inputDefinitions: {parameters: {all: {parameterType: LIST}, one: {parameterType: STRING}}},\n"
    "              outputDefinitions: {artifacts: {part: {artifactType: {schemaTitle: system.Artifact, schemaVersion: "
    "0.0.1}, isArtifactList: true}}}}\n"
    "  comp-run: {executorLabel: exec-run, inputDefinitions: {parameters: {one: {parameterType: STRING}}},\n"
    "             outputDefinitions: {artifacts: {part: {artifactType: {schemaTitle: system.Artifact, schemaVersion: "
    "0.0.1}}}}}\n"
    "  comp-last: {executorLabel: exec, inputDefinitions: {artifacts: {parts: {artifactType: {schemaTitle: "
    "system.Artifact, schemaVersion: 0.0.1}, isArtifactList: true}}}}\n"
    "deploymentSpec:\n"
    "  executors:\n"
    "    exec: {container: {image: i, command: [c]}}\n"
    "    exec-run: {container: {image: i, command: [c], args: [\"{{$.inputs.parameters['one']}}\"]}}\n";

static const char argo_loop[] =
    "entrypoint: pipeline\n"
    "onExit: exit\n"
    "templates:\n"
    "- name: pipeline\n"
    "  dag:\n"
    "    tasks:\n"
    "    - {name: a, template: step}\n"
    "    - {name: each, template: loop, dependencies: [a], arguments: {\n"
    "         parameters: [{name: ranges, value: '{{tasks.a.outputs.parameters.ranges}}'}],\n"
    "         artifacts: [{name: in-0, from: '{{tasks.a.outputs.artifacts.result}}'}]}}\n"
    "    - {name: b, template: last, dependencies: [each]}\n"
    "- name: step\n"
    "  container: {image: i, command: [c]}\n"
    "  outputs: {artifacts: [{name: result, path: /r}], parameters: [{name: ranges, valueFrom: {path: /l}}]}\n"
    "- name: round\n"
    "  inputs: {parameters: [{name: rounds}], artifacts: [{name: in-0, path: /i}]}\n"
    "  container: {image: i, command: [c], args: ['{{inputs.parameters.rounds}}']}\n"
    "  outputs: {artifacts: [{name: part, path: /p, archive: {none: {}}, s3: {key: '{{workflow.name}}/each'}}]}\n"
    "- name: last\n"
    "  inputs: {artifacts: [{name: parts, path: /p, archive: {none: {}}, s3: {key: '{{workflow.name}}/each'}}]}\n"
    "  container: {image: i, command: [c]}\n"
    "- name: loop\n"
    "  parallelism: 2\n"
    "  inputs: {parameters: [{name: ranges}], artifacts: [{name: in-0}]}\n"
    "  dag:\n"
    "    tasks:\n"
    "    - {name: each, template: round, withParam: '{{inputs.parameters.ranges}}', arguments: {\n"
    "         parameters: [{name: rounds, value: '{{item}}'}], artifacts: [{name: in-0, from: "
    "'{{inputs.artifacts.in-0}}'}]}}\n"
    "- name: exit\n"
    "  dag: {tasks: [{name: tell, template: step}]}\n";

/* The document with the first `from` in it replaced by `to`, or as it is. */
static json_t *
changed (const char *document, const char *from, const char *to)
{
    cleanup_strbuf struct strbuf text = { 0 };
    const char *at = from ? strstr (document, from) : document;
    assert_non_null (at);
    strbuf_add (&text, document, (size_t) (at - document));
    strbuf_adds (&text, from ? to : "");
    strbuf_adds (&text, at + (from ? strlen (from) : 0));
    struct error err = { 0 };
    json_t *value = yaml_parse (text.data, text.len, &err);
    if (!value)
        fail_msg ("%s", err.text);
    return value;
}

struct fault {
    const char *from, *to, *message;
};

static void
expect_faults (const char *document, int (*verify) (const json_t *, struct error *), const struct fault *faults)
{
    struct error err = { 0 };
    json_auto_t *whole = changed (document, NULL, NULL);
    if (verify (whole, &err) < 0)
        fail_msg ("the document as it should be: %s", err.text);
    for (; faults->from; faults++) {
        json_auto_t *broken = changed (document, faults->from, faults->to);
        if (verify (broken, &err) == 0)
            fail_msg ("'%s' for '%s' is not found", faults->to, faults->from);
        if (!strstr (err.text, faults->message))
            fail_msg ("'%s' does not say '%s'", err.text, faults->message);
    }
}

static void
kfp_faults_are_found (void **state)
{
    (void) state;
    static const struct fault faults[] = {
        { "exec-b: {container", "exec-c: {container", "no executor exec-b" },
        { "comp-b: {executorLabel", "comp-c: {executorLabel", "component isn't there" },
        { "producerTask: a", "producerTask: c", "which isn't there" },
        { "outputArtifactKey: x", "outputArtifactKey: y", "has no output y" },
        { "dependentTasks: [a]", "dependentTasks: []", "does not wait for task a" },
        { "dependentTasks: [a]", "dependentTasks: [a, b]", "waits for itself" },
        { "dependentTasks: [a]", "dependentTasks: [a, c]", "waited for and isn't there" },
        { "componentInputParameter: N", "componentInputParameter: M", "parameter N" },
        { "{N: {parameterType: NUMBER_INTEGER}}", "{N: {parameterType: STRING}}", "two types" },
        { "inputs: {parameters: {N: {componentInputParameter: N}}}", "inputs: {}", "not given: N" },
        { "schemaTitle: system.Artifact", "schemaTitle: system.Model", "another type" },
        { "taskInfo: {name: a}", "taskInfo: {name: A}", "taskInfo" },
        { "image: i", "image: ''", "no image" },
        { "command: [c]", "command: []", "no command" },
        { "$.outputs.artifacts['x']", "$.outputs.artifacts['y']", "names nothing" },
        { "$.outputs.artifacts['x']", "$.outputs.parameters['x']", "not understood" },
        { "'{{$}}'", "'x{{$}}'", "stands where none may" },
        { "schemaVersion: '2.1.0'", "schemaVersion: '2.2.0'", "2.1.0 alone" },
        { "schemaVersion: '2.1.0'", "schemaVersion: 2.1", "schemaVersion: it is of another type" },
        { "pipelineInfo: {name: p}", "pipelineInfo: {}", "pipelineInfo: name is missing" },
        { "sdkVersion", "sdkversion", "there is no field sdkversion" },
        { "maxRetryCount: 3", "maxRetryCount: '3'",
          "root.dag.tasks.a.retryPolicy.maxRetryCount: it is of another type" },
        { "backoffDuration: 10s", "backoffDuration: 10m", "backoffDuration: it is of another type" },
        { "command: [c]", "command: [c, 1]", "executors.exec-a.container.command[1]: it is no text" },
        { "schemaVersion: 0.0.1", "schemaversion: 0.0.1", "another type" },
        { NULL, NULL, NULL },
    };
    expect_faults (kfp_document, kfp_verify, faults);
}

static void
kfp_faults_within_are_found (void **state)
{
    (void) state;
    static const struct fault faults[] = {
        { "itemInput: one", "itemInput: two", "its loop is about none of its parameters" },
        { "inputParameter: all", "inputParameter: some", "its loop is about none of its parameters" },
        { "{all: {parameterType: LIST}", "{all: {parameterType: STRING}", "something else than a list" },
        { "{producerSubtask: run", "{producerSubtask: ran", "none of its own tasks leaves part" },
        { "{producerSubtask: tell", "{producerSubtask: told", "none of its own tasks tells Output" },
        { "outputParameterKey: told", "outputParameterKey: Output", "none of its own tasks tells Output" },
        { "told: {parameterType: LIST}", "told: {parameterType: STRING}", "none of its own tasks tells Output" },
        { "run, outputArtifactKey: part", "run, outputArtifactKey: other", "none of its own tasks leaves part" },
        { "componentInputParameter: one", "componentInputParameter: two", "parameter one" },
        { "isArtifactList: true", "isArtifactList: false", "another type" },
        { "$.inputs.parameters['one']", "$.inputs.parameters['two']", "names nothing" },
        { "componentRef: {name: comp-run}", "componentRef: {name: comp-ran}", "component isn't there" },
        { "parallelismLimit: 2", "parallelismLimit: '2'", "parallelismLimit: it is of another type" },
        { "dependentTasks: [items]", "dependentTasks: []", "does not wait for task items" },
        { NULL, NULL, NULL },
    };
    expect_faults (kfp_loop, kfp_verify, faults);
}

static void
argo_faults_within_are_found (void **state)
{
    (void) state;
    static const struct fault faults[] = {
        { "onExit: exit", "onExit: end", "no template 'end' for what runs at the end" },
        { "withParam: '{{inputs.parameters.ranges}}'", "withParam: '{{inputs.parameters.rounds}}'",
          "is repeated over" },
        { "{{inputs.artifacts.in-0}}", "{{inputs.artifacts.in-1}}", "takes an artifact from" },
        { "template: round", "template: rounds", "has no template 'rounds'" },
        { "{name: rounds, value: '{{item}}'}", "{name: round, value: '{{item}}'}", "does not give rounds" },
        { "value: '{{item}}'", "value: '{{items}}'", "double braces" },
        { "[{name: ranges, value: '{{tasks.a.outputs.parameters.ranges}}'}]", "[]", "does not give ranges" },
        { "parallelism: 2", "parallelism: '2'", "parallelism: it is of another type" },
        { "s3: {key: '{{workflow.name}}/each'}", "s3: {keys: '{{workflow.name}}/each'}", "there is no field keys" },
        { "[{name: tell, template: step}]", "[{name: tell, template: stop}]", "has no template 'stop'" },
        { NULL, NULL, NULL },
    };
    expect_faults (argo_loop, argo_verify, faults);
}

static void
argo_faults_are_found (void **state)
{
    (void) state;
    static const struct fault faults[] = {
        { "entrypoint: pipeline", "entrypoint: other", "no entry point" },
        { "template: step,", "template: stop,", "has no template 'stop'" },
        { "dependencies: [a]", "dependencies: []", "without waiting" },
        { "dependencies: [a]", "dependencies: [a, b]", "waits for itself" },
        { "dependencies: [a]", "dependencies: [a, c]", "isn't there" },
        { "name: b, template", "name: a, template", "two tasks" },
        { "- name: step-2", "- name: step", "two templates" },
        { "tasks.a.outputs.artifacts.result", "tasks.a.outputs.artifacts.other", "does not leave the artifact" },
        { "arguments: {parameters: [{name: spec, value: x}]}", "arguments: {}", "does not give spec" },
        { "artifacts: [{name: in-0, from", "artifacts: [{name: in-1, from", "does not give in-0" },
        { "volumes: [{name: data,", "volumes: [{name: more,", "isn't declared" },
        { "[{name: n, value: '1'}]", "[{name: n, value: '1'}, {name: n, value: '2'}]",
          "two parameters are called 'n'" },
        { "[{name: n, value: '1'}]", "[{value: '1'}]", "arguments.parameters[0]: name is missing" },
        { "[{name: n, value: '1'}]", "[{name: n, value: 1}]", "arguments.parameters[0].value: it is of another type" },
        { "persistentVolumeClaim", "persistentVolume", "volumes[0]: there is no field persistentVolume" },
        { "path: /r", "paths: /r", "templates[1].outputs.artifacts[0]: there is no field paths" },
        { "container: {image: i,", "container: {image: i, resources: {limits: {memory: lots}},",
          "resources.limits.memory: it is no quantity" },
        { "image: i", "image: ''", "no image" },
        { "{name: spec, value: x}", "{name: spec, value: '{{x}}'}", "double braces" },
        { "{name: spec, value: x}", "{name: spec, value: 'a {{inputs.parameters.'}", "double braces" },
        { NULL, NULL, NULL },
    };
    expect_faults (argo_document, argo_verify, faults);
}

/* Which part each task of a chain gets. */
static void
expect_parts (const size_t unit[4], const size_t wanted[4])
{
    struct arena *a = arena_create ();
    struct vec_int after[4] = { 0 };
    size_t part[4];
    for (int i = 1; i < 4; i++)
        vec_push (a, &after[i], i - 1);
    assert_int_equal (graph_parts (a, after, unit, 4, 2, part), wanted[3] + 1);
    assert_memory_equal (part, wanted, sizeof part);
    arena_destroy (a);
}

static void
units_are_never_parted (void **state)
{
    (void) state;
    expect_parts ((const size_t[]){ 0, 1, 2, 3 }, (const size_t[]){ 0, 0, 1, 1 });
    expect_parts ((const size_t[]){ 0, 1, 1, 3 }, (const size_t[]){ 0, 1, 1, 2 });
    expect_parts ((const size_t[]){ 1, 1, 3, 3 }, (const size_t[]){ 0, 0, 1, 1 });
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (names_are_what_kubernetes_allows),
        cmocka_unit_test (names_stay_apart),
        cmocka_unit_test (arguments_hold_nothing_that_expands),
        cmocka_unit_test (kfp_faults_are_found),
        cmocka_unit_test (argo_faults_are_found),
        cmocka_unit_test (kfp_faults_within_are_found),
        cmocka_unit_test (argo_faults_within_are_found),
        cmocka_unit_test (units_are_never_parted),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
