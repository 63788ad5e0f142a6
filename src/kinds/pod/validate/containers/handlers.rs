//! Checks of probes and life cycle hooks.

use k8s_openapi::{
    api::core::v1::{
        Container, ExecAction, GRPCAction, HTTPGetAction, Lifecycle, LifecycleHandler, Probe, SleepAction,
        TCPSocketAction,
    },
    apimachinery::pkg::util::intstr::IntOrString,
};

use crate::kinds::pod::typed::{list, text};
use crate::kinds::pod::validate::SpecView;
use crate::kinds::rules::check;
use crate::object::{FieldError, FieldErrors, Path, names};

/// Checks a container's hooks and probes.
pub fn errors(path: &Path, container: &Container, view: &SpecView<'_>) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let grace = view.spec.termination_grace_period_seconds;
    if let Some(lifecycle) = &container.lifecycle {
        errors.extend(lifecycle_errors(&path.child("lifecycle"), lifecycle, grace, view));
    }
    if let Some(probe) = &container.liveness_probe {
        errors.extend(once_errors(&path.child("livenessProbe"), probe, grace));
    }
    if let Some(probe) = &container.readiness_probe {
        let path = path.child("readinessProbe");
        errors.extend(probe_errors(&path, probe, grace));
        if let Some(seconds) = probe.termination_grace_period_seconds {
            let detail = "must not be set for readinessProbes";
            errors.push(FieldError::invalid(&path.child("terminationGracePeriodSeconds"), seconds, detail));
        }
    }
    if let Some(probe) = &container.startup_probe {
        errors.extend(once_errors(&path.child("startupProbe"), probe, grace));
    }
    errors
}

/// The hooks and probes that a container has.
pub fn given(container: &Container) -> impl Iterator<Item = &'static str> {
    let members = [
        ("lifecycle", container.lifecycle.is_some()),
        ("livenessProbe", container.liveness_probe.is_some()),
        ("readinessProbe", container.readiness_probe.is_some()),
        ("startupProbe", container.startup_probe.is_some()),
    ];
    members.into_iter().filter(|(_, given)| *given).map(|(member, _)| member)
}

/// What a probe or hook does: at most one of these.
#[derive(Default)]
struct Actions<'a> {
    exec: Option<&'a ExecAction>,
    http_get: Option<&'a HTTPGetAction>,
    tcp_socket: Option<&'a TCPSocketAction>,
    grpc: Option<&'a GRPCAction>,
    sleep: Option<&'a SleepAction>,
}

impl<'a> Actions<'a> {
    fn of_probe(probe: &'a Probe) -> Self {
        Self {
            exec: probe.exec.as_ref(),
            http_get: probe.http_get.as_ref(),
            tcp_socket: probe.tcp_socket.as_ref(),
            grpc: probe.grpc.as_ref(),
            sleep: None,
        }
    }

    fn of_hook(hook: &'a LifecycleHandler) -> Self {
        Self {
            exec: hook.exec.as_ref(),
            http_get: hook.http_get.as_ref(),
            tcp_socket: hook.tcp_socket.as_ref(),
            grpc: None,
            sleep: hook.sleep.as_ref(),
        }
    }

    /// The action's errors; every action after the first is one.
    fn errors(&self, path: &Path, grace: Option<i64>) -> FieldErrors {
        let exec = self.exec.map(|exec| ("exec", exec_errors(&path.child("exec"), exec)));
        let http = self.http_get.map(|http| ("httpGet", http_errors(&path.child("httpGet"), http)));
        let tcp =
            self.tcp_socket.map(|tcp| ("tcpSocket", port_errors(&path.child("tcpSocket").child("port"), &tcp.port)));
        let grpc = self.grpc.map(|grpc| {
            let path = path.child("grpc").child("port");
            ("grpc", check::port_number(&path, grpc.port.into()).into_iter().collect())
        });
        let sleep = self.sleep.map(|sleep| ("sleep", sleep_errors(&path.child("sleep"), sleep, grace)));
        let given: Vec<(&str, FieldErrors)> = [exec, http, tcp, grpc, sleep].into_iter().flatten().collect();
        if given.is_empty() {
            return vec![FieldError::required(path, "must specify a handler type")];
        }
        let mut errors = FieldErrors::new();
        for (i, (member, own)) in given.into_iter().enumerate() {
            if i == 0 {
                errors.extend(own);
            } else {
                let detail = "may not specify more than 1 handler type";
                errors.push(FieldError::forbidden(&path.child(member), detail));
            }
        }
        errors
    }
}

fn lifecycle_errors(path: &Path, lifecycle: &Lifecycle, grace: Option<i64>, view: &SpecView<'_>) -> FieldErrors {
    let mut errors = FieldErrors::new();
    for (member, hook) in [("postStart", &lifecycle.post_start), ("preStop", &lifecycle.pre_stop)] {
        if let Some(hook) = hook {
            errors.extend(Actions::of_hook(hook).errors(&path.child(member), grace));
        }
    }
    if let Some(signal) = &lifecycle.stop_signal {
        let path = path.child("stopSignal");
        match view.spec.os.as_ref().map(|os| os.name.as_str()) {
            None => {
                errors.push(FieldError::forbidden(&path, "may not be set for containers with empty `spec.os.name`"))
            }
            Some("windows") => {
                if !WINDOWS_SIGNALS.contains(&signal.as_str()) {
                    errors.push(FieldError::not_supported(&path, signal.as_str(), WINDOWS_SIGNALS));
                }
            }
            Some(_) => {}
        }
    }
    errors
}

/// The signals that stop a container on Windows.
const WINDOWS_SIGNALS: &[&str] = &["SIGKILL", "SIGTERM"];

/// Checks a probe whose first success is enough.
fn once_errors(path: &Path, probe: &Probe, grace: Option<i64>) -> FieldErrors {
    let mut errors = probe_errors(path, probe, grace);
    let successes = probe.success_threshold.unwrap_or_default();
    if successes != 1 {
        errors.push(FieldError::invalid(&path.child("successThreshold"), successes, "must be 1"));
    }
    errors
}

fn probe_errors(path: &Path, probe: &Probe, grace: Option<i64>) -> FieldErrors {
    let mut errors = Actions::of_probe(probe).errors(path, grace);
    for (member, number) in [
        ("initialDelaySeconds", probe.initial_delay_seconds),
        ("timeoutSeconds", probe.timeout_seconds),
        ("periodSeconds", probe.period_seconds),
        ("successThreshold", probe.success_threshold),
        ("failureThreshold", probe.failure_threshold),
    ] {
        errors.extend(check::not_negative(&path.child(member), number.unwrap_or_default().into()));
    }
    if let Some(seconds) = probe.termination_grace_period_seconds.filter(|seconds| *seconds <= 0) {
        let path = path.child("terminationGracePeriodSeconds");
        errors.push(FieldError::invalid(&path, seconds, "must be greater than 0"));
    }
    errors
}

fn exec_errors(path: &Path, exec: &ExecAction) -> FieldErrors {
    let missing = list(&exec.command).is_empty();
    missing.then(|| FieldError::required(&path.child("command"), "")).into_iter().collect()
}

fn http_errors(path: &Path, action: &HTTPGetAction) -> FieldErrors {
    let mut errors = FieldErrors::new();
    if text(&action.path).is_empty() {
        errors.push(FieldError::required(&path.child("path"), ""));
    }
    errors.extend(port_errors(&path.child("port"), &action.port));
    let (scheme, schemes) = (text(&action.scheme), &["HTTP", "HTTPS"]);
    if !schemes.contains(&scheme) {
        errors.push(FieldError::not_supported(&path.child("scheme"), scheme, schemes));
    }
    for header in list(&action.http_headers) {
        errors.extend(check::rule(&path.child("httpHeaders"), &header.name, names::http_header));
    }
    errors
}

/// Checks a port given by number or by name.
fn port_errors(path: &Path, port: &IntOrString) -> FieldErrors {
    match port {
        IntOrString::Int(number) => check::port_number(path, (*number).into()).into_iter().collect(),
        IntOrString::String(name) => check::rule(path, name, names::port_name),
    }
}

fn sleep_errors(path: &Path, sleep: &SleepAction, grace: Option<i64>) -> FieldErrors {
    let Some(grace) = grace.filter(|grace| !(0..=*grace).contains(&sleep.seconds)) else {
        return FieldErrors::new();
    };
    let detail = format!("must be non-negative and less than terminationGracePeriodSeconds ({grace})");
    vec![FieldError::invalid(path, sleep.seconds, &detail)]
}
