//! The OpenAPI description of the pages that are not Kubernetes resources.

use std::iter;

use utoipa::{OpenApi, openapi};

use super::{docs, health, index, metrics, openapi_pages, openid, version};

/// The address of the description.
pub const PATH: &str = "/kubedouble/openapi.json";

#[derive(OpenApi)]
#[openapi(
    info(title = "kubedouble", description = "Pages beside the Kubernetes API", license(name = "Apache-2.0")),
    paths(
        index::paths,
        docs::docs,
        health::health,
        version::version,
        metrics::metrics,
        openapi_pages::v2,
        openapi_pages::v3,
        openapi_pages::v3_document
    ),
    components(schemas(version::Version))
)]
struct Pages;

/// The description. Other parts of the server add their pages to it.
pub fn description() -> openapi::OpenApi {
    let mut pages = Pages::openapi();
    let paths = &mut pages.paths.paths;
    // All health endpoints take the same parameters and return the same responses.
    let described = paths.get(&format!("/{}", health::Endpoint::Healthz.name())).cloned();
    for (endpoint, mut item) in health::Endpoint::ALL.into_iter().zip(iter::repeat(described).flatten()) {
        if let Some(get) = &mut item.get {
            get.operation_id = Some(endpoint.name().to_owned());
        }
        paths.insert(format!("/{}", endpoint.name()), item);
    }
    pages.merge_from(openid::Described::openapi())
}
