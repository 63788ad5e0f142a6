// Package v1 holds the version of Site that is stored: a web site, for which a Service is made.
package v1

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/scheme"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

// GroupVersion is what this package is called.
var GroupVersion = schema.GroupVersion{Group: "web.kubedouble.test", Version: "v1"}

// AddToScheme makes the kinds known.
var AddToScheme = func() func(*runtime.Scheme) error {
	builder := &scheme.Builder{GroupVersion: GroupVersion}
	builder.Register(&Site{}, &SiteList{})
	return builder.AddToScheme
}()

// SiteSpec is what is wanted.
type SiteSpec struct {
	Ports []int32 `json:"ports,omitempty"`
	Owner string  `json:"owner,omitempty"`
}

// SiteStatus is what there is.
type SiteStatus struct {
	ClusterIP string `json:"clusterIP,omitempty"`
}

// Site is a web site.
type Site struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`
	Spec              SiteSpec   `json:"spec,omitempty"`
	Status            SiteStatus `json:"status,omitempty"`
}

// SiteList is a list of them.
type SiteList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Site `json:"items"`
}

// Hub says that the other versions are converted to this one.
func (*Site) Hub() {}

// DeepCopyObject copies a site.
func (s *Site) DeepCopyObject() runtime.Object {
	out := *s
	s.ObjectMeta.DeepCopyInto(&out.ObjectMeta)
	out.Spec.Ports = append([]int32(nil), s.Spec.Ports...)
	return &out
}

// DeepCopyObject copies a list.
func (l *SiteList) DeepCopyObject() runtime.Object {
	out := *l
	l.ListMeta.DeepCopyInto(&out.ListMeta)
	out.Items = nil
	for index := range l.Items {
		out.Items = append(out.Items, *l.Items[index].DeepCopyObject().(*Site))
	}
	return &out
}

// Webhook fills in and checks sites.
type Webhook struct{}

// Default gives a site a port.
func (Webhook) Default(_ context.Context, site *Site) error {
	if len(site.Spec.Ports) == 0 {
		site.Spec.Ports = []int32{80}
	}
	return nil
}

// ValidateCreate refuses ports twice.
func (Webhook) ValidateCreate(_ context.Context, site *Site) (admission.Warnings, error) {
	seen := map[int32]bool{}
	for _, port := range site.Spec.Ports {
		if seen[port] {
			return nil, fmt.Errorf("port %d is there twice", port)
		}
		seen[port] = true
	}
	if site.Spec.Owner == "" {
		return admission.Warnings{"a site without an owner is nobody's"}, nil
	}
	return nil, nil
}

// ValidateUpdate also refuses another owner.
func (w Webhook) ValidateUpdate(ctx context.Context, old, site *Site) (admission.Warnings, error) {
	if old.Spec.Owner != "" && old.Spec.Owner != site.Spec.Owner {
		return nil, fmt.Errorf("the owner cannot be changed")
	}
	return w.ValidateCreate(ctx, site)
}

// ValidateDelete lets everything go.
func (Webhook) ValidateDelete(context.Context, *Site) (admission.Warnings, error) {
	return nil, nil
}
