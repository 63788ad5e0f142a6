//! The OpenAPI description of the pages that are not Kubernetes resources.

use utoipa::{OpenApi, openapi};

use super::{
    docs,
    health::{self, Endpoint},
    index, metrics, openapi_pages, openid, version,
};

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
    if let Some(described) = paths.get(&format!("/{}", Endpoint::Healthz.name())).cloned() {
        for endpoint in Endpoint::ALL {
            let mut item = described.clone();
            if let Some(get) = &mut item.get {
                get.operation_id = Some(endpoint.name().to_owned());
            }
            paths.insert(format!("/{}", endpoint.name()), item);
        }
    }
    pages.merge_from(openid::Described::openapi())
}
