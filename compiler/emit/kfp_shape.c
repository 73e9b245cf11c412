/* The fields of KFP's documents that emit_kfp uses: pipeline_spec.proto and kubernetes_executor_config.proto, in
 * proto3's JSON mapping. See shape.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/emit/kfp_shape.h"

/* ---- components ---- */

static const struct shape artifact_type[] = { MUST ("schemaTitle", NAME), MUST ("schemaVersion", NAME), { 0 } };

static const struct shape artifact[] = {
    MUST_HOLD ("artifactType", OBJECT, artifact_type),
    MAY ("isOptional", BOOL),
    MAY ("isArtifactList", BOOL),
    MAY ("description", TEXT),
    { 0 },
};

static const struct shape parameter[] = {
    MUST ("parameterType", NAME),
    MAY ("defaultValue", ANY),
    MAY ("isOptional", BOOL),
    { 0 },
};

static const struct shape definitions[] = {
    MAY_HOLD ("artifacts", MAP, artifact),
    MAY_HOLD ("parameters", MAP, parameter),
    { 0 },
};

/* ---- executors ---- */

static const struct shape accelerator[] = { MUST ("resourceType", NAME), MUST ("resourceCount", NAME), { 0 } };

static const struct shape resources[] = {
    MAY ("resourceCpuLimit", NAME),
    MAY ("resourceMemoryLimit", NAME),
    MAY_HOLD ("accelerator", OBJECT, accelerator),
    { 0 },
};

static const struct shape container[] = {
    MUST ("image", NAME),
    MAY ("command", TEXTS), /* not where KFP's driver does it itself */
    MAY ("args", TEXTS),
    MAY_HOLD ("resources", OBJECT, resources),
    { 0 },
};

static const struct shape executor[] = { MUST_HOLD ("container", OBJECT, container), { 0 } };

static const struct shape deployment[] = { MUST_HOLD ("executors", MAP, executor), { 0 } };

/* ---- tasks ---- */

static const struct shape named[] = { MUST ("name", NAME), { 0 } };

static const struct shape task_output[] = { MUST ("producerTask", NAME), MUST ("outputArtifactKey", NAME), { 0 } };

static const struct shape artifact_input[] = {
    MAY ("componentInputArtifact", NAME),
    MAY_HOLD ("taskOutputArtifact", OBJECT, task_output),
    { 0 },
};

static const struct shape task_parameter[] = { MUST ("producerTask", NAME), MUST ("outputParameterKey", NAME), { 0 } };

static const struct shape any_constant[] = { MUST ("constant", ANY), { 0 } };

static const struct shape parameter_input[] = {
    MAY_HOLD ("runtimeValue", OBJECT, any_constant),
    MAY ("componentInputParameter", NAME),
    MAY_HOLD ("taskOutputParameter", OBJECT, task_parameter),
    { 0 },
};

static const struct shape trigger[] = { MAY ("condition", NAME), MAY ("strategy", NAME), { 0 } };

static const struct shape task_inputs[] = {
    MAY_HOLD ("artifacts", MAP, artifact_input),
    MAY_HOLD ("parameters", MAP, parameter_input),
    { 0 },
};

static const struct shape caching[] = { MAY ("enableCache", BOOL), { 0 } };

static const struct shape retry[] = {
    MUST ("maxRetryCount", INTEGER),
    MAY ("backoffDuration", DURATION),
    MAY ("backoffFactor", NUMBER),
    MAY ("backoffMaxDuration", DURATION),
    { 0 },
};

static const struct shape iterator_items[] = { MUST ("inputParameter", NAME), { 0 } };

static const struct shape iterator[] = {
    MUST ("itemInput", NAME),
    MUST_HOLD ("items", OBJECT, iterator_items),
    { 0 },
};

static const struct shape iterator_policy[] = { MUST ("parallelismLimit", INTEGER), { 0 } };

static const struct shape task[] = {
    MUST_HOLD ("taskInfo", OBJECT, named),
    MUST_HOLD ("componentRef", OBJECT, named),
    MAY ("dependentTasks", TEXTS),
    MAY_HOLD ("inputs", OBJECT, task_inputs),
    MAY_HOLD ("triggerPolicy", OBJECT, trigger),
    MAY_HOLD ("parameterIterator", OBJECT, iterator),
    MAY_HOLD ("iteratorPolicy", OBJECT, iterator_policy),
    MAY_HOLD ("cachingOptions", OBJECT, caching),
    MAY_HOLD ("retryPolicy", OBJECT, retry),
    { 0 },
};

/* ---- documents ---- */

static const struct shape selector_of_artifact[] = {
    MUST ("producerSubtask", NAME),
    MUST ("outputArtifactKey", NAME),
    { 0 },
};

static const struct shape selectors[] = { MUST_HOLD ("artifactSelectors", LIST, selector_of_artifact), { 0 } };

static const struct shape selector_of_parameter[] = {
    MUST ("producerSubtask", NAME),
    MUST ("outputParameterKey", NAME),
    { 0 },
};

static const struct shape parameter_source[] = { MUST_HOLD ("valueFromParameter", OBJECT, selector_of_parameter),
                                                 { 0 } };

static const struct shape dag_outputs[] = {
    MAY_HOLD ("artifacts", MAP, selectors),
    MAY_HOLD ("parameters", MAP, parameter_source),
    { 0 },
};

static const struct shape dag[] = {
    MUST_HOLD ("tasks", MAP, task),
    MAY_HOLD ("outputs", OBJECT, dag_outputs),
    { 0 },
};

static const struct shape component[] = {
    MAY ("executorLabel", NAME), /* or else a graph of its own */
    MAY_HOLD ("dag", OBJECT, dag),
    MAY_HOLD ("inputDefinitions", OBJECT, definitions),
    MAY_HOLD ("outputDefinitions", OBJECT, definitions),
    { 0 },
};

static const struct shape root[] = {
    MUST_HOLD ("dag", OBJECT, dag),
    MAY_HOLD ("inputDefinitions", OBJECT, definitions),
    { 0 },
};

static const struct shape info[] = { MUST ("name", NAME), MAY ("displayName", TEXT), MAY ("description", TEXT), { 0 } };

const struct shape kfp_shape_pipeline[] = {
    MUST_HOLD ("pipelineInfo", OBJECT, info),
    MUST_HOLD ("root", OBJECT, root),
    MUST_HOLD ("components", MAP, component),
    MUST_HOLD ("deploymentSpec", OBJECT, deployment),
    MUST ("schemaVersion", NAME),
    MUST ("sdkVersion", NAME),
    { 0 },
};

/* ---- the platform's ---- */

static const struct shape pod_metadata[] = { MAY ("labels", TEXT_MAP), MAY ("annotations", TEXT_MAP), { 0 } };

static const struct shape constant[] = { MUST ("constant", NAME), { 0 } };

static const struct shape runtime_value[] = { MUST_HOLD ("runtimeValue", OBJECT, constant), { 0 } };

static const struct shape key_to_env[] = { MUST ("secretKey", NAME), MUST ("envVar", NAME), { 0 } };

static const struct shape secret[] = {
    MAY ("secretName", NAME),
    MUST_HOLD ("secretNameParameter", OBJECT, runtime_value),
    MUST_HOLD ("keyToEnv", LIST, key_to_env),
    MAY ("optional", BOOL),
    { 0 },
};

static const struct shape claim_name[] = {
    MAY_HOLD ("runtimeValue", OBJECT, constant),
    MAY_HOLD ("taskOutputParameter", OBJECT, task_parameter),
    MAY ("componentInputParameter", NAME),
    { 0 },
};

static const struct shape claim[] = {
    MAY ("constant", NAME),
    MUST ("mountPath", NAME),
    MUST_HOLD ("pvcNameParameter", OBJECT, claim_name),
    { 0 },
};

static const struct shape selector[] = { MUST ("labels", TEXT_MAP), { 0 } };

static const struct shape toleration[] = {
    MAY ("key", NAME),
    MAY ("operator", NAME),
    MAY ("value", TEXT),
    MAY ("effect", NAME),
    { 0 },
};

static const struct shape security[] = {
    MAY ("runAsUser", INTEGER),
    MAY ("runAsGroup", INTEGER),
    MAY ("runAsNonRoot", BOOL),
    { 0 },
};

static const struct shape pod[] = {
    MAY ("activeDeadlineSeconds", NAME),
    MAY_HOLD ("podMetadata", OBJECT, pod_metadata),
    MAY_HOLD ("secretAsEnv", LIST, secret),
    MAY_HOLD ("pvcMount", LIST, claim),
    MAY_HOLD ("nodeSelector", OBJECT, selector),
    MAY_HOLD ("tolerations", LIST, toleration),
    MAY_HOLD ("securityContext", OBJECT, security),
    { 0 },
};

static const struct shape pods[] = { MUST_HOLD ("executors", MAP, pod), { 0 } };

static const struct shape kubernetes[] = { MUST_HOLD ("deploymentSpec", OBJECT, pods), { 0 } };

static const struct shape platforms[] = { MUST_HOLD ("kubernetes", OBJECT, kubernetes), { 0 } };

const struct shape kfp_shape_platform[] = { MUST_HOLD ("platforms", OBJECT, platforms), { 0 } };
