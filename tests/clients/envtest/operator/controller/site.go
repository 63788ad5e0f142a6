// Package controller keeps a Service for every Site.
package controller

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	v1 "kubedouble.test/envtest/operator/api/v1"
)

// SiteReconciler brings the Service of a Site in line with it.
type SiteReconciler struct {
	client.Client
}

// Setup registers the reconciler and the webhooks.
func Setup(mgr ctrl.Manager) error {
	err := ctrl.NewWebhookManagedBy(mgr, &v1.Site{}).WithDefaulter(v1.Webhook{}).WithValidator(v1.Webhook{}).Complete()
	if err != nil {
		return err
	}
	return ctrl.NewControllerManagedBy(mgr).For(&v1.Site{}).Owns(&corev1.Service{}).
		Complete(&SiteReconciler{Client: mgr.GetClient()})
}

// Reconcile creates or updates the Service and notes its address.
func (r *SiteReconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	site := &v1.Site{}
	if err := r.Get(ctx, request.NamespacedName, site); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	service := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: site.Namespace, Name: site.Name}}
	_, err := controllerutil.CreateOrUpdate(ctx, r.Client, service, func() error {
		service.Spec.Selector = map[string]string{"site": site.Name}
		service.Spec.Ports = nil
		for _, port := range site.Spec.Ports {
			service.Spec.Ports = append(service.Spec.Ports, corev1.ServicePort{Name: fmt.Sprintf("port-%d", port), Port: port})
		}
		return controllerutil.SetControllerReference(site, service, r.Scheme())
	})
	if err != nil || site.Status.ClusterIP == service.Spec.ClusterIP {
		return ctrl.Result{}, err
	}
	site.Status.ClusterIP = service.Spec.ClusterIP
	return ctrl.Result{}, r.Status().Update(ctx, site)
}
