package controllers

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
)

// finalizer keeps a Service until its publisher has let go of it.
const finalizer = "kubedouble.test/publisher"

// publisher keeps a ConfigMap with the address of each Service.
type publisher struct {
	client.Client
	// release, where there is one, is closed when deleted Services may go.
	release chan struct{}
}

func newPublisher(manager ctrl.Manager) *publisher {
	return &publisher{Client: manager.GetClient()}
}

func (p *publisher) register(manager ctrl.Manager) error {
	// Every test has a publisher in the same process; names have to be unique only where metrics are served.
	return ctrl.NewControllerManagedBy(manager).
		For(&corev1.Service{}).
		Owns(&corev1.ConfigMap{}).
		WithOptions(controller.Options{SkipNameValidation: ptr.To(true)}).
		Complete(p)
}

// Reconcile brings one Service to its wanted state, from whatever state it is in.
func (p *publisher) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	service := &corev1.Service{}
	if err := p.Get(ctx, request.NamespacedName, service); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if !service.DeletionTimestamp.IsZero() {
		return ctrl.Result{}, p.letGo(ctx, service)
	}
	before := service.DeepCopy()
	if controllerutil.AddFinalizer(service, finalizer) {
		if err := p.Patch(ctx, service, client.MergeFrom(before)); err != nil {
			return ctrl.Result{}, err
		}
	}
	config := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: service.Namespace, Name: service.Name}}
	if _, err := controllerutil.CreateOrUpdate(ctx, p, config, func() error {
		config.Data = map[string]string{"address": service.Spec.ClusterIP}
		return controllerutil.SetControllerReference(service, config, p.Scheme())
	}); err != nil {
		return ctrl.Result{}, err
	}
	return ctrl.Result{}, p.report(ctx, service)
}

func (p *publisher) letGo(ctx context.Context, service *corev1.Service) error {
	if p.release != nil {
		select {
		case <-p.release:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	before := service.DeepCopy()
	if !controllerutil.RemoveFinalizer(service, finalizer) {
		return nil
	}
	return client.IgnoreNotFound(p.Patch(ctx, service, client.MergeFrom(before)))
}

func (p *publisher) report(ctx context.Context, service *corev1.Service) error {
	before := service.DeepCopy()
	if !meta.SetStatusCondition(&service.Status.Conditions, metav1.Condition{
		Type: "Published", Status: metav1.ConditionTrue, Reason: "Written", ObservedGeneration: service.Generation,
	}) {
		return nil
	}
	return p.Status().Patch(ctx, service, client.MergeFrom(before))
}
