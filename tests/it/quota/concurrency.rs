//! Many writers at once never exceed a quota, and never get less than it allows.

use std::env;

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{limit, paused, refusal, used};
use crate::client::Client;

const WRITERS: usize = 64;

fn rounds() -> usize {
    env::var("KUBEDOUBLE_QUOTA_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(4)
}

async fn create(client: Client, kind: &str, name: String) -> u16 {
    client.post(&path(kind), &json!({"metadata": {"name": name}})).await.status
}

fn path(plural: &str) -> String {
    format!("/api/v1/namespaces/default/{plural}")
}

async fn count(client: &Client, prefix: &str) -> usize {
    let list = client.get(&path("configmaps")).await.expect(200).json();
    let names = list["items"].as_array().expect("items").iter().filter_map(|item| item["metadata"]["name"].as_str());
    names.filter(|name| name.starts_with(prefix)).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_together_never_exceed_a_quota() {
    let (_server, client) = paused().await;
    for round in 0..rounds() {
        let room = 1 + round * 7 % (WRITERS - 1);
        let quota = format!("q{round}");
        limit(&client, &quota, &json!({"hard": {"count/configmaps": room.to_string()}})).await;
        let creates = (0..WRITERS).map(|writer| create(client.clone(), "configmaps", format!("c{round}-{writer}")));
        let statuses = join_all(creates).await;
        assert_eq!(statuses.iter().filter(|status| **status == 201).count(), room, "{statuses:?}");
        assert_eq!(statuses.iter().filter(|status| **status == 403).count(), WRITERS - room);
        assert_eq!(count(&client, &format!("c{round}-")).await, room);
        assert_eq!(used(&client, &quota).await, json!({"count/configmaps": room.to_string()}));
        client.delete(&format!("{}/{quota}", super::QUOTAS)).await.expect(200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_written_is_not_charged() {
    let (_server, client) = paused().await;
    limit(&client, "q", &json!({"hard": {"count/configmaps": "60", "count/secrets": "5"}})).await;
    let writes = (0..WRITERS).map(|writer| {
        let (kind, name) =
            if writer % 2 == 0 { ("configmaps", "same".to_owned()) } else { ("secrets", format!("s{writer}")) };
        create(client.clone(), kind, name)
    });
    let statuses = join_all(writes).await;
    let with = |status: u16| statuses.iter().filter(|found| **found == status).count();
    // One ConfigMap of the name, the others exist already; five Secrets, no room for the others.
    assert_eq!((with(201), with(409), with(403)), (6, WRITERS / 2 - 1, WRITERS / 2 - 5));
    assert_eq!(used(&client, "q").await, json!({"count/configmaps": "1", "count/secrets": "5"}));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_quota_that_changes_meanwhile_is_checked_again() {
    let (_server, client) = paused().await;
    limit(&client, "q", &json!({"hard": {"count/configmaps": "64"}})).await;
    let lower = json!({"status": {"hard": {"count/configmaps": "8"}}});
    let creates = (0..WRITERS).map(|writer| create(client.clone(), "configmaps", format!("c{writer}")));
    let status = format!("{}/q/status", super::QUOTAS);
    let (statuses, _) = tokio::join!(join_all(creates), client.patch(&status, &lower));
    let made = statuses.iter().filter(|status| **status == 201).count();
    let used: Value = used(&client, "q").await;
    assert_eq!(used, json!({"count/configmaps": made.to_string()}));
    let status = client.get(&format!("{}/q", super::QUOTAS)).await.expect(200).json()["status"].clone();
    assert_eq!(status["hard"]["count/configmaps"], "8");
    if made >= 8 {
        refusal(&client, &path("configmaps"), &json!({"metadata": {"name": "more"}})).await;
    }
}
