//! Parameters: how they are read, and how options are refused.

use std::time::Duration;

use kubedouble::{
    http::{
        request::query::{Query, delete_options, list_options, patch_options, timeout, write_options},
        resource::manager,
        response::table::Include,
    },
    verbs::{Caller, PatchKind, Validation},
};

fn query(text: &str) -> Query {
    Query::parse(Some(text))
}

fn caller() -> Caller {
    Caller::internal("test")
}

#[test]
fn pairs_are_split_as_go_splits_them() {
    let table = [
        ("a=1&b=2", "a", Some("1")),
        ("a=1&a=2", "a", Some("1")),
        ("a", "a", Some("")),
        ("a=x=y", "a", Some("x=y")),
        ("a=x+y%2Cz", "a", Some("x y,z")),
        ("a=%zz&b=2", "a", None),
        ("a=1;b=2", "a", None),
        ("&&a=1", "a", Some("1")),
        ("", "a", None),
    ];
    for (text, name, expected) in table {
        assert_eq!(query(text).first(name), expected, "{text}");
    }
}

#[test]
fn flags_are_true_unless_they_say_otherwise() {
    let table = [
        ("", None),
        ("watch", Some(true)),
        ("watch=", Some(true)),
        ("watch=1", Some(true)),
        ("watch=True", Some(true)),
        ("watch=no", Some(true)),
        ("watch=0", Some(false)),
        ("watch=FALSE", Some(false)),
    ];
    for (text, expected) in table {
        assert_eq!(query(text).flag("watch"), expected, "{text}");
    }
}

#[test]
fn a_timeout_is_a_duration() {
    assert_eq!(timeout(&query("timeout=1m30.5s")), Ok(Some(Duration::from_millis(90_500))));
    assert_eq!(timeout(&query("timeout=0")), Ok(None));
    let refusal = timeout(&query("timeout=abc")).expect_err("abc is no duration");
    let text = "invalid timeout specified in the request URL - time: invalid duration \"abc\"";
    assert_eq!((refusal.code, refusal.message.as_str()), (400, text));
}

#[test]
fn list_options_are_read() {
    let options = list_options(&query("limit=3&labelSelector=a%3Db&sendInitialEvents&timeoutSeconds=7"))
        .expect("the options are well formed");
    assert_eq!((options.limit, options.label_selector.as_str()), (3, "a=b"));
    assert_eq!((options.send_initial_events, options.timeout), (Some(true), Some(std::time::Duration::from_secs(7))));
    for text in ["limit=0", "limit=-1"] {
        assert_eq!(list_options(&query(text)).expect("any number will do").limit, 0, "{text}");
    }
    let refusal = list_options(&query("limit=x")).expect_err("x is no number");
    assert_eq!((refusal.code, refusal.message.as_str()), (400, "strconv.ParseInt: parsing \"x\": invalid syntax"));
}

#[test]
fn write_options_are_refused_as_a_whole() {
    let table = [
        ("dryRun=Some", "dryRun: Unsupported value: [\"Some\"]: supported values: \"All\""),
        (
            "fieldValidation=Loose",
            "fieldValidation: Unsupported value: \"Loose\": supported values: \"\", \"Ignore\", \"Strict\", \"Warn\"",
        ),
        ("fieldManager=a%09b", "fieldManager: Invalid value: \"a\\tb\": invalid character U+0009 (at position 1)"),
        (
            "dryRun=All&dryRun=x&fieldValidation=y",
            "[dryRun: Unsupported value: [\"All\",\"x\"]: supported values: \"All\", fieldValidation: Unsupported \
             value: \"y\": supported values: \"\", \"Ignore\", \"Strict\", \"Warn\"]",
        ),
    ];
    for (text, expected) in table {
        let refusal = write_options(&query(text), "CreateOptions", caller()).expect_err(text);
        assert_eq!(refusal.code, 422);
        assert_eq!(refusal.message, format!("CreateOptions.meta.k8s.io \"\" is invalid: {expected}"));
    }
    let long = format!("fieldManager={}", "m".repeat(129));
    let refusal = write_options(&query(&long), "UpdateOptions", caller()).expect_err("129 bytes are too long");
    let text = "UpdateOptions.meta.k8s.io \"\" is invalid: fieldManager: Too long: may not be more than 128 bytes";
    assert_eq!(refusal.message, text);
}

#[test]
fn write_options_are_read() {
    let text = "fieldManager=me&fieldValidation=Strict&dryRun=All";
    let options = write_options(&query(text), "CreateOptions", caller()).expect("all is well formed");
    assert_eq!(options.field_manager.as_deref(), Some("me"));
    assert_eq!((options.validation, options.dry_run, options.force), (Validation::Strict, true, None));
    let options = write_options(&Query::default(), "CreateOptions", caller()).expect("nothing is well formed");
    assert_eq!((options.field_manager, options.validation, options.dry_run), (None, Validation::Warn, false));
}

#[test]
fn apply_needs_a_manager_and_only_apply_may_be_forced() {
    let refusal = patch_options(&query(""), PatchKind::Apply, caller()).expect_err("apply without a manager");
    let text = "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch";
    assert_eq!(refusal.message, text);
    let refusal = patch_options(&query("force=false"), PatchKind::Merge, caller()).expect_err("a forced merge patch");
    let text = "PatchOptions.meta.k8s.io \"\" is invalid: force: Forbidden: may not be specified for non-apply patch";
    assert_eq!(refusal.message, text);
    let options = patch_options(&query("fieldManager=me&force"), PatchKind::Apply, caller()).expect("a forced apply");
    assert_eq!(options.force, Some(true));
}

#[test]
fn delete_options_come_from_the_query() {
    let text = "gracePeriodSeconds=0&propagationPolicy=Background&dryRun=All&uid=u";
    let options = delete_options(&query(text), caller()).expect("all is well formed");
    assert_eq!((options.grace_period_seconds, options.propagation_policy.as_deref()), (Some(0), Some("Background")));
    assert_eq!((options.dry_run, options.preconditions.uid.as_deref()), (true, Some("u")));
    assert!(delete_options(&query("dryRun=x"), caller()).is_err());
}

#[test]
fn a_user_agent_names_a_manager() {
    let table = [
        ("kubectl/v1.36.0 (linux/amd64)", "kubectl"),
        ("curl", "curl"),
        ("", "unknown"),
        ("/x", "unknown"),
        ("a\tb/1", "ab"),
    ];
    for (agent, expected) in table {
        assert_eq!(manager(agent), expected, "{agent}");
    }
    assert_eq!(manager(&"x".repeat(200)).len(), 128);
}

#[test]
fn tables_include_what_is_asked() {
    let table =
        [("", Include::Metadata), ("includeObject=Object", Include::Object), ("includeObject=None", Include::None)];
    for (text, expected) in table {
        assert_eq!(Include::from_query(&query(text)), Ok(expected), "{text}");
    }
    let refusal = Include::from_query(&query("includeObject=All")).expect_err("All is not known");
    let text = "Unable to convert to Table as requested: includeObject: Invalid value: \"All\": must be 'Metadata', \
                'Object', 'None', or empty";
    assert_eq!((refusal.code, refusal.message.as_str()), (400, text));
}
