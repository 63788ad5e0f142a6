package controllers

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/conversion"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/webhook"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

// TestWebhooksDefaultAndValidate registers a defaulter and a validator of ConfigMaps, as operators do.
func TestWebhooksDefaultAndValidate(t *testing.T) {
	ctx, ns := setUp(t)
	hooks := newHooks(t, scheme.Scheme)
	must(t, ctrl.NewWebhookManagedBy(hooks.manager, &corev1.ConfigMap{}).
		WithDefaulter(sizes{}).WithValidator(sizes{}).Complete())
	start(t, ctx, hooks.manager)

	direct := directClient(t)
	rules := []admissionv1.RuleWithOperations{{
		Operations: []admissionv1.OperationType{admissionv1.OperationAll},
		Rule: admissionv1.Rule{
			APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"configmaps"},
		},
	}}
	here := &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: ns}}
	create(t, direct, &admissionv1.MutatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: ns},
		Webhooks: []admissionv1.MutatingWebhook{{
			Name: "defaults.example.com", ClientConfig: hooks.at("/mutate--v1-configmap"), Rules: rules,
			NamespaceSelector: here, SideEffects: ptr.To(admissionv1.SideEffectClassNone),
			AdmissionReviewVersions: []string{"v1"},
		}},
	})
	create(t, direct, &admissionv1.ValidatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: ns},
		Webhooks: []admissionv1.ValidatingWebhook{{
			Name: "checks.example.com", ClientConfig: hooks.at("/validate--v1-configmap"), Rules: rules,
			NamespaceSelector: here, SideEffects: ptr.To(admissionv1.SideEffectClassNone),
			AdmissionReviewVersions: []string{"v1"},
		}},
	})

	made := configMap(ns, "made", nil)
	must(t, direct.Create(ctx, made))
	equal(t, "the default", made.Data["size"], "1")

	err := direct.Create(ctx, configMap(ns, "refused", map[string]string{"size": "many"}))
	equal(t, "a refusal", apierrors.IsForbidden(err), true)
	equal(t, "its text", strings.Contains(fmt.Sprint(err),
		`admission webhook "checks.example.com" denied the request: no number: many`), true)

	made.Data["size"] = "0"
	err = direct.Update(ctx, made)
	equal(t, "an update that shrinks", strings.Contains(fmt.Sprint(err), "from 1 to 0"), true)
	made.Data["size"] = "2"
	must(t, direct.Update(ctx, made, client.DryRunAll))

	kept := configMap(ns, "kept", map[string]string{"keep": "yes"})
	must(t, direct.Create(ctx, kept))
	equal(t, "a delete that is refused", apierrors.IsForbidden(direct.Delete(ctx, kept)), true)
	must(t, direct.Delete(ctx, made))
}

// sizes gives ConfigMaps a size, which must be a number that does not shrink.
type sizes struct{}

func (sizes) Default(_ context.Context, config *corev1.ConfigMap) error {
	if _, given := config.Data["size"]; !given {
		if config.Data == nil {
			config.Data = map[string]string{}
		}
		config.Data["size"] = "1"
	}
	return nil
}

func (sizes) ValidateCreate(_ context.Context, config *corev1.ConfigMap) (admission.Warnings, error) {
	if _, err := strconv.Atoi(config.Data["size"]); err != nil {
		return nil, errors.New("no number: " + config.Data["size"])
	}
	return nil, nil
}

func (s sizes) ValidateUpdate(ctx context.Context, old, config *corev1.ConfigMap) (admission.Warnings, error) {
	if warnings, err := s.ValidateCreate(ctx, config); err != nil {
		return warnings, err
	}
	if before, now := old.Data["size"], config.Data["size"]; now < before {
		return nil, fmt.Errorf("from %s to %s", before, now)
	}
	return admission.Warnings{"sizes grow"}, nil
}

func (sizes) ValidateDelete(_ context.Context, config *corev1.ConfigMap) (admission.Warnings, error) {
	if config.Data["keep"] != "" {
		return nil, errors.New("it is kept")
	}
	return nil, nil
}

// TestWebhooksConvert serves the conversion between two versions of a custom kind, one of which is the hub.
func TestWebhooksConvert(t *testing.T) {
	ctx, ns := setUp(t)
	known := runtime.NewScheme()
	must(t, scheme.AddToScheme(known))
	one, two := schema.GroupVersion{Group: ns + ".example.com", Version: "v1"}, schema.GroupVersion{}
	two = schema.GroupVersion{Group: one.Group, Version: "v2"}
	known.AddKnownTypeWithName(one.WithKind("Plank"), &plankV1{})
	known.AddKnownTypeWithName(two.WithKind("Plank"), &plankV2{})
	hooks := newHooks(t, known)
	must(t, ctrl.NewWebhookManagedBy(hooks.manager, &plankV1{}).Complete())
	start(t, ctx, hooks.manager)

	direct := directClient(t)
	definition := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
		"metadata": map[string]any{"name": "planks." + one.Group},
		"spec": map[string]any{
			"group": one.Group, "scope": "Namespaced",
			"names":    map[string]any{"plural": "planks", "singular": "plank", "kind": "Plank", "listKind": "PlankList"},
			"versions": []any{version("v1", true, "integer"), version("v2", false, "string")},
			"conversion": map[string]any{"strategy": "Webhook", "webhook": map[string]any{
				"conversionReviewVersions": []any{"v1"},
				"clientConfig":             map[string]any{"url": *hooks.at("/convert").URL, "caBundle": hooks.ca},
			}},
		},
	}}
	create(t, direct, definition)
	plank := func(version schema.GroupVersion) *unstructured.Unstructured {
		object := &unstructured.Unstructured{}
		object.SetGroupVersionKind(version.WithKind("Plank"))
		object.SetNamespace(ns)
		object.SetName("p")
		return object
	}
	made := plank(two)
	must(t, unstructured.SetNestedField(made.Object, "7 cm", "spec", "length"))
	eventually(t, ctx, "the kind is served", func() bool { return direct.Create(ctx, made) == nil })
	stored := plank(one)
	must(t, direct.Get(ctx, client.ObjectKeyFromObject(stored), stored))
	length, _, err := unstructured.NestedInt64(stored.Object, "spec", "length")
	must(t, err)
	equal(t, "the length in v1", length, 7)
	must(t, unstructured.SetNestedField(stored.Object, int64(9), "spec", "length"))
	must(t, direct.Update(ctx, stored))
	seen := plank(two)
	must(t, direct.Get(ctx, client.ObjectKeyFromObject(seen), seen))
	text, _, err := unstructured.NestedString(seen.Object, "spec", "length")
	must(t, err)
	equal(t, "the length in v2", text, "9 cm")
}

// version is one of a definition, with this type of length.
func version(name string, storage bool, length string) any {
	return map[string]any{
		"name": name, "served": true, "storage": storage,
		"schema": map[string]any{"openAPIV3Schema": map[string]any{
			"type": "object", "properties": map[string]any{"spec": map[string]any{
				"type": "object", "properties": map[string]any{"length": map[string]any{"type": length}},
			}},
		}},
	}
}

// plankV1 is the hub.
type plankV1 struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`
	Spec              struct {
		Length int64 `json:"length"`
	} `json:"spec"`
}

func (*plankV1) Hub() {}

func (p *plankV1) DeepCopyObject() runtime.Object {
	copied := *p
	copied.ObjectMeta = *p.ObjectMeta.DeepCopy()
	return &copied
}

type plankV2 struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`
	Spec              struct {
		Length string `json:"length"`
	} `json:"spec"`
}

func (p *plankV2) DeepCopyObject() runtime.Object {
	copied := *p
	copied.ObjectMeta = *p.ObjectMeta.DeepCopy()
	return &copied
}

func (p *plankV2) ConvertTo(hub conversion.Hub) error {
	to := hub.(*plankV1)
	to.ObjectMeta = p.ObjectMeta
	length, err := strconv.ParseInt(strings.TrimSuffix(p.Spec.Length, " cm"), 10, 64)
	to.Spec.Length = length
	return err
}

func (p *plankV2) ConvertFrom(hub conversion.Hub) error {
	from := hub.(*plankV1)
	p.ObjectMeta = from.ObjectMeta
	p.Spec.Length = fmt.Sprintf("%d cm", from.Spec.Length)
	return nil
}

// hooks is a manager that serves webhooks, with a certificate of its own.
type hooks struct {
	manager ctrl.Manager
	port    int
	// ca is the certificate of who signed the server's, in PEM.
	ca []byte
}

func newHooks(t *testing.T, known *runtime.Scheme) *hooks {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	port := listener.Addr().(*net.TCPAddr).Port
	must(t, listener.Close())
	certificate, ca := certify(t)
	present := func(config *tls.Config) {
		config.GetCertificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return certificate, nil }
	}
	manager, err := ctrl.NewManager(config(), ctrl.Options{
		Scheme:  known,
		Metrics: server.Options{BindAddress: "0"},
		WebhookServer: webhook.NewServer(webhook.Options{
			Host: "127.0.0.1", Port: port, TLSOpts: []func(*tls.Config){present},
		}),
	})
	must(t, err)
	return &hooks{manager: manager, port: port, ca: ca}
}

// at is where a path of the server is.
func (h *hooks) at(path string) admissionv1.WebhookClientConfig {
	url := fmt.Sprintf("https://127.0.0.1:%d%s", h.port, path)
	return admissionv1.WebhookClientConfig{URL: &url, CABundle: h.ca}
}

// certify makes a certificate for 127.0.0.1, and the one that signed it in PEM.
func certify(t *testing.T) (*tls.Certificate, []byte) {
	t.Helper()
	from, until := time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour)
	newKey := func() *ecdsa.PrivateKey {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		must(t, err)
		return key
	}
	authority := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "tests"}, NotBefore: from, NotAfter: until,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	authorityKey, key := newKey(), newKey()
	signed, err := x509.CreateCertificate(rand.Reader, authority, authority, &authorityKey.PublicKey, authorityKey)
	must(t, err)
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "hooks"}, NotBefore: from, NotAfter: until,
		IPAddresses: []net.IP{net.ParseIP("127.0.0.1")}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	own, err := x509.CreateCertificate(rand.Reader, leaf, authority, &key.PublicKey, authorityKey)
	must(t, err)
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed})
	return &tls.Certificate{Certificate: [][]byte{own}, PrivateKey: key}, ca
}

// create makes an object that goes at the end of the test.
func create(t *testing.T, direct client.Client, object client.Object) {
	t.Helper()
	must(t, direct.Create(context.Background(), object))
	t.Cleanup(func() {
		if err := direct.Delete(context.Background(), object); err != nil {
			t.Errorf("delete %s: %v", object.GetName(), err)
		}
	})
}

func configMap(ns, name string, data map[string]string) *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: name}, Data: data}
}
