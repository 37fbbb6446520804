//! Where exported data comes from.

use opentelemetry_proto::tonic::resource::v1::Resource;
use postrider_model::hex;

use crate::attributes::text;

/// This process, by the names of the semantic conventions
/// (<https://opentelemetry.io/docs/specs/semconv/resource/>). `instance` is random, `host` the machine's name
/// if it is known.
pub fn resource(instance: [u8; 16], host: Option<&str>) -> Resource {
    let mut attributes = vec![
        text("service.name", "postrider"),
        text("service.version", env!("CARGO_PKG_VERSION")),
        text("service.instance.id", hex::encode(&instance)),
    ];
    attributes.extend(host.map(|host| text("host.name", host)));
    Resource {
        attributes,
        ..Resource::default()
    }
}
