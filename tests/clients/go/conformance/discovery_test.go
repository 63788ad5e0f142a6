package conformance

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"k8s.io/api/apidiscovery/v2"
	authorizationv1 "k8s.io/api/authorization/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/version"
)

// Where the specs look for a resource.
var located = []string{
	"admissionregistration.k8s.io/v1/validatingwebhookconfigurations",
	"apiextensions.k8s.io/v1/customresourcedefinitions",
	"apiregistration.k8s.io/v1/apiservices",
	"apps/v1/deployments",
	"authentication.k8s.io/v1/tokenreviews",
	"authorization.k8s.io/v1/subjectaccessreviews",
	"autoscaling/v1/horizontalpodautoscalers",
	"autoscaling/v2/horizontalpodautoscalers",
	"batch/v1/jobs",
	"certificates.k8s.io/v1/certificatesigningrequests",
	"coordination.k8s.io/v1/leases",
	"discovery.k8s.io/v1/endpointslices",
	"events.k8s.io/v1/events",
	"networking.k8s.io/v1/ingresses",
	"node.k8s.io/v1/runtimeclasses",
	"policy/v1/poddisruptionbudgets",
	"rbac.authorization.k8s.io/v1/clusterroles",
	"scheduling.k8s.io/v1/priorityclasses",
	"storage.k8s.io/v1/storageclasses",
}

func TestDiscovery_ShouldValidatePreferredVersionForEachAPIGroup(t *testing.T) {
	ctx, client, _ := setUp(t)
	var list metav1.APIGroupList
	must(t, client.Discovery().RESTClient().Get().AbsPath("/apis").Do(ctx).Into(&list))
	equal(t, "there are groups", len(list.Groups) > 0, true)
	for _, listed := range list.Groups {
		var group metav1.APIGroup
		must(t, client.Discovery().RESTClient().Get().AbsPath("/apis/"+listed.Name).Do(ctx).Into(&group))
		equal(t, "name", group.Name, listed.Name)
		equal(t, listed.Name+" has its preferred version", slices.Contains(group.Versions, group.PreferredVersion), true)
		equal(t, "preferred version in the list", listed.PreferredVersion, group.PreferredVersion)
	}
}

func TestDiscovery_ShouldLocateTheGroupVersionAndAResourceWithinEachAPIGroup(t *testing.T) {
	_, client, _ := setUp(t)
	for _, one := range located {
		part := strings.Split(one, "/")
		discoverable(t, client.Discovery(), schema.GroupVersionResource{Group: part[0], Version: part[1], Resource: part[2]})
	}
	core := done[*metav1.APIResourceList](t)(client.Discovery().ServerResourcesForGroupVersion("v1"))
	equal(t, "v1 has namespaces", slices.ContainsFunc(core.APIResources, func(one metav1.APIResource) bool {
		return one.Name == "namespaces"
	}), true)
}

func TestAggregatedDiscovery_ShouldSupportAggregatedDiscoveryInterface(t *testing.T) {
	_, client, _ := setUp(t)
	groups, resources, failed, err := client.DiscoveryClient.GroupsAndMaybeResources()
	must(t, err)
	equal(t, "failed group versions", len(failed), 0)
	// Without aggregation the client would have to ask for the resources one group after the other.
	equal(t, "the answer had the resources", resources != nil, true)
	var found []string
	for gv := range resources {
		found = append(found, gv.String())
	}
	demanded(t, found)
	equal(t, "there are groups", len(groups.Groups) > 0, true)
}

func TestAggregatedDiscovery_ShouldSupportRawAggregatedDiscoveryEndpointAcceptHeaders(t *testing.T) {
	ctx, client, _ := setUp(t)
	const accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
	var found []string
	for _, path := range []string{"/api", "/apis"} {
		answer := client.Discovery().RESTClient().Get().AbsPath(path).SetHeader("Accept", accept).Do(ctx)
		var kind string
		answer.ContentType(&kind)
		equal(t, "content type", kind, accept)
		var list v2.APIGroupDiscoveryList
		must(t, json.Unmarshal(done[[]byte](t)(answer.Raw()), &list))
		for _, group := range list.Items {
			for _, version := range group.Versions {
				found = append(found, schema.GroupVersion{Group: group.Name, Version: version.Version}.String())
				equal(t, fmt.Sprintf("%s/%s has resources", group.Name, version.Version), len(version.Resources) > 0, true)
			}
		}
	}
	demanded(t, found)
}

// demanded compares group versions with those that the specs demand.
func demanded(t *testing.T, found []string) {
	t.Helper()
	equal(t, "v1 is there", slices.Contains(found, "v1"), true)
	for _, resource := range located {
		gv := resource[:strings.LastIndex(resource, "/")]
		equal(t, gv+" is there", slices.Contains(found, gv), true)
	}
}

func TestServersWithSupportForTableTransformation_ShouldReturnA406ForABackendWhichDoesNotImplementMetadata(t *testing.T) {
	ctx, client, _ := setUp(t)
	err := client.AuthorizationV1().RESTClient().Post().Resource("selfsubjectaccessreviews").
		SetHeader("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io").
		Body(&authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{
			ResourceAttributes: &authorizationv1.ResourceAttributes{Namespace: "default", Verb: "get", Resource: "pods"},
		}}).Do(ctx).Error()
	status, known := err.(apierrors.APIStatus)
	if !known {
		t.Fatalf("not an answer of the server: %v", err)
	}
	equal(t, "code", status.Status().Code, 406)
}

func TestServerVersion_ShouldFindTheServerVersion(t *testing.T) {
	_, client, _ := setUp(t)
	found := done[*version.Info](t)(client.Discovery().ServerVersion())
	equal(t, "major is a number", regexp.MustCompile(`^[1-9]\d*$`).MatchString(found.Major), true)
	equal(t, "minor is a number", regexp.MustCompile(`^[1-9]\d*\+?$`).MatchString(found.Minor), true)
	equal(t, "git version", regexp.MustCompile(`^v\d+\.\d+\.\d+`).MatchString(found.GitVersion), true)
}
