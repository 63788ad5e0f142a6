package conformance

import (
	"fmt"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/rest"
)

func TestFieldValidation_ShouldDetectUnknownAndDuplicateFieldsOfATypedObject(t *testing.T) {
	const unknownAndDuplicate = `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"%s","labels":{"app":"nginx"}},
		"spec":{"unknown1":"val1","unknownDupe":"valDupe","unknownDupe":"valDupe2","paused":true,"paused":false,"replicas":2,
		"selector":{"matchLabels":{"app":"nginx"}},"template":{"metadata":{"labels":{"app":"nginx"}},
		"spec":{"containers":[{"name":"nginx","image":"nginx:latest","unknownNested":"val1",
		"imagePullPolicy":"Always","imagePullPolicy":"Never"}]}}}}`
	// What is both unknown and duplicate is only called unknown.
	refused(t, unknownAndDuplicate,
		`unknown field "spec.unknown1"`,
		`unknown field "spec.unknownDupe"`,
		`duplicate field "spec.paused"`,
		`unknown field "spec.template.spec.containers[0].unknownNested"`,
		`duplicate field "spec.template.spec.containers[0].imagePullPolicy"`)
}

func TestFieldValidation_ShouldDetectUnknownMetadataFieldsOfATypedObject(t *testing.T) {
	const unknownMetadata = `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"%s","labels":{"app":"nginx"},
		"unknownMeta":"foo"},"spec":{"selector":{"matchLabels":{"app":"nginx"}},
		"template":{"metadata":{"labels":{"app":"nginx"},"unknownSubMeta":"foo"},
		"spec":{"containers":[{"name":"nginx","image":"nginx:latest"}]}}}}`
	refused(t, unknownMetadata,
		`unknown field "metadata.unknownMeta"`,
		`unknown field "spec.template.metadata.unknownSubMeta"`)
}

// refused sends a Deployment under each directive; the strict one has to refuse it for exactly these faults.
func refused(t *testing.T, body string, faults ...string) {
	t.Helper()
	ctx, client, ns := setUp(t)
	post := func(directive string) rest.Result {
		return client.AppsV1().RESTClient().Post().Namespace(ns).Resource("deployments").Param("fieldValidation", directive).
			SetHeader("Content-Type", "application/json").Body(fmt.Appendf(nil, body, strings.ToLower(directive))).Do(ctx)
	}
	err := post("Strict").Error()
	equal(t, "it is a bad request", apierrors.IsBadRequest(err), true)
	if want := "strict decoding error: " + strings.Join(faults, ", "); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}

	warned := post("Warn")
	must(t, warned.Error())
	var warnings []string
	for _, warning := range warned.Warnings() {
		warnings = append(warnings, warning.Text)
	}
	equal(t, "warnings", strings.Join(warnings, ", "), strings.Join(faults, ", "))
	ignored := post("Ignore")
	must(t, ignored.Error())
	equal(t, "warnings where faults are ignored", len(ignored.Warnings()), 0)
}
