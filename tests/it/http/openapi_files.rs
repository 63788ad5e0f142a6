//! The documents under `openapi/` are what the server serves, without the descriptions of fields, which come from
//! elsewhere. `OPENAPI_REWRITE=1 cargo test --test it openapi_files` writes them anew.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::{client::Client, harness};

/// A value that fits into this many columns stands on one line.
const WIDTH: usize = 120;

#[tokio::test]
async fn openapi_files_are_what_the_server_serves() {
    let server = harness::start(&[]).await;
    let client = Client::new(server.url());
    let mut expected = BTreeMap::from([
        ("v2.json".to_owned(), client.get("/openapi/v2").await.expect(200).json()),
        ("kubedouble.json".to_owned(), client.get("/kubedouble/openapi.json").await.expect(200).json()),
    ]);
    let index = client.get("/openapi/v3").await.expect(200).json();
    for path in index["paths"].as_object().expect("an index").keys() {
        let document = client.get(&format!("/openapi/v3/{path}")).await.expect(200).json();
        expected.insert(format!("v3/{}.json", path.replace('/', "__")), document);
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi");
    let rewrite = std::env::var_os("OPENAPI_REWRITE").is_some();
    let known: Vec<PathBuf> = expected.keys().map(|name| folder.join(name)).collect();
    for (path, document) in known.iter().zip(expected.values_mut()) {
        drop_prose(document);
        let text = format!("{}\n", pretty(document, 0));
        if rewrite {
            fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("the folder can be made");
            fs::write(path, &text).expect("the file can be written");
        }
        let found = fs::read_to_string(path).unwrap_or_default();
        assert!(
            found == text,
            "{} is out of date: OPENAPI_REWRITE=1 cargo test --test it openapi_files",
            path.display()
        );
    }
    for path in [&folder, &folder.join("v3")].into_iter().flat_map(|folder| fs::read_dir(folder).expect("a folder")) {
        let path = path.expect("an entry").path();
        let is_ours = path.is_dir() || path.extension().is_none_or(|name| name != "json") || known.contains(&path);
        assert!(is_ours, "nothing serves {}", path.display());
    }
}

#[test]
fn short_values_stand_on_one_line() {
    let text = r#"{"a": [1, "b"], "c": {}}"#;
    assert_eq!(pretty(&serde_json::from_str(text).expect("JSON"), 0), text);
    let long = serde_json::json!({"a": ["x".repeat(70), "y".repeat(70)]});
    let lines: Vec<_> =
        pretty(&long, 0).lines().map(|line| line.trim_end_matches(['x', 'y', '"', ',']).len()).collect();
    assert_eq!(lines, [1, 8, 4, 4, 3, 1]);
}

/// Removes the descriptions of schemas. What else is described is described in our own words.
fn drop_prose(document: &mut Value) {
    for schemas in ["/definitions", "/components/schemas"] {
        let schemas = document.pointer_mut(schemas).and_then(Value::as_object_mut);
        for (_, schema) in schemas.into_iter().flatten().filter(|(name, _)| name.starts_with("io.k8s.")) {
            let fields = schema.get_mut("properties").and_then(Value::as_object_mut);
            fields.into_iter().flat_map(|fields| fields.values_mut()).for_each(drop_description);
            drop_description(schema);
        }
    }
}

fn drop_description(schema: &mut Value) {
    schema.as_object_mut().map(|members| members.shift_remove("description"));
}

/// JSON with as few lines as fit.
fn pretty(value: &Value, indent: usize) -> String {
    let line = inline(value);
    if indent + line.len() < WIDTH {
        return line;
    }
    let pad = " ".repeat(indent + 2);
    let close = " ".repeat(indent);
    match value {
        Value::Object(members) => {
            let member = |(name, value): (&String, &Value)| {
                let name = Value::from(name.as_str());
                format!("{pad}{name}: {}", pretty(value, indent + 2))
            };
            format!("{{\n{}\n{close}}}", members.iter().map(member).collect::<Vec<_>>().join(",\n"))
        }
        Value::Array(items) => {
            let item = |value: &Value| format!("{pad}{}", pretty(value, indent + 2));
            format!("[\n{}\n{close}]", items.iter().map(item).collect::<Vec<_>>().join(",\n"))
        }
        scalar => scalar.to_string(),
    }
}

fn inline(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let member =
                |(name, value): (&String, &Value)| format!("{}: {}", Value::from(name.as_str()), inline(value));
            format!("{{{}}}", members.iter().map(member).collect::<Vec<_>>().join(", "))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(inline).collect::<Vec<_>>().join(", ")),
        scalar => scalar.to_string(),
    }
}
