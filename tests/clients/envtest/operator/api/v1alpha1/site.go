// Package v1alpha1 holds the first version of Site, which had one port.
package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/conversion"
	"sigs.k8s.io/controller-runtime/pkg/scheme"

	v1 "kubedouble.test/envtest/operator/api/v1"
)

// GroupVersion is what this package is called.
var GroupVersion = schema.GroupVersion{Group: "web.kubedouble.test", Version: "v1alpha1"}

// AddToScheme makes the kinds known.
var AddToScheme = func() func(*runtime.Scheme) error {
	builder := &scheme.Builder{GroupVersion: GroupVersion}
	builder.Register(&Site{}, &SiteList{})
	return builder.AddToScheme
}()

// SiteSpec is what is wanted.
type SiteSpec struct {
	Port  int32  `json:"port,omitempty"`
	Owner string `json:"owner,omitempty"`
}

// Site is a web site.
type Site struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`
	Spec              SiteSpec      `json:"spec,omitempty"`
	Status            v1.SiteStatus `json:"status,omitempty"`
}

// SiteList is a list of them.
type SiteList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Site `json:"items"`
}

// ConvertTo makes the stored version of it.
func (s *Site) ConvertTo(hub conversion.Hub) error {
	site := hub.(*v1.Site)
	site.ObjectMeta, site.Status = s.ObjectMeta, s.Status
	site.Spec.Owner, site.Spec.Ports = s.Spec.Owner, nil
	if s.Spec.Port != 0 {
		site.Spec.Ports = []int32{s.Spec.Port}
	}
	return nil
}

// ConvertFrom makes it of the stored version.
func (s *Site) ConvertFrom(hub conversion.Hub) error {
	site := hub.(*v1.Site)
	s.ObjectMeta, s.Status = site.ObjectMeta, site.Status
	s.Spec.Owner, s.Spec.Port = site.Spec.Owner, 0
	if len(site.Spec.Ports) > 0 {
		s.Spec.Port = site.Spec.Ports[0]
	}
	return nil
}

// DeepCopyObject copies a site.
func (s *Site) DeepCopyObject() runtime.Object {
	out := *s
	s.ObjectMeta.DeepCopyInto(&out.ObjectMeta)
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
