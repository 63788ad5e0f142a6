package controller

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/webhook"

	v1 "kubedouble.test/envtest/operator/api/v1"
	"kubedouble.test/envtest/operator/api/v1alpha1"
)

// patience is how long a test waits for what has to come.
const patience = 30 * time.Second

var (
	config *rest.Config
	c      client.Client
)

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// run starts an environment with the operator in it, and runs the tests.
func run(m *testing.M) (code int, err error) {
	all := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{scheme.AddToScheme, v1.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(all); err != nil {
			return 1, err
		}
	}
	env := &envtest.Environment{
		Scheme:                all,
		CRDDirectoryPaths:     []string{filepath.Join("..", "config", "crd")},
		ErrorIfCRDPathMissing: true,
		WebhookInstallOptions: envtest.WebhookInstallOptions{Paths: []string{filepath.Join("..", "config", "webhook")}},
	}
	if config, err = env.Start(); err != nil {
		return 1, err
	}
	defer func() {
		if stopped := env.Stop(); err == nil {
			err = stopped
		}
	}()
	hook := env.WebhookInstallOptions
	mgr, err := ctrl.NewManager(config, ctrl.Options{
		Scheme:  all,
		Metrics: metricsserver.Options{BindAddress: "0"},
		WebhookServer: webhook.NewServer(webhook.Options{
			Host: hook.LocalServingHost, Port: hook.LocalServingPort, CertDir: hook.LocalServingCertDir,
		}),
	})
	if err != nil {
		return 1, err
	}
	if err := Setup(mgr); err != nil {
		return 1, err
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	go func() {
		if err := mgr.Start(ctx); err != nil {
			panic(err)
		}
	}()
	address := net.JoinHostPort(hook.LocalServingHost, fmt.Sprint(hook.LocalServingPort))
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		if connection, err := net.Dial("tcp", address); err == nil {
			connection.Close()
			break
		} else if time.Now().After(deadline) {
			return 1, err
		}
	}
	if c, err = client.New(config, client.Options{Scheme: all}); err != nil {
		return 1, err
	}
	return m.Run(), nil
}

func site(name string, ports ...int32) *v1.Site {
	return &v1.Site{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name},
		Spec:       v1.SiteSpec{Ports: ports, Owner: "web"},
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// eventually waits until a check passes.
func eventually(t *testing.T, check func() error) {
	t.Helper()
	var err error
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if err = check(); err == nil {
			return
		}
	}
	t.Fatal(err)
}

func hasPorts(name string, ports ...int32) func() error {
	return func() error {
		service := &corev1.Service{}
		if err := c.Get(context.Background(), client.ObjectKey{Namespace: "default", Name: name}, service); err != nil {
			return err
		}
		var found []int32
		for _, port := range service.Spec.Ports {
			found = append(found, port.Port)
		}
		if !reflect.DeepEqual(found, ports) {
			return fmt.Errorf("the Service has ports %v, not %v", found, ports)
		}
		return nil
	}
}

func TestTheWebhookFillsInWhatIsMissing(t *testing.T) {
	made := site("filled")
	must(t, c.Create(context.Background(), made))
	if !reflect.DeepEqual(made.Spec.Ports, []int32{80}) {
		t.Fatalf("ports: %v", made.Spec.Ports)
	}
}

func TestTheWebhookRefusesWhatIsWrong(t *testing.T) {
	err := c.Create(context.Background(), site("twice", 80, 80))
	if !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), "port 80 is there twice") {
		t.Fatal(err)
	}
	made := site("owned", 80)
	must(t, c.Create(context.Background(), made))
	before := made.DeepCopyObject().(client.Object)
	made.Spec.Owner = "thief"
	err = c.Patch(context.Background(), made, client.MergeFrom(before))
	if !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), "the owner cannot be changed") {
		t.Fatal(err)
	}
}

func TestTheSchemaRefusesWhatNoWebhookNeedsToSee(t *testing.T) {
	err := c.Create(context.Background(), site("large", 65536))
	if !apierrors.IsInvalid(err) || !strings.Contains(err.Error(), "spec.ports[0]") {
		t.Fatal(err)
	}
}

func TestVersionsAreConverted(t *testing.T) {
	ctx := context.Background()
	old := &v1alpha1.Site{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "old"}}
	old.Spec = v1alpha1.SiteSpec{Port: 8080, Owner: "web"}
	must(t, c.Create(ctx, old))
	key := client.ObjectKeyFromObject(old)
	stored := &v1.Site{}
	must(t, c.Get(ctx, key, stored))
	if !reflect.DeepEqual(stored.Spec.Ports, []int32{8080}) {
		t.Fatalf("ports: %v", stored.Spec.Ports)
	}
	stored.Spec.Ports = []int32{8081, 8082}
	must(t, c.Update(ctx, stored))
	must(t, c.Get(ctx, key, old))
	if old.Spec.Port != 8081 {
		t.Fatalf("port: %d", old.Spec.Port)
	}
	list := &v1alpha1.SiteList{}
	must(t, c.List(ctx, list, client.InNamespace("default")))
	if len(list.Items) == 0 {
		t.Fatal("no sites")
	}
}

func TestTheReconcilerKeepsAService(t *testing.T) {
	ctx := context.Background()
	made := site("kept", 80)
	must(t, c.Create(ctx, made))
	eventually(t, hasPorts("kept", 80))
	eventually(t, func() error {
		if err := c.Get(ctx, client.ObjectKeyFromObject(made), made); err != nil {
			return err
		}
		if made.Status.ClusterIP == "" {
			return fmt.Errorf("no address in the status")
		}
		made.Spec.Ports = []int32{80, 443}
		return c.Update(ctx, made)
	})
	eventually(t, hasPorts("kept", 80, 443))
	must(t, c.Delete(ctx, &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "kept"}}))
	eventually(t, hasPorts("kept", 80, 443))
}

func TestNothingRunsThatDoesNotRunInEnvtest(t *testing.T) {
	ctx := context.Background()
	must(t, c.Create(ctx, site("alone", 80)))
	eventually(t, hasPorts("alone", 80))
	err := c.Get(ctx, client.ObjectKey{Namespace: "default", Name: "alone"}, &corev1.Endpoints{})
	if !apierrors.IsNotFound(err) {
		t.Fatalf("there are endpoints: %v", err)
	}
	accounts := &corev1.ServiceAccountList{}
	must(t, c.List(ctx, accounts))
	if len(accounts.Items) != 0 {
		t.Fatalf("there are service accounts: %v", accounts.Items)
	}
	version, err := discovery.NewDiscoveryClientForConfigOrDie(config).ServerVersion()
	must(t, err)
	if version.Minor != "36" {
		t.Fatalf("version: %s", version)
	}
}
